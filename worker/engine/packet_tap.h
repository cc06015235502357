// Records what one transport receives and sends, decrypted, as a capture file for tshark.
//
// It stands at the link, where packets are in the clear: headers, and of payloads as much as was
// asked for. It writes into a buffer of its own that never grows; what does not fit because nobody
// took the bytes in time is left out and counted. Media waits for nothing of it. A link without a
// tap pays one branch for each packet.

#ifndef SLUICE_WORKER_ENGINE_PACKET_TAP_H_
#define SLUICE_WORKER_ENGINE_PACKET_TAP_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/ids.h"
#include "base/time.h"
#include "worker/engine/pcapng_writer.h"

namespace sluice::worker {

class PacketTap {
 public:
  // About 1,500 packets: what a large transport sends in a turn of a worker that is busy.
  static constexpr size_t kBuffer = size_t{256} << 10;
  // What is given away at one time, unless it has waited for long.
  static constexpr size_t kChunk = size_t{64} << 10;
  static constexpr Duration kMaxWait = std::chrono::milliseconds(100);
  // Of an RTP payload: enough for every payload descriptor and the first bytes behind it.
  static constexpr size_t kMaxPayload = 64;
  static constexpr uint32_t kMaxSampling = 1'000'000;

  struct Options {
    // One of so many packets of each direction.
    uint32_t sampling = 1;
    size_t payload_bytes = 0;
    uint64_t max_bytes = 0;
    // To the time since 1970.
    Duration unix_offset{0};
    // Where our sockets are.
    std::vector<std::pair<SocketId, Endpoint>> places;
  };

  explicit PacketTap(const Options& options);

  // The time of what is sent from now on.
  void set_now(Timestamp now) { now_ = now; }
  Timestamp now() const { return now_; }

  struct Seen {
    TapDirection direction = TapDirection::kIn;
    bool rtcp = false;
    // Did not authenticate: its header may be looked at, and nothing behind it.
    bool refused = false;
    Timestamp at;
    // Null if nobody knows where it came from.
    const Path* path = nullptr;
  };
  // `front` holds the header at least; `rest` follows it.
  void Record(const Seen& seen, ByteView front, ByteView rest = {});
  // Adds a comment to the packet that Record was called with last, if that was recorded.
  void Annotate(std::string_view comment);
  bool recorded_last() const { return recorded_last_; }

  // When there is something to be given away, if there is.
  std::optional<Timestamp> due() const { return due_; }
  // Asks again then.
  void Postpone(Timestamp until) { due_ = until; }
  // Whole blocks, valid until the next call of Record.
  ByteView bytes() const { return ByteView(buffer_).first(used_); }
  void Clear();

  uint64_t packets() const { return packets_; }
  uint64_t left_out() const { return left_out_; }
  // The file is as long as it may be; nothing is recorded any more.
  bool full() const { return full_; }

 private:
  bool TakesTurn(TapDirection direction);
  Endpoint LocalOf(const Path* path) const;
  size_t KeptOf(const Seen& seen, ByteView front, size_t size) const;

  const Options options_;
  std::vector<uint8_t> buffer_;
  size_t used_ = 0;
  // Of the block that was written last.
  size_t last_ = 0;
  bool recorded_last_ = false;
  bool full_ = false;
  uint64_t given_ = 0;  // bytes, before those in the buffer
  Timestamp now_;
  std::optional<Timestamp> due_;
  std::array<uint32_t, 2> passed_{};
  uint64_t packets_ = 0;
  uint64_t left_out_ = 0;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_PACKET_TAP_H_
