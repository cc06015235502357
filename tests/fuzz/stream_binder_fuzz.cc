// Fuzzes who a packet is given to (rtp/receive/stream_binder).
//
// The input is a script: streams are added, removed and withdrawn, and packets come under any SSRC,
// with names, with some of them or with none. Whatever it says, tables stay within their bounds, a
// packet goes to a stream that is there, that takes its payload type, and that nothing in the
// packet contradicts; and a packet without names goes to no section but the one that its SSRC was
// last known to belong to.

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/packet_pool.h"
#include "rtp/packet/extension_map.h"
#include "rtp/receive/stream_binder.h"
#include "tests/support/packet_builders.h"

namespace sluice::rtp {
namespace {

using Description = StreamBinder::Description;

constexpr uint8_t kMediaType = 96;
constexpr uint8_t kRtxType = 97;
constexpr uint8_t kMidId = 1;
constexpr uint8_t kRidId = 2;
constexpr uint8_t kRepairedRidId = 3;

class BinderScript {
 public:
  explicit BinderScript(ByteView script) : in_(script) {
    map_.Add(kMidId, Extension::kMid);
    map_.Add(kRidId, Extension::kRid);
    map_.Add(kRepairedRidId, Extension::kRepairedRid);
  }

  void Run() {
    while (!in_.empty()) Step();
  }

 private:
  using Place = std::pair<std::string, std::string>;

  void Step() {
    const uint8_t what = in_.U8();
    switch (what % 8) {
      case 0:
      case 1:
        Add();
        break;
      case 2:
        Remove(true);
        break;
      case 3:
        Remove(false);
        break;
      case 4:
        CheckForgotten();
        break;
      default:
        Receive();
        break;
    }
    SLUICE_CHECK(binder_.learnt() <= StreamBinder::kMaxLearnt);
    SLUICE_CHECK(binder_.ended().size() <= EndedStreams::kMax);
  }

  // Few names and SSRCs, so that they meet, but more than any table takes.
  static constexpr uint8_t kSsrcs = 128;
  static_assert(kSsrcs > EndedStreams::kMax && kSsrcs > StreamBinder::kMaxLearnt);
  static std::string NameFrom(uint8_t bits) {
    static constexpr const char* kNames[] = {"", "a", "b", "sixteen-letters!"};
    return kNames[bits & 3];
  }
  std::optional<Ssrc> MaybeSsrc() {
    const uint8_t number = in_.U8();
    return number < 128 ? std::nullopt : std::optional(Ssrc(number % kSsrcs));
  }

  void Add() {
    Description description;
    const uint8_t names = in_.U8();
    description.mid = NameFrom(names);
    description.rid = NameFrom(names >> 2);
    if (names & 0x80) description.group = names >> 6;
    description.ssrc = MaybeSsrc();
    description.rtx_ssrc = MaybeSsrc();
    description.payload_types.set(kMediaType);
    description.rtx_payload_types.set(kRtxType);
    const StreamIndex index(next_++);
    if (!binder_.Add(index, description)) streams_.emplace(index, description);
  }

  void Remove(bool ended) {
    if (streams_.empty()) return;
    const auto stream = std::next(streams_.begin(), in_.U8() % streams_.size());
    if (ended) {
      const Description& description = stream->second;
      for (const std::optional<Ssrc>& ssrc : {description.ssrc, description.rtx_ssrc}) {
        if (ssrc) places_[*ssrc] = {description.mid, description.rid};
      }
      binder_.Remove(stream->first);
    } else {
      binder_.Withdraw(stream->first);
    }
    streams_.erase(stream);
  }

  // Of what is forgotten nothing may be in use.
  void CheckForgotten() {
    for (Ssrc ssrc : binder_.TakeForgotten()) {
      SLUICE_CHECK(!IsDeclared(ssrc));
      const auto bound = binder_.Bind(Packet(ssrc, kMediaType, 0).Build(pool_, map_));
      SLUICE_CHECK(std::holds_alternative<DropReason>(bound));
    }
  }

  bool IsDeclared(Ssrc ssrc) const {
    return std::ranges::any_of(streams_, [&](const auto& stream) {
      return stream.second.ssrc == ssrc || stream.second.rtx_ssrc == ssrc;
    });
  }

  static test::RtpPacketBuilder Packet(Ssrc ssrc, uint8_t payload_type, uint8_t names) {
    test::RtpPacketBuilder packet;
    packet.WithSsrc(ssrc.value()).WithPayloadType(payload_type);
    if (names & 3) packet.WithTextExtension(kMidId, NameFrom(names));
    const uint8_t rid_id = names & 0x10 ? kRepairedRidId : kRidId;
    if (names & 0xc) packet.WithTextExtension(rid_id, NameFrom(names >> 2));
    return packet;
  }

  void Receive() {
    const Ssrc ssrc(in_.U8() % kSsrcs);
    const uint8_t names = in_.U8();
    const uint8_t payload_type = names & 0x20 ? kRtxType : kMediaType;
    const auto bound = binder_.Bind(Packet(ssrc, payload_type, names).Build(pool_, map_));
    if (!std::holds_alternative<StreamBinder::Binding>(bound)) return;
    const auto& binding = std::get<StreamBinder::Binding>(bound);
    SLUICE_CHECK(binding.rtx == (payload_type == kRtxType));
    const auto stream = streams_.find(binding.stream);
    SLUICE_CHECK(stream != streams_.end());
    const Description& description = stream->second;
    if (IsDeclared(ssrc)) {
      SLUICE_CHECK((binding.rtx ? description.rtx_ssrc : description.ssrc) == ssrc);
      return;
    }
    const std::string mid = NameFrom(names);
    const std::string rid = NameFrom(names >> 2);
    if (mid.empty() && rid.empty()) {
      SLUICE_CHECK(places_.contains(ssrc));
      SLUICE_CHECK(places_[ssrc] == Place(description.mid, description.rid));
    }
    SLUICE_CHECK(mid.empty() || description.mid.empty() || description.mid == mid);
    SLUICE_CHECK(rid.empty() || description.rid.empty() || description.rid == rid);
    places_[ssrc] = {description.mid, description.rid};
  }

  ByteReader in_;
  PacketPool pool_;
  ExtensionMap map_;
  StreamBinder binder_;
  uint32_t next_ = 0;
  std::map<StreamIndex, Description> streams_;
  // Where each SSRC was last known to belong.
  std::map<Ssrc, Place> places_;
};

}  // namespace
}  // namespace sluice::rtp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::rtp::BinderScript(sluice::ByteView(data, size)).Run();
  return 0;
}
