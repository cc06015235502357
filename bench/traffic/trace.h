// What a browser really sent, without its pictures: when each packet came, how long it was, and
// those bytes of it that a forwarder reads.
//
// A trace is some seconds of one track: sound, one encoding, several at once (simulcast) or several
// layers in one stream (SVC). Every encoding begins with a key frame and ends with a whole frame,
// so that a trace can be played over and over (trace_player.h). README.md describes the file.

#ifndef SLUICE_BENCH_TRAFFIC_TRACE_H_
#define SLUICE_BENCH_TRAFFIC_TRACE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "rtp/codec/descriptor.h"

namespace sluice::bench {

struct TracePacket {
  uint32_t time_us = 0;    // the kernel's receive stamp, since the first packet; never goes back
  uint32_t timestamp = 0;  // RTP; the trace begins at 0
  uint16_t payload_size = 0;
  bool marker = false;
  bool key_frame = false;  // the first packet of one
  uint8_t encoding = 0;    // lowest resolution first
  // Of the RTP header as the browser sent it, extensions included.
  uint8_t header_size = 0;
  // RFC 6464: in -dBov, with the voice activity flag in the highest bit.
  std::optional<uint8_t> audio_level = std::nullopt;
  // Where the bytes of this packet are; Trace::PrefixOf and DescriptorOf know.
  uint32_t offset = 0;
  uint8_t prefix_size = 0;
  uint8_t descriptor_size = 0;
};

struct Trace {
  // A layer is 3 bits in the file. Browsers make three encodings at most.
  static constexpr size_t kMaxEncodings = 8;
  // A minute of 1,000 packets per second: more is no trace but a recording.
  static constexpr size_t kMaxPackets = 60'000;
  static constexpr Duration kMaxDuration = std::chrono::seconds(60);
  // What an Ethernet frame leaves for a payload.
  static constexpr size_t kMaxPayload = 1460;
  // The longest descriptor of the codecs (VP9's, with a scalability structure) and what follows it
  // in a key frame, H264's parameter sets included.
  static constexpr size_t kMaxPrefix = 64;
  // Of the files, each of which has at most 150 kB.
  static constexpr size_t kMaxFile = 1 << 20;

  rtp::codec::Kind codec = rtp::codec::Kind::kUnknown;
  uint32_t clock_rate = 0;
  uint8_t encodings = 0;
  // From the first packet to where the first of the next round belongs.
  Duration duration{0};
  std::vector<TracePacket> packets;
  std::vector<uint8_t> bytes;

  // The first bytes of the payload: descriptor and what decides about layers and key frames.
  ByteView PrefixOf(const TracePacket& packet) const {
    return ByteView(bytes).subspan(packet.offset, packet.prefix_size);
  }
  // The value of the dependency descriptor extension; empty if there is none.
  ByteView DescriptorOf(const TracePacket& packet) const {
    return ByteView(bytes).subspan(packet.offset + packet.prefix_size, packet.descriptor_size);
  }
};

// Nothing if the file cannot be read or is no trace.
std::optional<Trace> LoadTrace(const std::string& path);
std::optional<Trace> ParseTrace(ByteView file);

// The file that gives `trace` again.
std::vector<uint8_t> SerializeTrace(const Trace& trace);

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_TRAFFIC_TRACE_H_
