// What a client does with what it receives: counts it, gives the feedback that a browser would,
// and, if it is one of the sample, decrypts it, compares every byte with what was sent and measures
// how long it was under way.
//
// All others read headers only: decrypting would cost more than a server spends on the packet.

#ifndef SLUICE_BENCH_LOAD_RECEPTION_H_
#define SLUICE_BENCH_LOAD_RECEPTION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "bench/load/delay_histogram.h"
#include "bench/load/receive_stream.h"
#include "bench/load/send_track.h"
#include "dtls/srtp_session.h"
#include "rtp/receive/feedback_recorder.h"
#include "rtp/rtcp/rtcp_packet.h"
#include "tests/support/seeded_entropy.h"

namespace sluice::load {

// Of all receivers together.
struct ReceptionTotals {
  uint64_t packets = 0;  // of media, each once
  uint64_t bytes = 0;    // of datagrams with media
  // Retransmissions that brought something missing, and of those that did not.
  uint64_t repaired = 0;
  uint64_t padding = 0;
  uint64_t trains = 0;
  uint64_t train_packets = 0;
  // Thrown away on purpose.
  uint64_t dropped = 0;
  uint64_t nacked = 0;
  uint64_t key_frame_requests = 0;
  // What the sample found.
  uint64_t intact = 0;
  uint64_t damaged = 0;
  uint64_t unsealed = 0;
  uint64_t unmarked = 0;  // too short to be compared
  DelayHistogram delay;
};

// All tracks of all senders, by the number in the mark.
using TrackTable = std::vector<const SendTrack*>;

class Reception {
 public:
  struct Options {
    bool sampled = false;
    // Ask for what is missing.
    bool nack = false;
    // How much of what comes is thrown away, 0..1.
    double loss = 0;
    // How often, on average, it asks for a key frame as if it could not decode; zero: never.
    Duration key_frame_every{0};
    // Header extension of the transport-wide number; 0: not negotiated.
    uint8_t twcc_id = 0;
    uint32_t own_ssrc = 1;
    uint64_t seed = 0;
  };

  // What is referred to must outlive the reception.
  Reception(const Options& options, std::vector<StreamDescription> streams, ReceptionTotals& totals,
            const TrackTable& tracks);

  // `stamp_ns` is the kernel's, `at` the same moment. The packet may be decrypted in place. True if
  // it was media.
  bool ReceiveRtp(ByteSpan packet, int64_t stamp_ns, Timestamp at, dtls::SrtpSession& srtp);
  void ReceiveRtcp(ByteSpan packet, Timestamp at, dtls::SrtpSession& srtp);

  // Asks for a key frame of every picture.
  void RequestKeyFrames();
  // Writes RTCP that is due, in clear, and returns its length; to be called until it is zero.
  size_t WriteRtcp(Timestamp now, ByteSpan room);

  const std::vector<ReceiveStream>& streams() const { return streams_; }
  std::optional<Timestamp> first_media_at() const { return first_media_at_; }
  // Of the first packet of each stream that has begun.
  size_t begun() const { return begun_; }

 private:
  struct Place {
    uint32_t ssrc = 0;
    uint32_t stream = 0;
    bool retransmission = false;
  };

  const Place* FindPlace(uint32_t ssrc);
  void RecordMissing(ReceiveStream& stream, uint16_t seq, Timestamp at);
  void ReceiveRetransmission(ByteSpan packet, ReceiveStream& stream, Timestamp at,
                             dtls::SrtpSession& srtp);
  void Examine(ByteSpan packet, int64_t stamp_ns, dtls::SrtpSession& srtp);
  void ComparePayload(ByteView payload, int64_t stamp_ns);
  void LoseThreadSometimes(Timestamp now);
  void WriteReport(Timestamp now, ByteWriter& out);
  void WriteRequests(Timestamp now, ByteWriter& out);

  const Options options_;
  ReceptionTotals& totals_;
  const TrackTable& tracks_;
  std::vector<ReceiveStream> streams_;
  std::vector<Place> places_;
  size_t last_place_ = 0;
  test::SeededEntropy entropy_;
  rtp::FeedbackRecorder feedback_;
  std::optional<Timestamp> first_media_at_;
  size_t begun_ = 0;
  std::optional<Timestamp> next_report_;
  size_t next_block_ = 0;
  std::vector<uint32_t> key_frames_wanted_;
  std::optional<Timestamp> next_key_frame_;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_RECEPTION_H_
