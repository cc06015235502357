// Who holds the floor: Volfin and Cohen, "Dominant speaker identification for multipoint
// videoconferencing" (2012), as the field applies it, over the levels of RFC 6464.
//
// Each speaker is scored over three spans: the last moment, the last tenth of a second and the last
// second. Another one takes over when it is active now, has been for long enough to be no cough,
// and the one before is not. Whoever speaks keeps the floor against others who speak at the same
// time; whoever stops loses it to the next one, not to silence.
//
// Deviation: the paper compares the longest span alone, so that somebody who has just stopped after
// a long speech defends the floor for half a second. Here the next one needs no longer history if
// the one before has said nothing for a while, and one decides more often than `interval`, which
// bounds changes instead.

#ifndef SLUICE_RTP_RECEIVE_DOMINANT_SPEAKER_H_
#define SLUICE_RTP_RECEIVE_DOMINANT_SPEAKER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "rtp/packet/extensions.h"
#include "rtp/receive/audio_level_table.h"

namespace sluice::rtp {

class DominantSpeaker {
 public:
  static constexpr Duration kMinInterval{100'000};
  static constexpr Duration kMaxInterval{5'000'000};
  // How often one decides while somebody competes for the floor.
  static constexpr Duration kStep{50'000};
  // Without packets a speaker counts as loud as before for this long, then as silent.
  static constexpr Duration kLevelIdle{40'000};
  // After that without packets a speaker is as good as new.
  static constexpr Duration kSpeakerIdle{3'600'000'000};

  struct Options {
    Duration interval{300'000};  // the least between two changes, 100 ms to 5 s
  };

  DominantSpeaker() : DominantSpeaker(Options()) {}
  explicit DominantSpeaker(const Options& options);

  // False if there are too many speakers.
  bool Add(AudioStreamKey speaker) { return speakers_.Add(speaker); }
  // If it held the floor, nobody does until somebody speaks.
  void Remove(AudioStreamKey speaker);
  // One packet. Without the extension it is silence: AudioLevel(). Speakers never added are
  // ignored.
  void RecordLevel(Timestamp now, AudioStreamKey speaker, AudioLevel level);

  // When to decide next; nothing while nobody competes.
  std::optional<Timestamp> NextTimeout() const { return due_; }
  // The new dominant speaker, once per change.
  std::optional<AudioStreamKey> Poll(Timestamp now);

  std::optional<AudioStreamKey> dominant() const { return dominant_; }

 private:
  // The shortest span of the paper, a usual packet; the others are multiples of it.
  static constexpr Duration kSlot{20'000};
  static constexpr int kImmediateSteps = 13;  // N1: steps of loudness
  static constexpr int kSlotsPerMedium = 5;   // N2
  static constexpr int kMediumsPerLong = 10;  // N3
  static constexpr int kSlots = kSlotsPerMedium * kMediumsPerLong;

  struct Speaker {
    // By slot of time modulo kSlots, 0..127 with 127 as the loudest.
    std::array<uint8_t, kSlots> loudness{};
    int64_t last_slot = -1;  // the newest that is filled; none yet if negative
    Timestamp last;          // packet
    // The loudness that is there without speech, 0 while unknown; and the same of the current
    // stretch of time, `floor_age` levels long.
    uint8_t floor = 0;
    uint8_t next_floor = 0;
    uint16_t floor_age = 0;

    void Record(Timestamp now, uint8_t loud);
    void RecordFloor(uint8_t loud);
    // In steps of N1, 0 for what does not stand out from the floor.
    int Activity(uint8_t loud) const;
    int ActivityAt(int64_t now_slot, int age) const;
  };
  // How active somebody was over the three spans.
  struct Activity {
    int immediate = 0;  // steps of loudness, 0..13
    int medium = 0;     // loud slots of the last tenth of a second, 0..5
    int long_term = 0;  // loud tenths of the last second, 0..10
    int recent = 0;     // loud slots of the last 200 ms, 0..10
    int turn = 0;       // loud slots of the last 300 ms, 0..15

    bool operator==(const Activity&) const = default;
  };
  // The logarithms of the paper's scores by activity, which are all that is compared.
  struct Scores {
    std::array<double, kImmediateSteps + 1> immediate;
    std::array<double, kSlotsPerMedium + 1> medium;
    std::array<double, kMediumsPerLong + 1> long_term;
    Scores();
  };

  static Activity ActivityOf(const Speaker& speaker, int64_t now_slot);
  bool TakesOver(const Activity& challenger, const Activity& holder) const;
  std::optional<AudioStreamKey> FindSuccessor(Timestamp now);

  const Options options_;
  const Scores scores_;
  AudioLevelTable<Speaker> speakers_;
  std::optional<AudioStreamKey> dominant_;
  std::optional<Timestamp> changed_;
  std::optional<Timestamp> due_;
  Timestamp contested_until_;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RECEIVE_DOMINANT_SPEAKER_H_
