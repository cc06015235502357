#include "ice/tcp_framing.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::ice {

std::array<uint8_t, kFrameHeaderSize> FrameHeader(size_t size) {
  SLUICE_CHECK(size <= 0xffff);
  return {static_cast<uint8_t>(size >> 8), static_cast<uint8_t>(size)};
}

std::optional<ByteView> FrameSplitter::Next(ByteView& stream) {
  while (!stream.empty()) {
    if (missing_ == 0 && !ReadHeader(stream)) return std::nullopt;
    if (const std::optional<ByteView> datagram = ReadBody(stream)) return datagram;
  }
  return std::nullopt;
}

bool FrameSplitter::ReadHeader(ByteView& stream) {
  while (header_size_ < kFrameHeaderSize) {
    if (stream.empty()) return false;
    header_[header_size_++] = stream.front();
    stream = stream.subspan(1);
  }
  announced_ = missing_ = ByteReader(header_).U16();
  body_.clear();
  if (announced_ > max_size_) ++counters_.too_long;
  return true;
}

std::optional<ByteView> FrameSplitter::ReadBody(ByteView& stream) {
  const ByteView piece = stream.first(std::min(missing_, stream.size()));
  const bool is_whole_here = piece.size() == announced_;
  stream = stream.subspan(piece.size());
  missing_ -= piece.size();
  const bool is_kept = announced_ <= max_size_;
  if (is_kept && !is_whole_here) body_.insert(body_.end(), piece.begin(), piece.end());
  if (missing_ != 0) return std::nullopt;

  header_size_ = 0;
  ++counters_.frames;
  if (!is_kept || announced_ == 0) return std::nullopt;
  return is_whole_here ? piece : ByteView(body_);
}

void FrameBacklog::RecordWritten(size_t size) {
  SLUICE_CHECK(size <= this->size());
  sent_ += size;
  if (!empty()) return;
  // Given back, because most connections never need it again.
  bytes_ = std::vector<uint8_t>();
  sent_ = 0;
}

bool FrameBacklog::Push(ByteView datagram, size_t written) {
  const std::array<uint8_t, kFrameHeaderSize> header = FrameHeader(datagram.size());
  SLUICE_CHECK(written < header.size() + datagram.size());
  const size_t rest = header.size() + datagram.size() - written;
  if (size() + rest > kCapacity) return false;
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(sent_));
  sent_ = 0;
  const size_t of_header = std::min(written, header.size());
  bytes_.insert(bytes_.end(), header.begin() + static_cast<std::ptrdiff_t>(of_header),
                header.end());
  const ByteView body = datagram.subspan(written - of_header);
  bytes_.insert(bytes_.end(), body.begin(), body.end());
  return true;
}

}  // namespace sluice::ice
