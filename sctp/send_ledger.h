// Who has how many bytes under way: the `bufferedAmount` of every stream.
//
// A byte is under way from the moment Send() accepted it until the peer has acknowledged it or it
// was given up. usrsctp tells only how much it holds altogether; the ledger remembers in which
// order it was given what, and takes it that what it gave up first was what it had got first. That
// is true of a stream, and nearly true of many.
//
// Deviation: a browser's bufferedAmount (W3C WebRTC §6.2) ends when a byte goes on the wire. Ours
// ends later by a round trip, which is when a sender who wants to send more may.

#ifndef SLUICE_SCTP_SEND_LEDGER_H_
#define SLUICE_SCTP_SEND_LEDGER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "sctp/message.h"

namespace sluice::sctp {

class SendLedger {
 public:
  // A message was accepted and waits in our queue.
  void RecordAccepted(StreamId stream, size_t bytes);
  // It left our queue, for usrsctp or for good.
  void RecordHandedOver(StreamId stream, size_t bytes);
  void RecordDropped(StreamId stream, size_t bytes) { Release(stream, bytes); }
  // What usrsctp holds now.
  void RecordHeld(size_t bytes);

  size_t amount(StreamId stream) const;
  size_t total() const { return total_; }
  // What usrsctp holds, as far as is known.
  size_t held() const { return held_; }
  size_t held_messages() const { return shares_.size(); }

  // From now on every fall from above `bytes` to it or below is told, by PollLow. Of streams
  // without a threshold nothing is told.
  void SetLowThreshold(StreamId stream, size_t bytes);
  void ForgetThreshold(StreamId stream) { thresholds_.erase(stream); }
  std::optional<StreamId> PollLow();

  // Nothing is under way any more; thresholds stay.
  void Clear();

 private:
  struct Share {
    StreamId stream;
    size_t bytes;
  };

  void Release(StreamId stream, size_t bytes);

  std::map<StreamId, size_t> amounts_;  // None of them zero.
  std::map<StreamId, size_t> thresholds_;
  std::deque<Share> shares_;  // Messages that usrsctp was given and has not given up.
  size_t total_ = 0;
  size_t held_ = 0;
  std::deque<StreamId> low_;  // Each at most once.
};

}  // namespace sluice::sctp

#endif  // SLUICE_SCTP_SEND_LEDGER_H_
