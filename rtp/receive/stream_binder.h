// Whose packet is this? Finds the stream that an incoming packet belongs to, by what was signalled
// about it (RFC 8843 §9.2, RFC 8852 §4).
//
// Signalled SSRCs are taken at their word. Others are learnt from a packet that names its stream by
// MID and RID, because a browser writes those names only into the first packets; later packets are
// known by their SSRC alone. A stream that names neither SSRC nor MID nor RID cannot be found:
// payload types alone are shared by all streams of a browser and tell nothing.
//
// What a stream was known by outlives it (EndedStreams): another one that is described by the same
// MID and RID, and by no SSRC, has it back as soon as a packet comes.
//
// The tables belong to one transport, so nobody can claim the stream of somebody else.

#ifndef SLUICE_RTP_RECEIVE_STREAM_BINDER_H_
#define SLUICE_RTP_RECEIVE_STREAM_BINDER_H_

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "base/drop_reason.h"
#include "base/ids.h"
#include "rtp/packet/rtp_packet.h"
#include "rtp/receive/ended_streams.h"

namespace sluice::rtp {

// The owner's number for a stream; the binder only hands it back.
using StreamIndex = StrongId<struct StreamIndexTag, uint32_t>;

class StreamBinder {
 public:
  // Learnt SSRCs of a transport, and of one stream. A stream has two at a time, and two more while
  // its encoder restarts; one that changes them without end displaces its own older ones.
  static constexpr size_t kMaxLearnt = 64;
  static constexpr size_t kMaxLearntPerStream = 8;

  using PayloadTypes = std::bitset<128>;

  // What was signalled. An absent SSRC and an empty name mean that it was not said.
  struct Description {
    // Streams of one producer say the same number here. They may share a MID without having RIDs if
    // their SSRCs are signalled; for streams of different producers that is a collision.
    std::optional<uint32_t> group;
    std::string mid;
    std::string rid;
    std::optional<Ssrc> ssrc;
    std::optional<Ssrc> rtx_ssrc;
    PayloadTypes payload_types;
    PayloadTypes rtx_payload_types;
  };

  // The field of a description that another stream of the transport has already.
  enum class Collision : uint8_t { kSsrc, kRtxSsrc, kMid, kRid };

  struct Binding {
    StreamIndex stream;
    bool rtx = false;

    bool operator==(const Binding&) const = default;
  };

  // Nullopt means added. Nothing changes if there is a collision, nor if nothing in the description
  // could ever identify a packet (then kMid).
  std::optional<Collision> Add(StreamIndex stream, const Description& description);
  // Its SSRCs are remembered.
  void Remove(StreamIndex stream);
  // Takes back an Add() of several that cannot all be: nothing of it is remembered, and learnt
  // SSRCs that it had signalled are again those of the streams that had them.
  void Withdraw(StreamIndex stream);

  // kRtpUnknownStream, kRtpUnknownPayload or kTooManyStreams if the packet cannot be given away.
  std::variant<Binding, DropReason> Bind(const RtpPacket& packet);

  size_t learnt() const { return learnt_; }
  const EndedStreams& ended() const { return ended_; }
  // SSRCs of which nothing is known any more since the last call; those of living streams are not
  // among them.
  std::vector<Ssrc> TakeForgotten();

 private:
  struct Stream {
    StreamIndex index;
    Description description;
  };
  struct Entry {
    size_t position = 0;  // in streams_
    bool rtx = false;
    bool declared = false;
    uint64_t learnt_at = 0;  // in the order of learning
  };
  // The SSRCs of a stream, in the order in which they were learnt; first what was signalled.
  using OwnEntries = absl::InlinedVector<std::pair<Ssrc, Entry>, kMaxLearntPerStream + 2>;
  // What a packet says of itself; empty where it says nothing.
  struct Names {
    std::string_view mid;
    std::string_view rid;
    bool repaired = false;  // the RID is that of the stream which this one repairs

    bool empty() const { return mid.empty() && rid.empty(); }
  };

  static Names NamesOf(const RtpPacket& packet);
  // How precisely `names` mean this stream; zero: not at all.
  static int Precision(const Description& description, const Names& names);
  static bool ShareNames(const Description& one, const Description& other);
  std::optional<Collision> FindCollision(const Description& description) const;
  bool IsDeclared(Ssrc ssrc) const;
  void Declare(Ssrc ssrc, size_t position, bool rtx);
  std::optional<size_t> PositionOf(StreamIndex stream) const;
  OwnEntries EntriesOf(size_t position) const;
  void Erase(size_t position, const OwnEntries& entries);

  std::variant<Binding, DropReason> Learn(const RtpPacket& packet, const Names& names);
  std::variant<Binding, DropReason> Recall(const RtpPacket& packet, const Names& names);
  std::optional<size_t> FindByPlace(const EndedStreams::Place& place) const;
  std::variant<Binding, DropReason> Assign(const RtpPacket& packet, size_t position, bool rtx);
  std::optional<size_t> FindByNames(const Names& names) const;
  bool MakeRoomFor(size_t position);
  std::variant<Binding, DropReason> BindingFor(const RtpPacket& packet, size_t position,
                                               bool rtx) const;

  std::vector<Stream> streams_;
  absl::flat_hash_map<Ssrc, Entry> by_ssrc_;
  size_t learnt_ = 0;
  uint64_t learning_ = 0;
  EndedStreams ended_;
};

// "ssrc", "rtxSsrc", "mid" or "rid": the name of the field in the control API.
std::string_view CollisionName(StreamBinder::Collision collision);

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RECEIVE_STREAM_BINDER_H_
