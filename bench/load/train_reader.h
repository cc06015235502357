// Empties sockets, whole trains of datagrams at a time.

#ifndef SLUICE_BENCH_LOAD_TRAIN_READER_H_
#define SLUICE_BENCH_LOAD_TRAIN_READER_H_

#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"

namespace sluice::load {

// What one read gave: datagrams of equal length, except that the last may be shorter.
struct Train {
  ByteSpan bytes;
  size_t segment_size = 0;
  // When the kernel received it: CLOCK_REALTIME, nanoseconds; 0 if it did not tell.
  int64_t stamp_ns = 0;

  size_t count() const { return (bytes.size() + segment_size - 1) / segment_size; }

  // Calls `visit(ByteSpan)` for each datagram.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (size_t at = 0; at < bytes.size(); at += segment_size) {
      visit(bytes.subspan(at, std::min(segment_size, bytes.size() - at)));
    }
  }
};

class TrainReader {
 public:
  // Trains in one call. More would leave the cache before they are looked at.
  static constexpr size_t kTrains = 16;

  TrainReader();
  TrainReader(const TrainReader&) = delete;
  TrainReader& operator=(const TrainReader&) = delete;

  // What waits in the socket, up to kTrains; valid until the next call. Fewer than kTrains means
  // that nothing is left.
  std::span<const Train> Read(int fd);

 private:
  // The longest that UDP can carry.
  static constexpr size_t kLongestTrain = 65'535;
  static constexpr size_t kControlSize = CMSG_SPACE(sizeof(timespec)) + CMSG_SPACE(sizeof(int));
  struct alignas(cmsghdr) Control {
    std::array<uint8_t, kControlSize> bytes;
  };

  static void ReadControl(msghdr& header, Train& train);

  std::unique_ptr<uint8_t[]> buffer_;
  std::array<mmsghdr, kTrains> headers_{};
  std::array<iovec, kTrains> pieces_{};
  std::array<Control, kTrains> controls_{};
  std::array<Train, kTrains> trains_{};
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_TRAIN_READER_H_
