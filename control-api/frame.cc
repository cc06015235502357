#include "control-api/frame.h"

#include <algorithm>

namespace sluice::control {
namespace {

// A frame beyond this size is rare, so its memory is given back instead of being kept for the next.
constexpr size_t kKeptCapacity = size_t{64} << 10;

FrameBytes Take(FrameBytes& bytes, size_t count) {
  const FrameBytes taken = bytes.first(std::min(count, bytes.size()));
  bytes = bytes.subspan(taken.size());
  return taken;
}

}  // namespace

std::array<uint8_t, kFrameHeaderSize> FrameHeader(size_t size) {
  std::array<uint8_t, kFrameHeaderSize> header;
  for (uint8_t& byte : header) {
    byte = static_cast<uint8_t>(size & 0xff);
    size >>= 8;
  }
  return header;
}

bool AppendFrame(FrameBytes frame, std::vector<uint8_t>& out) {
  if (frame.size() > kMaxFrameSize) return false;
  const auto header = FrameHeader(frame.size());
  out.insert(out.end(), header.begin(), header.end());
  out.insert(out.end(), frame.begin(), frame.end());
  return true;
}

std::optional<FrameBytes> FrameReader::Next(FrameBytes& bytes) {
  if (failed_) return std::nullopt;
  if (header_size_ < kFrameHeaderSize) ReadHeader(bytes);
  if (header_size_ < kFrameHeaderSize || failed_) return std::nullopt;
  ReadBody(bytes);
  if (body_.size() < announced_) return std::nullopt;
  // The next frame starts with its header; body_ stays untouched until that one is whole.
  header_size_ = 0;
  return FrameBytes(body_);
}

void FrameReader::ReadHeader(FrameBytes& bytes) {
  const FrameBytes part = Take(bytes, kFrameHeaderSize - header_size_);
  std::copy(part.begin(), part.end(), header_.begin() + static_cast<std::ptrdiff_t>(header_size_));
  header_size_ += part.size();
  if (header_size_ < kFrameHeaderSize) return;

  announced_ = 0;
  for (size_t i = kFrameHeaderSize; i-- > 0;) announced_ = announced_ << 8 | header_[i];
  failed_ = announced_ > kMaxFrameSize;
  if (body_.capacity() > kKeptCapacity) {
    body_ = std::vector<uint8_t>();
  } else {
    body_.clear();
  }
}

void FrameReader::ReadBody(FrameBytes& bytes) {
  const FrameBytes part = Take(bytes, announced_ - body_.size());
  body_.insert(body_.end(), part.begin(), part.end());
}

}  // namespace sluice::control
