#include "dtls/datagram_bio.h"

#include <openssl/bio.h>

#include <algorithm>
#include <utility>

namespace sluice::dtls {

// The functions OpenSSL calls, and the table in which it finds them.
struct DatagramBioMethod {
  static DatagramQueue& QueueOf(BIO* bio) {
    return *static_cast<DatagramQueue*>(BIO_get_data(bio));
  }

  static int Create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }

  static int Write(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    if (data == nullptr || size <= 0) return 0;
    QueueOf(bio).Push({reinterpret_cast<const uint8_t*>(data), static_cast<size_t>(size)});
    return size;  // Always: a network that loses a datagram does not say so either.
  }

  static int Read(BIO* bio, char* out, int size) {
    BIO_clear_retry_flags(bio);
    if (out == nullptr || size <= 0) return 0;
    const size_t count =
        QueueOf(bio).Read({reinterpret_cast<uint8_t*>(out), static_cast<size_t>(size)});
    if (count > 0) return static_cast<int>(count);
    BIO_set_retry_read(bio);
    return -1;
  }

  static long Control(BIO* bio, int command, long, void*) {
    switch (command) {
      case BIO_CTRL_FLUSH:
        return 1;
      case BIO_CTRL_DGRAM_QUERY_MTU:
      case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
        return static_cast<long>(QueueOf(bio).mtu_);
      case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT:
        QueueOf(bio).timer_changed_ = true;
        return 1;
      default:
        return 0;
    }
  }

  static BIO_METHOD* Make() {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams");
    if (method == nullptr) return nullptr;
    BIO_meth_set_create(method, Create);
    BIO_meth_set_write(method, Write);
    BIO_meth_set_read(method, Read);
    BIO_meth_set_ctrl(method, Control);
    return method;
  }
};

BioPtr DatagramQueue::NewBio() {
  // One table for the life of the process, as OpenSSL's own methods are.
  static BIO_METHOD* const method = DatagramBioMethod::Make();
  if (method == nullptr) return nullptr;
  BioPtr bio(BIO_new(method));
  if (bio) BIO_set_data(bio.get(), this);
  return bio;
}

size_t DatagramQueue::Pop(ByteSpan out) {
  while (!outgoing_.empty()) {
    const std::vector<uint8_t> datagram = std::move(outgoing_.front());
    outgoing_.erase(outgoing_.begin());
    if (outgoing_.empty()) outgoing_.shrink_to_fit();
    if (datagram.size() <= out.size()) {
      std::ranges::copy(datagram, out.begin());
      return datagram.size();
    }
    drops_.Count(DropReason::kTooLarge);
  }
  return 0;
}

void DatagramQueue::RepeatFlight() {
  for (const std::vector<uint8_t>& datagram : flight_) {
    if (outgoing_.size() < kMaxQueued) {
      outgoing_.push_back(datagram);
    } else {
      drops_.Count(DropReason::kQueueFull);
    }
  }
}

bool DatagramQueue::TakeTimerChanged() { return std::exchange(timer_changed_, false); }

void DatagramQueue::Push(ByteView datagram) {
  if (mark_) flight_.clear();
  mark_ = false;
  if (outgoing_.size() >= kMaxQueued || flight_.size() >= kMaxQueued) {
    drops_.Count(DropReason::kQueueFull);
    return;
  }
  flight_.emplace_back(datagram.begin(), datagram.end());
  outgoing_.emplace_back(datagram.begin(), datagram.end());
}

size_t DatagramQueue::Read(ByteSpan out) {
  const size_t count = std::min(out.size(), incoming_.size());
  std::ranges::copy(incoming_.first(count), out.begin());
  incoming_ = {};
  return count;
}

}  // namespace sluice::dtls
