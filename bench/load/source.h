// Where media comes from: packet after packet of one track, each with the moment it is due.
//
// Time is the media's own, from zero; whoever plays a source decides how fast that passes.

#ifndef SLUICE_BENCH_LOAD_SOURCE_H_
#define SLUICE_BENCH_LOAD_SOURCE_H_

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/time.h"

namespace sluice::load {

struct MediaPacket {
  // Of simulcast, lowest resolution first.
  uint8_t encoding = 0;
  // RTP; packets of one frame have the same.
  uint32_t timestamp = 0;
  bool marker = false;
  bool key_frame = false;  // the first packet of one
  // RFC 6464, with the voice activity flag in the highest bit.
  std::optional<uint8_t> audio_level;
  uint16_t payload_size = 0;
  // The first bytes of the payload, which servers read, and the dependency descriptor, or nothing.
  // Both are valid until the next packet is asked for.
  ByteView prefix;
  ByteView descriptor;
};

class Source {
 public:
  virtual ~Source() = default;

  virtual Duration NextDue() const = 0;
  virtual MediaPacket Next() = 0;
  // As soon as no frame is under way. Sound ignores it.
  virtual void RequestKeyFrame() {}
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_SOURCE_H_
