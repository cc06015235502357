// What a client sends: its tracks' packets when they are due, sealed, one datagram each as browsers
// have it; reports; and what the server asks for, key frames and packets that it missed.

#ifndef SLUICE_BENCH_LOAD_SENDING_H_
#define SLUICE_BENCH_LOAD_SENDING_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "bench/load/link.h"
#include "bench/load/load_clock.h"
#include "bench/load/send_track.h"
#include "rtp/rtcp/nack.h"
#include "rtp/rtcp/rtcp_packet.h"

namespace sluice::load {

class Sending {
 public:
  // What can be sent again: half a second of a large picture.
  static constexpr size_t kRepeatable = 512;

  // `link` must outlive it.
  Sending(Link& link, std::vector<std::unique_ptr<SendTrack>> tracks);

  const std::vector<std::unique_ptr<SendTrack>>& tracks() const { return tracks_; }

  // In the media's time.
  Duration NextDue() const;
  // Sends all that is due at `media_now`. Returns how many packets that was.
  size_t SendDue(Duration media_now, const LoadClock& clock);

  void ReceiveRtcp(ByteSpan packet);
  // Writes RTCP that is due, in clear, and returns its length; to be called until it is zero.
  size_t WriteRtcp(Timestamp now, ByteSpan room);

  uint64_t sent() const { return sent_; }
  uint64_t repeated() const { return repeated_; }
  uint64_t key_frames_asked() const { return key_frames_asked_; }

 private:
  static constexpr size_t kLargestDatagram = 1'500;

  struct Sealed {
    uint32_t ssrc = 0;
    uint16_t seq = 0;
    uint16_t size = 0;
    std::array<uint8_t, kLargestDatagram> bytes;
  };

  void SendOne(SendTrack& track, const LoadClock& clock);
  void ReceiveMember(const rtp::RtcpPacket& member);
  void Repeat(const rtp::GenericNack& nack);
  void RequestKeyFrame(uint32_t ssrc);

  Link& link_;
  const std::vector<std::unique_ptr<SendTrack>> tracks_;
  std::vector<Sealed> repeatable_;
  uint16_t transport_sequence_ = 0;
  uint64_t sent_ = 0;
  uint64_t repeated_ = 0;
  uint64_t key_frames_asked_ = 0;
  std::optional<Timestamp> next_report_;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_SENDING_H_
