// The envelope of the control channel: 4 bytes of little-endian length, then a FlatBuffer.
//
// A stream gives bytes in any cut: one at a time, or several frames at once. FrameReader puts
// frames together again and FrameHeader takes them apart. Neither looks inside a frame; that is the
// work of request.h.

#ifndef SLUICE_CONTROL_API_FRAME_H_
#define SLUICE_CONTROL_API_FRAME_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sluice::control {

using FrameBytes = std::span<const uint8_t>;

// The largest frame. The biggest honest message is the dump of a full worker, some hundred KiB; a
// length beyond this is a peer that has lost its place in the stream.
inline constexpr size_t kMaxFrameSize = size_t{4} << 20;
inline constexpr size_t kFrameHeaderSize = 4;

// The length that precedes a frame of `size` bytes. `size` is at most kMaxFrameSize.
std::array<uint8_t, kFrameHeaderSize> FrameHeader(size_t size);

// Appends header and frame to `out`. False, and nothing appended, if the frame is over the limit.
bool AppendFrame(FrameBytes frame, std::vector<uint8_t>& out);

// Puts frames together. Memory follows the bytes that came, not the length that was announced: a
// peer that promises 4 MiB and sends ten bytes costs ten bytes.
class FrameReader {
 public:
  // Takes bytes off the front of `bytes` until a frame is whole or nothing is left. The frame is
  // aligned for FlatBuffers and valid until the next call. A length of zero gives an empty frame:
  // it is no message, but the stream is still in step, so whoever decodes it can answer with an
  // error.
  //
  // To be called until it returns nothing.
  std::optional<FrameBytes> Next(FrameBytes& bytes);

  // True once a length over the limit came. There is no way back into step: Next() returns nothing
  // any more, and the channel has to be closed.
  bool failed() const { return failed_; }
  // True between the first byte of a frame and its last.
  bool mid_frame() const { return header_size_ != 0; }
  // The length that was refused, or of the frame that is being read.
  uint32_t announced_size() const { return announced_; }

 private:
  void ReadHeader(FrameBytes& bytes);
  void ReadBody(FrameBytes& bytes);

  std::array<uint8_t, kFrameHeaderSize> header_{};
  size_t header_size_ = 0;
  uint32_t announced_ = 0;
  // The heap gives 16-byte alignment, which is more than any FlatBuffers scalar needs.
  std::vector<uint8_t> body_;
  bool failed_ = false;
};

}  // namespace sluice::control

#endif  // SLUICE_CONTROL_API_FRAME_H_
