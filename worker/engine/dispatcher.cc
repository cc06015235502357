#include "worker/engine/dispatcher.h"

#include <array>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "control-api/method_names.h"

namespace sluice::worker {

void Dispatcher::HandleFrame(Timestamp now, ByteView frame) {
  ++workspace_.requests;
  const control::DecodedRequest decoded = control::Decode(frame);
  absl::Status refusal = decoded.request.status();
  if (refusal.ok()) {
    const schema::RequestT& request = **decoded.request;
    const Entry entry = EntryFor(request.body.type);
    Result result = entry == nullptr ? Result(absl::UnimplementedError("body: unknown method"))
                                     : (this->*entry)(now, request);
    if (result.ok()) {
      workspace_.outbox.Accept(decoded.id, *result);
      workspace_.Debug(now, LogTag::Info, control::MethodName(request.body.type), " of '",
                       request.target, "': done");
      return;
    }
    refusal = result.status();
  }
  ++workspace_.requests_refused;
  workspace_.Warn(now, LogTag::Info, "request ", decoded.id,
                  " was refused: ", std::string(refusal.message()));
  workspace_.outbox.Refuse(decoded.id, refusal);
}

Dispatcher::Entry Dispatcher::EntryFor(schema::RequestBody method) {
  using Method = schema::RequestBody;
  static constexpr std::pair<Method, Entry> kEntries[] = {
      {Method::GetWorkerStats, &Dispatcher::GetWorkerStats},
      {Method::GetResourceUsage, &Dispatcher::GetResourceUsage},
      {Method::UpdateSettings, &Dispatcher::UpdateSettings},
      {Method::CreateRouter, &Dispatcher::CreateRouter},
      {Method::CreateWebRtcServer, &Dispatcher::CreateWebRtcServer},
      {Method::Close, &Dispatcher::Close},
      {Method::Dump, &Dispatcher::Dump},
      {Method::CreateWebRtcTransport, &Dispatcher::CreateWebRtcTransport},
      {Method::ConnectWebRtcTransport, &Dispatcher::ConnectWebRtcTransport},
      {Method::RestartIce, &Dispatcher::RestartIce},
      {Method::GetStats, &Dispatcher::GetStats},
      {Method::SetMaxIncomingBitrate, &Dispatcher::SetMaxIncomingBitrate},
      {Method::CreatePlainTransport, &Dispatcher::CreatePlainTransport},
      {Method::CreatePipeTransport, &Dispatcher::CreatePipeTransport},
      {Method::ConnectPlainTransport, &Dispatcher::ConnectPlainTransport},
      {Method::CreateDirectTransport, &Dispatcher::CreateDirectTransport},
      {Method::SendRtp, &Dispatcher::SendRtp},
      {Method::SendRtcp, &Dispatcher::SendRtcp},
      {Method::Produce, &Dispatcher::Produce},
      {Method::Consume, &Dispatcher::Consume},
      {Method::Pause, &Dispatcher::Pause},
      {Method::Resume, &Dispatcher::Resume},
      {Method::RequestKeyFrame, &Dispatcher::RequestKeyFrame},
      {Method::SetPreferredLayers, &Dispatcher::SetPreferredLayers},
      {Method::SetPriority, &Dispatcher::SetPriority},
      {Method::SetMaxOutgoingBitrate, &Dispatcher::SetMaxOutgoingBitrate},
      {Method::SetMinOutgoingBitrate, &Dispatcher::SetMinOutgoingBitrate},
      {Method::EnableTraceEvents, &Dispatcher::EnableTraceEvents},
      {Method::CreateAudioLevelObserver, &Dispatcher::CreateAudioLevelObserver},
      {Method::CreateActiveSpeakerObserver, &Dispatcher::CreateActiveSpeakerObserver},
      {Method::AddProducer, &Dispatcher::AddProducer},
      {Method::RemoveProducer, &Dispatcher::RemoveProducer},
      {Method::ProduceData, &Dispatcher::ProduceData},
      {Method::ConsumeData, &Dispatcher::ConsumeData},
      {Method::SendData, &Dispatcher::SendData},
      {Method::GetBufferedAmount, &Dispatcher::GetBufferedAmount},
      {Method::SetBufferedAmountLowThreshold, &Dispatcher::SetBufferedAmountLowThreshold},
      {Method::SetSubchannels, &Dispatcher::SetSubchannels},
      {Method::AddSubchannel, &Dispatcher::AddSubchannel},
      {Method::RemoveSubchannel, &Dispatcher::RemoveSubchannel},
  };
  for (const auto& [name, entry] : kEntries) {
    if (name == method) return entry;
  }
  return nullptr;
}

absl::Status Dispatcher::CheckNewId(const std::string& id, absl::string_view field) const {
  if (id.empty()) return absl::InvalidArgumentError(absl::StrCat(field, ": empty"));
  if (workspace_.names.contains(id)) {
    return absl::AlreadyExistsError(
        absl::StrCat(field, ": '", absl::CHexEscape(id), "' is in use"));
  }
  return absl::OkStatus();
}

const ObjectRef* Dispatcher::Find(const std::string& id) const {
  const auto found = workspace_.names.find(id);
  return found == workspace_.names.end() ? nullptr : &found->second;
}

absl::Status Dispatcher::NoSuchTarget(const schema::RequestT& request) {
  return absl::NotFoundError(absl::StrCat("target: there is no '", absl::CHexEscape(request.target),
                                          "' that can ",
                                          std::string(control::MethodName(request.body.type))));
}

}  // namespace sluice::worker
