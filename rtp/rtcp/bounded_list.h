// A list with room for N values inside itself.
//
// RTCP is parsed while media flows, so nothing it is parsed into may allocate, and every count in
// it comes from a stranger, so every list has a limit. This is the list for both.

#ifndef SLUICE_RTP_RTCP_BOUNDED_LIST_H_
#define SLUICE_RTP_RTCP_BOUNDED_LIST_H_

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/check.h"

namespace sluice::rtp {

template <typename T, size_t N>
class BoundedList {
 public:
  // False, and nothing added, if the list is full.
  bool push_back(const T& value) {
    if (full()) return false;
    items_[size_++] = value;
    return true;
  }

  void clear() { size_ = 0; }

  static constexpr size_t capacity() { return N; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == N; }

  T* begin() { return items_.data(); }
  T* end() { return items_.data() + size_; }
  const T* begin() const { return items_.data(); }
  const T* end() const { return items_.data() + size_; }
  T& back() {
    SLUICE_DCHECK(size_ > 0);
    return items_[size_ - 1];
  }
  const T& operator[](size_t index) const {
    SLUICE_DCHECK(index < size_);
    return items_[index];
  }

  bool operator==(const BoundedList& other) const {
    return std::equal(begin(), end(), other.begin(), other.end());
  }

 private:
  std::array<T, N> items_{};
  size_t size_ = 0;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RTCP_BOUNDED_LIST_H_
