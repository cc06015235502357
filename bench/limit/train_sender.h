// Datagrams in one buffer, sent as segment trains: neighbours of one receiver and one size leave by
// one call, and the last may be shorter (UDP_SEGMENT, udp(7)). A single one leaves plain, because
// naming a segment size costs as much as two copies.

#ifndef SLUICE_BENCH_LIMIT_TRAIN_SENDER_H_
#define SLUICE_BENCH_LIMIT_TRAIN_SENDER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bench/limit/train_aim.h"

namespace sluice::bench {

class TrainSender {
 public:
  // What the kernel takes in a call, and how many bytes in all.
  static constexpr size_t kMaxSegments = 64;
  static constexpr size_t kMaxTrainBytes = 65'000;

  struct Counters {
    uint64_t calls = 0;
    uint64_t datagrams = 0;  // that the kernel took
    uint64_t lost = 0;       // that it did not
  };

  // At most `segments` datagrams leave together, `mean` on average (0: as they come); `room` bytes
  // wait at most.
  TrainSender(size_t segments, size_t room, double mean)
      : segments_(segments), aim_(mean), buffer_(room) {}

  // Where a datagram of `size` bytes for the socket `fd` goes. Nothing if there is no room left:
  // send first.
  uint8_t* Reserve(int fd, size_t size);
  void Send();

  TrainAim& aim() { return aim_; }
  const TrainAim& aim() const { return aim_; }
  const Counters& counters() const { return counters_; }

 private:
  struct Train {
    int fd = -1;
    size_t offset = 0;
    size_t size = 0;
    size_t segment = 0;
    size_t count = 0;
    bool closed = false;  // the last one was shorter
  };

  bool Joins(const Train& train, int fd, size_t size) const;
  void SendTrain(const Train& train);

  const size_t segments_;
  TrainAim aim_;
  std::vector<uint8_t> buffer_;
  std::vector<Train> trains_;
  size_t used_ = 0;
  Counters counters_;
};

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_LIMIT_TRAIN_SENDER_H_
