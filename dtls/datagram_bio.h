// What OpenSSL takes for its socket: one incoming record at a time, and a bounded queue of outgoing
// datagrams whose boundaries are kept.
//
// OpenSSL's own memory BIO is a stream and would run datagrams together.

#ifndef SLUICE_DTLS_DATAGRAM_BIO_H_
#define SLUICE_DTLS_DATAGRAM_BIO_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/drop_reason.h"
#include "dtls/openssl_deleter.h"

namespace sluice::dtls {

class DatagramQueue {
 public:
  // More than any handshake has in flight: our certificate makes a flight of one or two datagrams,
  // and the owner drains after every call. Beyond it datagrams are lost, which DTLS can bear.
  static constexpr size_t kMaxQueued = 32;

  // Both outlive the queue: `drops` counts what was lost for want of room.
  DatagramQueue(size_t mtu, DropCounters& drops) : mtu_(mtu), drops_(drops) {}

  DatagramQueue(const DatagramQueue&) = delete;
  DatagramQueue& operator=(const DatagramQueue&) = delete;

  // A new BIO over this queue, which it must not outlive. Null if OpenSSL is out of memory.
  BioPtr NewBio();

  // What the next read will return, in one piece; whatever it has no room for is gone, as with a
  // socket. The bytes must stay where they are until then.
  void SetIncoming(ByteView bytes) { incoming_ = bytes; }

  // Writes the oldest outgoing datagram into `out`, or returns zero. One that does not fit is lost.
  size_t Pop(ByteSpan out);
  bool empty() const { return outgoing_.empty(); }
  void Clear() { outgoing_.clear(); }

  // Whatever OpenSSL writes next begins a new flight.
  void MarkFlight() { mark_ = true; }

  // Sends the last flight again, byte for byte. Networks duplicate datagrams, so a peer must bear
  // it; but one that has processed a record ignores it the second time, where OpenSSL's own
  // retransmission, in new records, would make it answer.
  void RepeatFlight();
  // There will be no need to.
  void ForgetFlight() {
    flight_.clear();
    flight_.shrink_to_fit();
  }

  // True once after OpenSSL has started or stopped its retransmission timer.
  bool TakeTimerChanged();

 private:
  friend struct DatagramBioMethod;

  void Push(ByteView datagram);
  size_t Read(ByteSpan out);

  const size_t mtu_;
  DropCounters& drops_;
  ByteView incoming_;
  std::vector<std::vector<uint8_t>> outgoing_;  // a handful; nothing once they have left
  std::vector<std::vector<uint8_t>> flight_;
  bool mark_ = true;
  bool timer_changed_ = false;
};

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_DATAGRAM_BIO_H_
