// Any bytes as an RTP packet.
//
// The first byte of the input chooses which extension ids are negotiated, the rest is the packet.
// What a parsed packet says about itself must lie inside of it and agree with itself; its
// extensions go through their value codecs, and what is read of them is written and read again.

#include <array>
#include <cstdint>
#include <cstdlib>

#include "rtp/packet/dependency_descriptor.h"
#include "rtp/packet/extensions.h"
#include "rtp/packet/rtp_packet.h"

namespace sluice::rtp {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

bool LiesIn(ByteView part, ByteView whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

// Distance 1 negotiates ids 1..11; others spread them, beyond what one-byte headers can name.
ExtensionMap MapOf(uint8_t choice) {
  ExtensionMap map;
  const int distance = 1 + choice % 23;
  for (size_t i = 0; i < kExtensionCount; ++i) {
    const auto id = static_cast<uint8_t>(1 + static_cast<int>(i) * distance);
    Require(map.Add(id, static_cast<Extension>(i)));
    Require(map.Meaning(id) == static_cast<Extension>(i));
  }
  return map;
}

template <typename T>
void RoundTrip(ByteView value) {
  const auto parsed = T::Parse(value);
  if (!parsed) return;
  std::array<uint8_t, 32> buffer{};
  ByteWriter out(buffer);
  parsed->WriteTo(out);
  Require(out.ok() && T::Parse(out.written()) == parsed);
}

void CheckValue(Extension extension, ByteView value) {
  switch (extension) {
    case Extension::kMid:
    case Extension::kRid:
    case Extension::kRepairedRid:
      if (const auto name = ParseStreamName(value)) Require(!name->empty());
      return;
    case Extension::kAbsSendTime:
      return RoundTrip<AbsSendTime>(value);
    case Extension::kTransportSequence:
      return RoundTrip<TransportSequence>(value);
    case Extension::kAudioLevel:
      return RoundTrip<AudioLevel>(value);
    case Extension::kDependencyDescriptor:
      Require(DependencyDescriptor::Parse(value).has_value() == (value.size() >= 3));
      return;
    case Extension::kVideoOrientation:
      return RoundTrip<VideoOrientation>(value);
    case Extension::kTimeOffset:
      return RoundTrip<TimeOffset>(value);
    case Extension::kAbsCaptureTime:
      return RoundTrip<AbsCaptureTime>(value);
    case Extension::kPlayoutDelay:
      return RoundTrip<PlayoutDelay>(value);
  }
}

void CheckShape(const RtpPacket& packet) {
  const ByteView whole = packet.ref().bytes();
  Require(packet.header_size() >= RtpPacket::kFixedHeaderSize);
  Require(packet.header_size() + packet.payload().size() + packet.padding() == whole.size());
  Require(LiesIn(packet.payload(), whole));
  Require(packet.payload_type().value() < 128);
  for (size_t i = 0; i < kExtensionCount; ++i) {
    const auto extension = static_cast<Extension>(i);
    const auto value = packet.extension(extension);
    if (!value) continue;
    Require(LiesIn(*value, whole.first(packet.header_size())));
    CheckValue(extension, *value);
  }
}

void CheckRtx(RtpPacket& packet) {
  const ByteView before = packet.payload();
  const SeqNo seq = packet.seq();
  if (packet.UnwrapRtx(Ssrc(1), PayloadType(2))) {
    Require(before.size() == packet.payload().size() + 2);
    Require(packet.seq() == SeqNo(ByteReader(before).U16()) && packet.was_retransmission());
  } else {
    Require(before.size() < 2 && packet.seq() == seq && !packet.was_retransmission());
  }
}

void TestOne(ByteView input) {
  if (input.empty()) return;
  static PacketPool pool(64);  // One chunk; making it anew would be most of the time.
  PacketRef bytes = pool.Copy(input.subspan(1), Timestamp());
  if (!bytes) return;
  auto packet = RtpPacket::Parse(std::move(bytes), MapOf(input[0]));
  if (!packet) {
    Require(pool.in_use() == 0);
    return;
  }
  CheckShape(*packet);
  CheckRtx(*packet);
}

}  // namespace
}  // namespace sluice::rtp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::rtp::TestOne({data, size});
  return 0;
}
