// Says at regular intervals who is loud, the loudest first, as an application shows it: bars beside
// names. Who holds the floor is DominantSpeaker's question, and who is heard LoudestFilter's.
//
// A stream's volume is the mean of its levels (RFC 6464) over the interval, each counted for as
// long as its packet lasts. A click is no volume: a stream must have been heard for a fifth of a
// second in all. Of two streams as good as equally loud, the one that was in front stays there.

#ifndef SLUICE_RTP_RECEIVE_AUDIO_LEVEL_RANKER_H_
#define SLUICE_RTP_RECEIVE_AUDIO_LEVEL_RANKER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/time.h"
#include "rtp/packet/extensions.h"
#include "rtp/receive/audio_level_table.h"

namespace sluice::rtp {

class AudioLevelRanker {
 public:
  static constexpr Duration kMinInterval{250'000};
  static constexpr Duration kMaxInterval{5'000'000};
  // More than anybody can read at a glance, and what a report has room for.
  static constexpr size_t kMaxEntries = 64;
  // How much louder a stream must be to overtake another: what nobody hears as a difference.
  static constexpr int kOvertakingMargin = 3;
  // A level speaks for the time since the packet before it, but not for more than a packet of a
  // browser can hold. What came after a pause speaks for a usual packet.
  static constexpr Duration kLongestPacket{120'000};
  static constexpr Duration kUsualPacket{20'000};
  // Ten packets of 20 ms; less where the interval is too short for it.
  static constexpr Duration kShortestVoice{200'000};

  // Out of range is brought into range.
  struct Options {
    Duration interval{1'000'000};
    size_t max_entries = 1;
    int threshold = -80;  // dBov, -127..0: below that is silence
  };
  struct Volume {
    AudioStreamKey stream = 0;
    int volume = 0;  // dBov, -127..0
    bool operator==(const Volume&) const = default;
  };
  // Nobody in it means that silence begins. It is said once and not in every interval.
  using Report = std::span<const Volume>;

  explicit AudioLevelRanker(const Options& options);

  // False if there are too many streams.
  bool Add(AudioStreamKey stream) { return streams_.Add(stream); }
  void Remove(AudioStreamKey stream) { streams_.Remove(stream); }
  // One packet. Without the extension it is silence: AudioLevel(). Streams never added are ignored.
  void RecordLevel(Timestamp now, AudioStreamKey stream, AudioLevel level);

  // The end of the interval, while there is anything to tell.
  std::optional<Timestamp> NextTimeout() const { return due_; }
  // What the interval that has ended was like; at most one report per interval. The list is valid
  // until the next call.
  std::optional<Report> Poll(Timestamp now);

 private:
  struct Stream {
    std::optional<Timestamp> last;  // packet
    int64_t sum = 0;                // level times microseconds, of this interval
    Duration heard{0};
    size_t rank = kMaxEntries;  // in the last report; kMaxEntries: not in it
  };
  struct Ranked {
    Volume volume;
    size_t last_rank = kMaxEntries;
  };

  std::optional<int> VolumeOf(const Stream& stream) const;
  void CollectLoudest();
  void Insert(const Ranked& candidate);
  void Order();
  void WriteReport();

  const Options options_;
  AudioLevelTable<Stream> streams_;
  std::optional<Timestamp> due_;
  bool silent_ = true;  // as far as has been told
  std::array<Ranked, kMaxEntries> ranked_{};
  std::array<Volume, kMaxEntries> report_{};
  size_t count_ = 0;  // of ranked_ and report_
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RECEIVE_AUDIO_LEVEL_RANKER_H_
