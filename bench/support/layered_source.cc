#include "bench/support/layered_source.h"

#include <optional>
#include <utility>

#include "base/check.h"
#include "tests/support/packet_builders.h"

namespace sluice::bench {
namespace {

using rtp::codec::Kind;
using test::Bytes;

constexpr uint8_t kMidId = 4, kSendTimeId = 2, kNumberId = 3, kDescriptorId = 13;
constexpr Duration kPictureInterval{33'333};

}  // namespace

std::span<const test::LayerShape> BrowserShapes() {
  static const test::LayerShape shapes[] = {
      {.name = "VP8 L1T3", .codec = Kind::kVp8, .mode = "L1T3"},
      {.name = "VP9 L3T3_KEY", .codec = Kind::kVp9, .mode = "L3T3_KEY", .flexible = true},
      {.name = "H264", .codec = Kind::kH264, .mode = "L1T1"},
      {.name = "H265 L1T3", .codec = Kind::kH265, .mode = "L1T3"},
      {.name = "AV1 L3T3", .codec = Kind::kAv1, .mode = "L3T3", .descriptor = true},
  };
  return shapes;
}

rtp::ExtensionMap LayeredSource::Extensions() {
  rtp::ExtensionMap map;
  map.Add(kMidId, rtp::Extension::kMid);
  map.Add(kSendTimeId, rtp::Extension::kAbsSendTime);
  map.Add(kNumberId, rtp::Extension::kTransportSequence);
  map.Add(kDescriptorId, rtp::Extension::kDependencyDescriptor);
  return map;
}

void LayeredSource::MakePicture() {
  now_ += kPictureInterval;
  for (test::LayerPacket& packet : stream_.NextPicture(frames_.empty(), now_, frames_)) {
    ready_.push_back(std::move(packet));
  }
}

PacketRef LayeredSource::NextDatagram() {
  if (ready_.empty()) MakePicture();
  test::LayerPacket made = std::move(ready_.front());
  ready_.pop_front();
  next_seq_ = made.seq;
  // Behind what was made stands nothing that anybody but a decoder would read.
  made.payload.resize(kPayload, 0x5a);
  const auto number = static_cast<uint16_t>(made.seq);
  test::RtpPacketBuilder packet;
  packet.WithSsrc(kSsrc.value())
      .WithPayloadType(kPayloadType.value())
      .WithSeq(number)
      .WithTimestamp(frames_[made.frame].timestamp)
      .WithMarker(made.marker)
      .WithTextExtension(kMidId, "0")
      .WithExtension(kSendTimeId, {1, 2, 3})
      .WithExtension(kNumberId, {static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number)});
  if (made.descriptor) packet.WithExtension(kDescriptorId, *made.descriptor);
  packet.WithPayload(std::move(made.payload));
  return packet.Store(pool_, now_);
}

rtp::RtpPacket LayeredSource::Next() {
  std::optional<rtp::RtpPacket> packet = rtp::RtpPacket::Parse(NextDatagram(), extensions_);
  SLUICE_CHECK(packet.has_value());
  encoding_.Describe(shape_.codec, *packet);
  packet->set_unwrapped({next_seq_});
  return *packet;
}

}  // namespace sluice::bench
