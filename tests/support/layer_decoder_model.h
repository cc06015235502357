// Judges what one receiver got of a layered stream: was every hole in it made by the network, can
// everything that arrived be decoded, and do the numbers say so to a decoder that has nothing else?
//
// It takes packets apart by itself and shares no code with what it judges. The truth about frames
// comes from LayerStream; what the network did is told by the test. Everything is judged at the
// end, in the order of the sequence numbers, which is the order in which a jitter buffer releases
// it.

#ifndef SLUICE_TESTS_SUPPORT_LAYER_DECODER_MODEL_H_
#define SLUICE_TESTS_SUPPORT_LAYER_DECODER_MODEL_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "tests/support/layer_packet_reader.h"
#include "tests/support/layer_stream.h"

namespace sluice::test {

class LayerDecoderModel {
 public:
  // `frames` is the growing list of all frames, `stream` one of the streams that fill it.
  LayerDecoderModel(const LayerShape& shape, const std::vector<LayerFrame>& frames,
                    const LayerStream& stream)
      : shape_(shape), frames_(frames), stream_(stream), reader_(shape, stream) {}

  // The network gave this packet to the forwarder.
  void RecordDelivered(const LayerPacket& packet);
  // From now on the receiver gets nothing, until it is told that it gets something again. What
  // comes then has nothing to do with what came before.
  void RecordStopped(bool stopped);
  // The receiver gets `rtp`, in which `packet` went out.
  void Receive(ByteView rtp, const LayerPacket& packet);

  struct Summary {
    uint64_t decoded = 0;          // frames
    uint64_t undecodable = 0;      // for want of something that the network lost
    uint64_t fillers = 0;          // packets of padding alone
    uint64_t segments = 0;         // stretches of one encoding
    uint64_t stalled = 0;          // VP8 frames that wait for a picture id that will never come
    int64_t worst_time_error = 0;  // in ticks
  };
  // Complaints, the first few of them; none if all is well. `timed`: media times must be true.
  std::vector<std::string> Judge(bool timed, Summary& summary);

 private:
  struct Out : ReceivedLayerPacket {
    bool present = false;
    uint8_t index = 0;
    uint32_t frame = 0;
    int64_t source_seq = 0;
    uint8_t encoding = 0;
    uint32_t at = 0;  // how many packets had been delivered
    uint32_t segment = 0;
  };
  // What became of a frame.
  struct Fate {
    uint32_t delivered = 0;  // packets, as a mask
    uint32_t passed = 0;
    std::vector<uint32_t> delivered_at;
    uint32_t refused = 0;    // came while the receiver was to get nothing
    bool overtaken = false;  // a later frame was seen before any packet of this one
    int64_t first_out = 0;
    bool decodable = false;
    bool network = false;  // not decodable, and the network is to blame
    bool numbered = false;
    Out numbers;
  };

  void Complain(std::string what);
  void Segment();
  void JudgeGaps();
  void Collect();
  void JudgeTorn();
  void JudgeDecoding(Summary& summary);
  void JudgeMarkers();
  void JudgeTimes(bool timed, Summary& summary);
  void JudgeVp8(Summary& summary);
  void JudgeVp9();
  void JudgeDescriptors();
  void JudgeActiveTargets();
  std::string Name(uint32_t frame) const;

  bool IsWhole(uint32_t frame) const;
  // A packet that never came, or so late that nobody need remember its place.
  bool IsExcused(uint32_t frame, uint8_t index, uint32_t segment) const;
  bool NetworkTore(uint32_t frame) const;
  uint32_t SegmentsBegunBy(uint32_t at) const;
  std::vector<uint32_t> Order() const;

  const LayerShape shape_;
  const std::vector<LayerFrame>& frames_;
  const LayerStream& stream_;
  const LayerPacketReader reader_;
  std::vector<std::string> complaints_;
  std::vector<Out> out_;  // by unwrapped number, from first_ on
  int64_t first_ = 0;
  int64_t newest_ = 0;
  bool started_ = false;
  bool stopped_ = false;
  bool break_pending_ = false;
  std::vector<int64_t> breaks_;
  std::vector<Fate> fates_;
  uint32_t delivered_ = 0;
  std::map<uint8_t, uint32_t> newest_frame_;
  std::map<uint8_t, int64_t> newest_seq_;  // before the last stop
  // Of each segment: when it began, and of its encoding the newest number delivered by its end.
  struct SegmentInfo {
    uint32_t begun_at = 0;
    uint8_t encoding = 0;
    int64_t newest_seq = 0;
  };
  std::vector<SegmentInfo> segments_;
  std::vector<std::pair<uint32_t, std::pair<uint8_t, int64_t>>> deliveries_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_LAYER_DECODER_MODEL_H_
