// What is known of each audio stream of a room, found by its key. Streams come and go rarely and
// are looked up with every packet, so they stand in order in one piece of memory: nothing is
// allocated but when a stream is added, and whoever visits them meets them in the same order in
// every run.

#ifndef SLUICE_RTP_RECEIVE_AUDIO_LEVEL_TABLE_H_
#define SLUICE_RTP_RECEIVE_AUDIO_LEVEL_TABLE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::rtp {

// The owner's name for a stream: any number that is no other stream's.
using AudioStreamKey = uint32_t;

template <typename State>
class AudioLevelTable {
 public:
  // Streams of one room that are compared with one another. More are not a conversation, and the
  // work per decision grows with them.
  static constexpr size_t kMaxStreams = 1024;

  struct Entry {
    AudioStreamKey key = 0;
    State state;
  };

  // False if there are too many. A stream that is there already stays as it is.
  bool Add(AudioStreamKey key, const State& state = {}) {
    const auto at = LowerBound(key);
    if (at != entries_.end() && at->key == key) return true;
    if (entries_.size() >= kMaxStreams) return false;
    entries_.insert(at, {key, state});
    return true;
  }

  // False if there is no such stream.
  bool Remove(AudioStreamKey key) {
    const auto at = LowerBound(key);
    if (at == entries_.end() || at->key != key) return false;
    entries_.erase(at);
    return true;
  }

  // Valid until the next Add or Remove; null if there is no such stream.
  State* Find(AudioStreamKey key) {
    const auto at = LowerBound(key);
    return at == entries_.end() || at->key != key ? nullptr : &at->state;
  }

  // By key, ascending.
  auto begin() { return entries_.begin(); }
  auto end() { return entries_.end(); }
  size_t size() const { return entries_.size(); }

 private:
  auto LowerBound(AudioStreamKey key) {
    return std::ranges::lower_bound(entries_, key, {}, &Entry::key);
  }

  std::vector<Entry> entries_;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RECEIVE_AUDIO_LEVEL_TABLE_H_
