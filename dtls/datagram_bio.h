// What OpenSSL takes for its socket: one incoming record or datagram at a time, and a bounded queue
// of outgoing datagrams whose boundaries are kept.
//
// OpenSSL's own memory BIO is a stream and would run datagrams together.

#ifndef SLUICE_DTLS_DATAGRAM_BIO_H_
#define SLUICE_DTLS_DATAGRAM_BIO_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "dtls/openssl_deleter.h"

namespace sluice::dtls {

class DatagramQueue {
 public:
  // More than any handshake has in flight: our certificate makes a flight of one or two datagrams,
  // and the owner drains after every call. Beyond it datagrams are lost, which DTLS can bear.
  static constexpr size_t kMaxQueued = 32;

  explicit DatagramQueue(size_t mtu) : mtu_(mtu) {}

  // A new BIO over this queue. The queue must outlive it and must not move.
  BioPtr NewBio();

  // What the next read will return, all in one piece. Whatever of the bytes before was not read is
  // gone. The bytes must stay where they are until the next call or read.
  void SetIncoming(ByteView bytes) { incoming_ = bytes; }

  // Writes the oldest outgoing datagram into `out`, or returns zero. One that does not fit is lost.
  size_t Pop(ByteSpan out);
  bool empty() const { return outgoing_.empty(); }
  void Clear() { outgoing_.clear(); }

  // The datagrams OpenSSL has written since MarkFlight(), and once more what they were: a network
  // may duplicate a datagram, and so may we.
  void MarkFlight() { flight_is_open_ = true; }
  void RepeatFlight();

  // True once after OpenSSL has started or stopped its retransmission timer.
  bool TakeTimerChanged();

  uint64_t lost() const { return lost_; }  // Did not fit into the queue or into `out`.

 private:
  friend struct DatagramBioMethod;

  bool Push(ByteView datagram);
  size_t Read(ByteSpan out);

  const size_t mtu_;
  ByteView incoming_;
  std::deque<std::vector<uint8_t>> outgoing_;
  std::vector<std::vector<uint8_t>> flight_;
  bool flight_is_open_ = false;
  bool timer_changed_ = false;
  uint64_t lost_ = 0;
};

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_DATAGRAM_BIO_H_
