// Which audio streams of a room are forwarded when only the loudest few are: hundreds of open
// microphones then cost each listener no more than three or four streams.
//
// Streams compete for places. A stream takes a place with the very packet that is louder than the
// quietest holder by a margin, so that no word loses its beginning. A holder counts as loud as it
// was for a while after it falls silent (AudioLevelMeter), so that nobody loses the place between
// two words. As long as there are free places every stream that sends gets one.

#ifndef SLUICE_RTP_RECEIVE_LOUDEST_FILTER_H_
#define SLUICE_RTP_RECEIVE_LOUDEST_FILTER_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "rtp/packet/extensions.h"
#include "rtp/receive/audio_level_meter.h"
#include "rtp/receive/audio_level_table.h"

namespace sluice::rtp {

class LoudestFilter {
 public:
  // What browsers mix without effort; nobody follows more voices.
  static constexpr size_t kMaxPlaces = 16;

  // Out of range is brought into range.
  struct Options {
    size_t places = 3;  // 1..16
    // How much louder than the quietest holder a stream must be, in dB: more than the level of a
    // steady noise moves by itself.
    int margin = 6;
    // Nobody takes a place from another with less than this, in dBov: a breath is no speech.
    int floor = -70;
  };

  LoudestFilter() : LoudestFilter(Options()) {}
  explicit LoudestFilter(const Options& options);

  // False if there are too many streams.
  bool Add(AudioStreamKey stream) { return streams_.Add(stream); }
  // Its place becomes free.
  void Remove(AudioStreamKey stream);

  // One packet; true if it is to be forwarded. Without the extension it is silence: AudioLevel().
  // Streams never added are not forwarded.
  bool RecordLevel(Timestamp now, AudioStreamKey stream, AudioLevel level);
  bool IsForwarded(AudioStreamKey stream) const;

  size_t forwarded() const { return holder_count_; }
  // How often a place went from one stream to another.
  uint64_t changes() const { return changes_; }

 private:
  struct Stream {};
  struct Holder {
    AudioStreamKey stream = 0;
    AudioLevelMeter meter;
  };

  Holder* FindHolder(AudioStreamKey stream);
  Holder& Quietest(Timestamp now);

  const Options options_;
  AudioLevelTable<Stream> streams_;
  std::array<Holder, kMaxPlaces> holders_;
  size_t holder_count_ = 0;
  uint64_t changes_ = 0;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RECEIVE_LOUDEST_FILTER_H_
