#include "tests/support/sim_control.h"

#include "base/check.h"

namespace sluice::test {

SimControl::Answer SimControl::Ask(Timestamp now, const schema::RequestT& request) {
  flatbuffers::FlatBufferBuilder builder;
  const control::FrameBytes frame = control::EncodeRequest(builder, request);
  Answer answer = AskRaw(now, frame);
  SLUICE_CHECK(answer.id == request.id);
  return answer;
}

SimControl::Answer SimControl::AskRaw(Timestamp now, ByteView frame) {
  Drain();
  engine_.HandleFrame(now, frame);
  Answer answer;
  int answers = 0;
  for (ByteView message = engine_.PollMessage(); !message.empty();
       message = engine_.PollMessage()) {
    if (Read(message, answer)) ++answers;
  }
  SLUICE_CHECK(answers == 1);
  return answer;
}

void SimControl::Drain() {
  Answer unexpected;
  for (ByteView message = engine_.PollMessage(); !message.empty();
       message = engine_.PollMessage()) {
    // Nobody asked.
    SLUICE_CHECK(!Read(message, unexpected));
  }
}

bool SimControl::Read(ByteView bytes, Answer& answer) {
  flatbuffers::Verifier verifier(bytes.data(), bytes.size());
  SLUICE_CHECK(schema::VerifyMessageBuffer(verifier));
  const schema::Message& message = *schema::GetMessage(bytes.data());
  if (const schema::Response* response = message.body_as_Response()) {
    schema::ResponseT unpacked;
    response->UnPackTo(&unpacked);
    answer = {unpacked.id, unpacked.code, std::move(unpacked.message), std::move(unpacked.body)};
    return true;
  }
  const schema::Notification* notification = message.body_as_Notification();
  SLUICE_CHECK(notification != nullptr);
  notification->UnPackTo(&news_.emplace_back());
  return false;
}

std::vector<std::string> SimControl::IceStates(std::string_view target) const {
  std::vector<std::string> states;
  for (const schema::NotificationT& news : news_) {
    const auto* change = news.body.AsIceStateChange();
    if (change != nullptr && news.target == target) states.push_back(change->state);
  }
  return states;
}

std::vector<std::string> SimControl::DtlsStates(std::string_view target) const {
  std::vector<std::string> states;
  for (const schema::NotificationT& news : news_) {
    const auto* change = news.body.AsDtlsStateChange();
    if (change != nullptr && news.target == target) states.push_back(change->state);
  }
  return states;
}

size_t SimControl::Count(std::string_view target, schema::NotificationBody what) const {
  size_t count = 0;
  for (const schema::NotificationT& news : news_) {
    if (news.target == target && news.body.type == what) ++count;
  }
  return count;
}

uint64_t CountOf(const std::vector<std::unique_ptr<schema::DropCountT>>& drops, DropReason reason) {
  uint64_t count = 0;
  for (const auto& drop : drops) {
    if (drop->reason == DropReasonName(reason)) count += drop->packets;
  }
  return count;
}

}  // namespace sluice::test
