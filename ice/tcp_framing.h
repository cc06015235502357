// Datagrams on a TCP connection: each stands behind its length in two bytes (RFC 4571 §2, which
// RFC 6544 §3 takes for ICE).
//
// Two halves that know no socket. FrameSplitter finds the datagrams in what came, whatever pieces
// it came in. FrameBacklog keeps what has still to be written: the rest of a frame that was begun,
// without which the other side would lose its place in the stream for good, and little else.

#ifndef SLUICE_ICE_TCP_FRAMING_H_
#define SLUICE_ICE_TCP_FRAMING_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace sluice::ice {

inline constexpr size_t kFrameHeaderSize = 2;

// What precedes a datagram of `size` bytes, at most 65,535.
std::array<uint8_t, kFrameHeaderSize> FrameHeader(size_t size);

// Puts datagrams together again. Memory follows the bytes that came and ends at the limit: a peer
// that announces much and sends little costs little, and what is longer than the limit is passed
// over without being kept, so that the stream stays in step.
class FrameSplitter {
 public:
  struct Counters {
    uint64_t frames = 0;    // whole ones, of any length
    uint64_t too_long = 0;  // over the limit, counted when announced
  };

  // `max_size` is the longest datagram that is of use.
  explicit FrameSplitter(size_t max_size) : max_size_(max_size) {}

  // Takes bytes off the front of `stream` until a datagram is whole or nothing is left. The
  // datagram is valid until the next call. Frames of length zero are no datagrams and are passed
  // over. To be called until it returns nothing.
  std::optional<ByteView> Next(ByteView& stream);

  // True between the first byte of a frame and its last.
  bool mid_frame() const { return header_size_ != 0; }
  const Counters& counters() const { return counters_; }

 private:
  // False if the stream ended before the length was known.
  bool ReadHeader(ByteView& stream);
  // The datagram, if it is whole and short enough.
  std::optional<ByteView> ReadBody(ByteView& stream);

  size_t max_size_;
  std::array<uint8_t, kFrameHeaderSize> header_{};
  size_t header_size_ = 0;
  // Of the frame that is being read.
  size_t announced_ = 0;
  size_t missing_ = 0;
  // Its beginning, if it came in several pieces.
  std::vector<uint8_t> body_;
  Counters counters_;
};

// What one connection has been given to send and could not send yet.
//
// It is bounded, and small: media that would have to wait is better dropped, because by the time
// the other side reads it, it is late, and holds up what is fresh. So whoever sends media looks at
// empty() first. Checks, handshakes and reports may wait, as far as there is room.
class FrameBacklog {
 public:
  // A flight of a handshake, a few checks and reports, and the rest of a frame that was begun.
  static constexpr size_t kCapacity = 16 * 1024;

  bool empty() const { return sent_ == bytes_.size(); }
  size_t size() const { return bytes_.size() - sent_; }
  // What is to be written next.
  ByteView bytes() const { return ByteView(bytes_).subspan(sent_); }

  // `size` of bytes() have been written.
  void RecordWritten(size_t size);

  // Adds the frame of `datagram`, of which `written` bytes (header included) have left already.
  // False, and nothing added, if there is no room for it.
  bool Push(ByteView datagram, size_t written = 0);

 private:
  std::vector<uint8_t> bytes_;
  size_t sent_ = 0;
};

}  // namespace sluice::ice

#endif  // SLUICE_ICE_TCP_FRAMING_H_
