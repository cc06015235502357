// Messages that wait until usrsctp takes them.
//
// usrsctp's own buffer is kept short, so that nearly all that waits, waits here: where it is known
// to which stream it belongs, where streams take turns, and where a message whose time is over can
// still be taken back at no cost to anybody.

#ifndef SLUICE_SCTP_SEND_QUEUE_H_
#define SLUICE_SCTP_SEND_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "base/time.h"
#include "sctp/message.h"

namespace sluice::sctp {

class SendQueue {
 public:
  struct Entry {
    Ppid ppid = Ppid::kBinary;
    Reliability reliability = {};
    std::optional<Timestamp> expires = std::nullopt;  // Of max_lifetime.
    std::vector<uint8_t> payload = {};
  };
  struct Head {
    StreamId stream;
    const Entry& entry;
  };

  void Push(StreamId stream, Entry entry);

  // The message whose turn it is: streams with something to say take turns, message by message.
  // Valid until the queue changes.
  std::optional<Head> Front() const;
  void PopFront();

  // Takes back the messages whose lifetime is over, `visit(StreamId, const Entry&)` each.
  template <typename Visit>
  void DropExpired(Timestamp now, Visit visit) {
    if (!earliest_expiry_ || now < *earliest_expiry_) return;
    earliest_expiry_.reset();
    for (auto stream = streams_.begin(); stream != streams_.end();) {
      std::deque<Entry> kept;
      for (Entry& entry : stream->second) {
        if (entry.expires && *entry.expires <= now) {
          visit(stream->first, std::as_const(entry));
          --size_;
        } else {
          earliest_expiry_ = Earlier(earliest_expiry_, entry.expires);
          kept.push_back(std::move(entry));
        }
      }
      stream->second = std::move(kept);
      stream = stream->second.empty() ? streams_.erase(stream) : std::next(stream);
    }
  }

  bool Has(StreamId stream) const { return streams_.contains(stream); }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  void Clear();

 private:
  std::map<StreamId, std::deque<Entry>> streams_;  // None of them empty.
  StreamId last_served_{0xffff};
  size_t size_ = 0;
  // Not after the first expiry of any entry.
  std::optional<Timestamp> earliest_expiry_;
};

}  // namespace sluice::sctp

#endif  // SLUICE_SCTP_SEND_QUEUE_H_
