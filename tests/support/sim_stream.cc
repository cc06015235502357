#include "tests/support/sim_stream.h"

#include <algorithm>
#include <utility>

#include "worker/engine/demux.h"

namespace sluice::test {
namespace {

// The most that a segment carries on Ethernet.
constexpr size_t kSegment = 1460;

}  // namespace

bool SimStream::Send(Timestamp now, ByteView datagram) {
  Pump(now);
  const auto header = ice::FrameHeader(datagram.size());
  std::vector<uint8_t> frame(header.begin(), header.end());
  frame.insert(frame.end(), datagram.begin(), datagram.end());
  const size_t written = backlog_.empty() ? Take(frame) : 0;
  Pump(now);
  if (written == frame.size()) return true;
  const bool may_wait = written != 0 || worker::Classify(datagram) != worker::Wire::kRtp;
  return may_wait && backlog_.Push(datagram, written);
}

size_t SimStream::Take(ByteView bytes) {
  const size_t size = std::min(bytes.size(), kKernel - kernel_.size());
  kernel_.insert(kernel_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
  return size;
}

// Lets go what the wire and the window take by `now`.
void SimStream::Pump(Timestamp now) {
  while (!kernel_.empty() && busy_until_ <= now && window_used_ < kWindow) {
    const size_t most = std::min({kernel_.size(), kSegment, kWindow - window_used_});
    const auto size = static_cast<std::ptrdiff_t>(1 + entropy_.Below(most));
    Piece piece;
    piece.bytes.assign(kernel_.begin(), kernel_.begin() + size);
    kernel_.erase(kernel_.begin(), kernel_.begin() + size);
    busy_until_ = std::max(busy_until_, now);
    if (options_.rate.bps() != 0) {
      busy_until_ += Duration(static_cast<int64_t>(size) * 8 * 1'000'000 / options_.rate.bps());
    }
    piece.arrival = busy_until_ + options_.one_way;
    window_used_ += piece.bytes.size();
    flying_.push_back(std::move(piece));
    backlog_.RecordWritten(Take(backlog_.bytes()));
  }
}

std::optional<std::vector<uint8_t>> SimStream::Poll(Timestamp now) {
  Pump(now);
  while (ready_.empty() && !stalled_ && !flying_.empty() && flying_.front().arrival <= now) {
    const Piece piece = std::move(flying_.front());
    flying_.pop_front();
    window_used_ -= piece.bytes.size();
    ByteView rest = piece.bytes;
    while (const auto datagram = splitter_.Next(rest)) {
      ready_.emplace_back(datagram->begin(), datagram->end());
    }
    Pump(now);
  }
  if (ready_.empty()) return std::nullopt;
  std::vector<uint8_t> datagram = std::move(ready_.front());
  ready_.pop_front();
  return datagram;
}

std::optional<Timestamp> SimStream::NextTimeout() const {
  std::optional<Timestamp> next;
  if (!stalled_ && !flying_.empty()) next = flying_.front().arrival;
  if (!kernel_.empty() && window_used_ < kWindow) next = Earlier(next, busy_until_);
  return next;
}

}  // namespace sluice::test
