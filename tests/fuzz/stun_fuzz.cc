// Fuzzes everything of ice/ that reads bytes.
//
// Odd inputs go to the parsers as they are. Even ones are a script for a lite agent: a mixture of
// authentic checks with arbitrary attributes, the same with arbitrary damage, time, restarts and a
// close, so that the fuzzer gets past the seals it could never guess.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/check.h"
#include "ice/credentials.h"
#include "ice/lite_agent.h"
#include "ice/stun_integrity.h"
#include "ice/stun_message.h"
#include "tests/support/stun_bytes.h"

namespace sluice {
namespace {

using ice::LiteAgent;

const ice::Credentials kOld = {"localUfrag000000", "passwordpasswordpasswordpassword"};
const ice::Credentials kNew = {"freshUfrag111111", "freshfreshfreshfreshfreshfreshfr"};

// What was read reads the same after it has been written.
void CheckRoundTrip(const ice::StunMessage& read) {
  std::array<uint8_t, 2048> buffer{};
  ByteWriter out(buffer);
  read.WriteTo(out);
  SLUICE_CHECK(out.ok());
  const auto again = ice::StunMessage::Parse(out.written());
  SLUICE_CHECK(again.has_value());
  SLUICE_CHECK(again->transaction == read.transaction && again->method == read.method);
  SLUICE_CHECK(again->message_class == read.message_class && again->username == read.username);
  SLUICE_CHECK(again->priority == read.priority && again->nomination == read.nomination);
  SLUICE_CHECK(again->use_candidate == read.use_candidate && again->mapped == read.mapped);
  SLUICE_CHECK(again->controlling == read.controlling && again->controlled == read.controlled);
  SLUICE_CHECK(again->error_code == read.error_code);
}

void FuzzParsers(ByteView bytes) {
  const bool looks = ice::LooksLikeStun(bytes);
  const auto peeked = ice::PeekLocalUfrag(bytes);
  const auto message = ice::StunMessage::Parse(bytes);
  ice::SplitUsername(AsText(bytes));
  SLUICE_CHECK(looks || (!peeked && !message));
  if (!message) return;
  ice::HasFingerprint(*message);
  ice::HasIntegrity(*message, kOld.password);
  CheckRoundTrip(*message);
}

// An agent under a script, and what must hold after each step of it.
class AgentScript {
 public:
  explicit AgentScript(ByteView script) : in_(script) {}

  void Run() {
    while (!in_.empty()) {
      Step();
      Drain();
      CheckInvariants();
    }
  }

 private:
  void Step() {
    switch (in_.U8() % 8) {
      case 0:
        agent_.HandleTimeout(now_ += std::chrono::milliseconds(in_.U16()));
        break;
      case 1:
        agent_.Restart(in_.U8() % 2 == 0 ? kNew : kOld);
        break;
      case 2:
        // Rare, or scripts would seldom be long.
        if (in_.U8() == 0xff) agent_.Close();
        break;
      case 3:
        Deliver(in_.Bytes(std::min<size_t>(in_.U8(), in_.remaining())));
        break;
      case 4:
        Deliver(Damaged(Request()));
        break;
      default:
        Deliver(Request());
        break;
    }
  }

  std::vector<uint8_t> Request() {
    const uint8_t flags = in_.U8();
    const ice::Credentials& named = flags & 1 ? kNew : kOld;
    const std::string username = named.ufrag + (flags & 2 ? ":a" : ":peer");
    ice::StunMessage request;
    request.transaction[0] = in_.U8();
    request.username = username;
    request.use_candidate = flags & 4;
    if (flags & 8) request.nomination = in_.U8();
    if (flags & 16) request.controlled = 1;
    std::vector<test::RawAttribute> extra;
    if (flags & 32) {
      const uint16_t type = in_.U16();
      const ByteView value = in_.Bytes(std::min<size_t>(in_.U8(), in_.remaining()));
      extra.push_back({type, {value.begin(), value.end()}});
    }
    const ice::Credentials& key = flags & 64 ? kNew : kOld;
    return test::Sealed(test::StunBytes(request, extra), key.password);
  }

  std::vector<uint8_t> Damaged(std::vector<uint8_t> bytes) {
    const size_t at = in_.U8() % bytes.size();
    bytes[at] = in_.U8();
    if (in_.U8() % 4 == 0) bytes.resize(at);
    return bytes;
  }

  void Deliver(ByteView bytes) {
    Path path;
    path.socket = SocketId(in_.U8() % 2);
    path.remote.port = in_.U8() % 16;
    const uint64_t drops = agent_.drops().total();
    const uint64_t requests = agent_.counters().requests;
    received_ = bytes.size();
    agent_.Receive(now_, {path, bytes});
    // Every datagram ends in exactly one of the two.
    SLUICE_CHECK(agent_.drops().total() + agent_.counters().requests == drops + requests + 1);
  }

  void Drain() {
    std::array<uint8_t, 1500> out{};
    size_t sent = 0;
    while (const Transmit transmit = agent_.PollTransmit(now_, out)) {
      const auto answer = ice::StunMessage::Parse(ByteView(out).first(transmit.size));
      SLUICE_CHECK(answer.has_value() && ice::HasFingerprint(*answer));
      SLUICE_CHECK(ice::HasIntegrity(*answer, kOld.password) ||
                   ice::HasIntegrity(*answer, kNew.password));
      sent += transmit.size;
    }
    SLUICE_CHECK(sent <= received_);
    received_ = 0;
    while (const auto event = agent_.PollEvent()) Follow(*event);
  }

  // Keeps the picture that an owner would have, from events alone.
  void Follow(const LiteAgent::Event& event) {
    SLUICE_CHECK(state_ != ice::State::kClosed);
    if (const auto* changed = std::get_if<LiteAgent::StateChanged>(&event)) {
      SLUICE_CHECK(changed->state != state_);
      state_ = changed->state;
    } else if (const auto* validated = std::get_if<LiteAgent::PathValidated>(&event)) {
      SLUICE_CHECK(std::ranges::find(paths_, validated->path) == paths_.end());
      paths_.push_back(validated->path);
    } else if (const auto* selected = std::get_if<LiteAgent::PathSelected>(&event)) {
      SLUICE_CHECK(std::ranges::find(paths_, selected->path) != paths_.end());
      selected_ = selected->path;
    } else {
      const Path& removed = std::get<LiteAgent::PathRemoved>(event).path;
      SLUICE_CHECK(std::erase(paths_, removed) == 1);
      if (selected_ == removed) selected_.reset();
    }
  }

  void CheckInvariants() const {
    SLUICE_CHECK(agent_.state() == state_);
    SLUICE_CHECK(agent_.selected() == selected_);
    SLUICE_CHECK(agent_.path_count() == paths_.size() && paths_.size() <= LiteAgent::kMaxPaths);
    for (const Path& path : paths_) SLUICE_CHECK(agent_.IsValidated(path));
    const bool active = state_ == ice::State::kConnected || state_ == ice::State::kCompleted;
    SLUICE_CHECK(active == selected_.has_value());
    SLUICE_CHECK(agent_.NextTimeout().has_value() == !paths_.empty());
    // The script keeps its timer, so what is due has been done.
    SLUICE_CHECK(!agent_.NextTimeout() || *agent_.NextTimeout() > now_);
  }

  ByteReader in_;
  Timestamp now_{std::chrono::seconds(1)};
  LiteAgent agent_{kOld, {}};
  size_t received_ = 0;
  ice::State state_ = ice::State::kNew;
  std::vector<Path> paths_;
  std::optional<Path> selected_;
};

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const sluice::ByteView input(data, size);
  if (input.empty()) return 0;
  if (input[0] & 1) {
    sluice::FuzzParsers(input.subspan(1));
  } else {
    sluice::AgentScript(input.subspan(1)).Run();
  }
  return 0;
}
