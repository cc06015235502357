// Fuzzes what is answered to strangers (ice/binding_responder).
//
// The input is a script of datagrams from a few addresses, once or many times each: arbitrary
// bytes, Binding requests with arbitrary attributes, with a fingerprint or without, whole or
// damaged; and of time and polling. Whatever it says, no address is sent more bytes than came from
// it, nobody is told the address of somebody else, and there are only so many answers a second.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <vector>

#include "base/check.h"
#include "ice/binding_responder.h"
#include "ice/stun_integrity.h"
#include "ice/stun_message.h"
#include "tests/support/stun_bytes.h"

namespace sluice {
namespace {

using Bytes = std::vector<uint8_t>;
using ice::BindingResponder;

IpAddress AddressOf(uint8_t number) {
  if (number % 2 == 0) return IpAddress::V4(192, 0, 2, number);
  std::array<uint8_t, 16> bytes = {0x20, 0x01, 0x0d, 0xb8};
  bytes[15] = number;
  return IpAddress::V6(bytes);
}

class StrangersScript {
 public:
  explicit StrangersScript(ByteView script) : in_(script) {}

  void Run() {
    while (!in_.empty()) Step();
    Drain();
    const int64_t seconds = 1 + (now_ - kStart) / std::chrono::seconds(1);
    // Seconds are counted from whichever request comes first, so two of them can meet.
    SLUICE_CHECK(answers_ <=
                 static_cast<uint64_t>(seconds + 1) * BindingResponder::kAnswersPerSecond);
  }

 private:
  static constexpr Timestamp kStart{std::chrono::seconds(1000)};

  void Step() {
    switch (in_.U8() % 6) {
      case 0:
        now_ += std::chrono::milliseconds(in_.U16());
        break;
      case 1:
        Drain();
        break;
      case 2:
        Deliver(Taken(in_.U8()), 1);
        break;
      case 3:
        Deliver(Damaged(Request()), 1);
        break;
      default:
        Deliver(Request(), 1u + in_.U8());
        break;
    }
  }

  Bytes Taken(size_t size) {
    const ByteView taken = in_.Bytes(std::min(size, in_.remaining()));
    return {taken.begin(), taken.end()};
  }

  Bytes Request() {
    const uint8_t flags = in_.U8();
    ice::StunMessage request;
    request.transaction[0] = in_.U8();
    if (flags & 1) request.username = "ours:theirs";
    std::vector<test::RawAttribute> extra;
    if (flags & 2) {
      const uint16_t type = in_.U16();
      extra.push_back({type, Taken(in_.U8())});
    }
    Bytes bytes = test::StunBytes(request, extra);
    if (flags & 4) return test::Sealed(std::move(bytes), "password");
    return flags & 8 ? test::Fingerprinted(std::move(bytes)) : bytes;
  }

  Bytes Damaged(Bytes bytes) {
    const size_t at = in_.U8() % bytes.size();
    bytes[at] = in_.U8();
    if (in_.U8() % 4 == 0) bytes.resize(at);
    return bytes;
  }

  void Deliver(const Bytes& bytes, size_t times) {
    const uint8_t who = in_.U8() % 8;
    const Path path{SocketId(1), {AddressOf(who), in_.U16(), TransportProtocol::kUdp}};
    for (size_t i = 0; i < times; ++i) {
      const uint64_t requests = responder_.counters().requests;
      const bool ours = responder_.Receive(now_, {path, bytes});
      // Each that is ours is counted, and none else.
      SLUICE_CHECK(responder_.counters().requests == requests + (ours ? 1 : 0));
      balance_[path.remote.address] += bytes.size();
    }
  }

  void Drain() {
    std::array<uint8_t, 1500> out{};
    while (const Transmit transmit = responder_.PollTransmit(out)) {
      ++answers_;
      const auto answer = ice::StunMessage::Parse(ByteView(out).first(transmit.size));
      SLUICE_CHECK(answer && answer->is_binding(ice::StunClass::kSuccess));
      SLUICE_CHECK(answer->mapped == transmit.path.remote);
      SLUICE_CHECK(!answer->fingerprint_at || ice::HasFingerprint(*answer));
      SLUICE_CHECK(!answer->username && !answer->integrity_at);
      size_t& balance = balance_[transmit.path.remote.address];
      SLUICE_CHECK(transmit.size <= balance);
      balance -= transmit.size;
    }
    SLUICE_CHECK(responder_.empty());
    const BindingResponder::Counters& counters = responder_.counters();
    SLUICE_CHECK(counters.answers == answers_);
    SLUICE_CHECK(counters.requests ==
                 counters.answers + counters.short_of_credit + counters.over_limit);
  }

  ByteReader in_;
  Timestamp now_ = kStart;
  BindingResponder responder_{7};
  // What came from an address and has not been sent there.
  std::map<IpAddress, size_t> balance_;
  uint64_t answers_ = 0;
};

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::StrangersScript(sluice::ByteView(data, size)).Run();
  return 0;
}
