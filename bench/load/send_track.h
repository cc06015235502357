// One track that a client sends: numbers its packets, writes them in clear, and remembers the last
// of them for those who check what arrives.

#ifndef SLUICE_BENCH_LOAD_SEND_TRACK_H_
#define SLUICE_BENCH_LOAD_SEND_TRACK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "bench/load/payload.h"
#include "bench/load/source.h"
#include "rtp/codec/descriptor.h"
#include "rtp/rtcp/sender_report.h"

namespace sluice::load {

// Header extensions of what clients send (RFC 8285), the same for all servers.
inline constexpr uint8_t kAudioLevelId = 1;
inline constexpr uint8_t kAbsSendTimeId = 2;
inline constexpr uint8_t kTransportSequenceId = 3;
inline constexpr uint8_t kMidId = 4;
inline constexpr uint8_t kRidId = 10;
inline constexpr uint8_t kDependencyId = 13;

struct CodecNumbers {
  std::string_view name;  // "vp8"
  rtp::codec::Kind kind;
  uint8_t payload_type;
  uint8_t rtx_payload_type;  // 0 if there is none
  uint32_t clock_rate;
};
// Of opus, vp8, vp9, h264 and av1; the same for all servers.
const CodecNumbers& NumbersOf(rtp::codec::Kind codec);

struct TrackDescription {
  rtp::codec::Kind codec = rtp::codec::Kind::kVp8;
  std::string mid;
  // One for each encoding, lowest resolution first.
  std::vector<uint32_t> ssrcs;
  // As many, or none.
  std::vector<uint32_t> rtx_ssrcs;
  bool svc = false;

  bool video() const { return codec != rtp::codec::Kind::kOpus; }
};

// "r0", "r1", "r2".
std::string RidOf(size_t encoding);

class SendTrack {
 public:
  // What is remembered: at 2,000 packets a second, two seconds.
  static constexpr size_t kRemembered = 4'096;

  // `number` is what the payloads' marks say.
  SendTrack(TrackDescription description, uint32_t number, std::unique_ptr<Source> source);

  Source& source() { return *source_; }
  const TrackDescription& description() const { return description_; }
  uint64_t sent() const { return sent_; }

  struct Moment {
    Timestamp now;
    int64_t real_ns = 0;  // CLOCK_REALTIME
    uint16_t transport_sequence = 0;
  };

  // Takes the next packet out of the source and writes it, without SRTP. Returns its length, 0 if
  // `out` is too short.
  size_t WriteNext(const Moment& moment, ByteSpan out);

  // When the packet that was written last really left.
  void SetSentAt(int64_t real_ns) { remembered_[(sent_ - 1) % kRemembered].sent_at_ns = real_ns; }
  // About one encoding.
  rtp::SenderReport MakeReport(Timestamp now, size_t encoding) const;

  // Null if it was too long ago.
  const SentPayload* Find(uint32_t index) const;

 private:
  void WriteHeader(const MediaPacket& packet, const Moment& moment, ByteWriter& out);
  void WriteExtensions(const MediaPacket& packet, const Moment& moment, ByteWriter& out) const;
  uint32_t TimestampOf(const MediaPacket& packet, Timestamp now);
  uint32_t TimestampAt(Timestamp moment) const;

  struct Numbering {
    uint16_t next_seq = 0;
    uint32_t packets = 0;
    uint32_t payload_bytes = 0;
  };

  const TrackDescription description_;
  const CodecNumbers& numbers_;
  const uint32_t number_;
  const std::unique_ptr<Source> source_;
  std::vector<Numbering> encodings_;
  std::vector<SentPayload> remembered_;
  uint64_t sent_ = 0;
  // The frame under way.
  uint32_t source_timestamp_ = 0;
  Timestamp frame_at_;
  Timestamp begun_at_;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_SEND_TRACK_H_
