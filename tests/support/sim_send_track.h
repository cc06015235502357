// One track that a simulated browser sends: VP8 at 30 frames per second or Opus at 50 packets per
// second, with key frames on request and retransmissions when asked (RFC 4585, RFC 4588).
//
// Gives out packets without the extensions that belong to the transport; whoever sends them adds
// those, encrypts and sends at once.

#ifndef SLUICE_TESTS_SUPPORT_SIM_SEND_TRACK_H_
#define SLUICE_TESTS_SUPPORT_SIM_SEND_TRACK_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/ids.h"
#include "base/seq_no.h"
#include "base/time.h"
#include "rtp/rtcp/sender_report.h"
#include "tests/support/packet_builders.h"
#include "tests/support/sim_media.h"

namespace sluice::test {

// How an encoder of the simulation behaves.
struct SimEncoderOptions {
  uint16_t first_seq = 1000;
  uint32_t first_timestamp = 50'000;
  Duration frame_interval{33'333};  // 20 ms for sound, whatever this says
  int packets_per_frame = 3;
  int packets_per_key_frame = 15;
  size_t payload_size = 1000;  // of video; Opus has 80 bytes
  int temporal_layers = 1;     // 1..3, as in L1T1, L1T2 and L1T3
  uint16_t width = 640, height = 360;
};

class SimSendTrack {
 public:
  // Browsers ignore requests within this of a key frame they made.
  static constexpr Duration kKeyFrameSpacing{300'000};

  SimSendTrack(const SimTrackOptions& track, const SimEncoderOptions& encoder)
      : track_(track),
        encoder_(encoder),
        seq_(encoder.first_seq),
        timestamp_(encoder.first_timestamp) {}

  void Start(Timestamp now);
  // A camera that is covered, or an encoding that its browser gave up: Start() goes on.
  void Stop() { next_frame_.reset(); }
  bool running() const { return next_frame_.has_value(); }

  // How loud the sound is from now on, in -dBov: 127 is silence.
  void set_level(uint8_t level) { level_ = level; }

  // Writes neither MID nor RID any more: browsers do that once they know that some have arrived.
  void StopNaming() { names_ = false; }

  void RequestKeyFrame(Timestamp now);
  void Resend(SeqNo seq);

  void HandleTimeout(Timestamp now);
  std::optional<Timestamp> NextTimeout() const { return next_frame_; }
  // The next packet that is ready.
  std::optional<RtpPacketBuilder> Poll();

  rtp::SenderReport MakeReport(Timestamp now) const;

  const SimTrackOptions& track() const { return track_; }
  // Media packets made so far, retransmissions not counted; the index of the next one's mark.
  uint32_t packets() const { return index_; }
  uint64_t key_frames() const { return key_frames_; }
  uint64_t key_frame_requests() const { return key_frame_requests_; }
  uint64_t resent() const { return resent_; }
  uint64_t resend_requests() const { return resend_requests_; }
  SeqNo next_seq() const { return SeqNo(seq_); }

 private:
  static constexpr size_t kHistory = 2000;

  bool video() const { return track_.kind == rtp::MediaKind::kVideo; }
  void MakeFrame(Timestamp now);
  void MakePicture(bool key, int count);
  void MakePacket(Bytes payload, bool last);
  void AddNames(RtpPacketBuilder& packet, bool repaired) const;

  const SimTrackOptions track_;
  const SimEncoderOptions encoder_;
  std::optional<Timestamp> next_frame_;
  Timestamp first_frame_;
  std::optional<Timestamp> last_key_frame_;
  bool key_frame_wanted_ = true;
  bool names_ = true;
  uint16_t seq_;
  uint16_t rtx_seq_ = 7;
  uint32_t timestamp_;
  uint32_t index_ = 0;
  uint16_t picture_id_ = 0;
  uint32_t pattern_ = 0;
  uint8_t level_ = 127;
  uint8_t base_index_ = 0;
  uint32_t payload_bytes_ = 0;
  uint64_t key_frames_ = 0;
  uint64_t key_frame_requests_ = 0;
  uint64_t resent_ = 0;
  uint64_t resend_requests_ = 0;
  std::deque<RtpPacketBuilder> ready_;
  struct Sent {
    uint16_t seq;
    RtpPacketBuilder packet;
  };
  std::deque<Sent> history_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_SIM_SEND_TRACK_H_
