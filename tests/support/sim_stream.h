// One direction of a TCP connection that carries datagrams: bytes arrive whole and in order, in
// pieces of any size, and a reader who does not read makes them wait at the writer's.
//
// The writer does as worker/io/tcp_connection does, with the same backlog: what the kernel would
// not take waits if it is no media and there is room, and is dropped otherwise. There is no loss in
// it: what TCP makes of loss is delay, and that is set.

#ifndef SLUICE_TESTS_SUPPORT_SIM_STREAM_H_
#define SLUICE_TESTS_SUPPORT_SIM_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "base/units.h"
#include "ice/tcp_framing.h"
#include "tests/support/seeded_entropy.h"

namespace sluice::test {

struct StreamOptions {
  Duration one_way{0};
  // Zero: as fast as you like.
  BitRate rate = {};
};

class SimStream {
 public:
  // What the writer's kernel takes in that has not left (worker/io/tcp_listener), and what is on
  // its way or waits for the reader (a window without scaling, RFC 9293 §3.1).
  static constexpr size_t kKernel = 64 * 1024;
  static constexpr size_t kWindow = 64 * 1024;

  SimStream(const StreamOptions& options, uint64_t seed) : options_(options), entropy_(seed) {}

  // False if the datagram was dropped.
  bool Send(Timestamp now, ByteView datagram);
  // The next datagram that has arrived and been read by `now`.
  std::optional<std::vector<uint8_t>> Poll(Timestamp now);
  std::optional<Timestamp> NextTimeout() const;

  // The reader stops reading, or goes on.
  void Stall(bool stalled) { stalled_ = stalled; }
  void set_options(const StreamOptions& options) { options_ = options; }
  // Bytes that were taken from the writer and have not been read.
  size_t waiting() const { return kernel_.size() + window_used_ + backlog_.size(); }

 private:
  struct Piece {
    Timestamp arrival;
    std::vector<uint8_t> bytes;
  };

  void Pump(Timestamp now);
  size_t Take(ByteView bytes);

  StreamOptions options_;
  SeededEntropy entropy_;
  bool stalled_ = false;
  ice::FrameBacklog backlog_;
  std::deque<uint8_t> kernel_;
  Timestamp busy_until_;
  std::deque<Piece> flying_;
  size_t window_used_ = 0;
  ice::FrameSplitter splitter_{0xffff};
  std::deque<std::vector<uint8_t>> ready_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_SIM_STREAM_H_
