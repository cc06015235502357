// Takes apart what a receiver of a layered stream gets: header, dependency descriptor and payload
// descriptor, as far as the order and the dependencies of frames follow from them. Shares no code
// with rtp/.

#ifndef SLUICE_TESTS_SUPPORT_LAYER_PACKET_READER_H_
#define SLUICE_TESTS_SUPPORT_LAYER_PACKET_READER_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "tests/support/layer_stream.h"

namespace sluice::test {

struct ReceivedLayerPacket {
  bool padding = false;  // and nothing else
  bool marker = false;
  uint32_t timestamp = 0;
  // What the mark at the end of the payload says.
  uint32_t marked_frame = 0;
  uint8_t marked_index = 0;
  uint16_t picture_id = 0;
  uint8_t base_index = 0, key_index = 0;
  uint8_t spatial = 0, temporal = 0;
  std::vector<uint8_t> references;  // VP9 P_DIFF
  // Of the dependency descriptor.
  uint16_t number = 0;
  std::optional<uint32_t> active;  // decode targets, as stated
};

class LayerPacketReader {
 public:
  static constexpr uint8_t kDescriptorId = 9;

  LayerPacketReader(const LayerShape& shape, const LayerStream& stream)
      : shape_(shape), stream_(stream) {}

  // `frame` is the one it should be of.
  ReceivedLayerPacket Read(ByteView rtp, const LayerFrame& frame) const;

 private:
  void ReadDescriptor(ByteView value, const LayerFrame& frame, ReceivedLayerPacket& out) const;
  void ReadVp8(ByteView payload, ReceivedLayerPacket& out) const;
  void ReadVp9(ByteView payload, ReceivedLayerPacket& out) const;
  std::optional<uint32_t> AttachedMask(ByteView value, const LayerFrame& frame,
                                       uint16_t number) const;
  // The decode targets all of whose frames are frames of `target`.
  uint32_t ServedBy(size_t target) const;

  const LayerShape shape_;
  const LayerStream& stream_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_LAYER_PACKET_READER_H_
