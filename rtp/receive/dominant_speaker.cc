#include "rtp/receive/dominant_speaker.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <tuple>

namespace sluice::rtp {
namespace {

constexpr uint8_t kLoudest = 127;
// Loudness per step of the immediate activity: 127 in 13 steps.
constexpr int kStepSize = 10;
// Steps from which a slot counts as speech: -47 dBov and louder.
constexpr int kLoudSlot = 8;
// Loud slots that make a tenth of a second one of speech. One may be missing, because consonants
// are quiet.
constexpr int kLoudMedium = 4;
// Nobody gets the floor without so many of the last ten slots. A cough is shorter, and coughs that
// follow one another do not add up; two slots may be quiet, as consonants are.
constexpr int kShortestTurn = 8;
constexpr int kRecentMediums = 2;
// If the holder had none of the last fifteen slots and the next one so many, history counts no
// more. Pauses within a sentence mostly are shorter.
constexpr int kWholeTurn = 11;
constexpr int kTurnMediums = 3;

// The paper's thresholds for the ratio of scores: C1, C2, C3.
constexpr double kImmediateRatio = 3;
constexpr double kMediumRatio = 2;
constexpr double kLongRatio = 0;

// A floor above this is no background but somebody who speaks without a pause.
constexpr uint8_t kHighestFloor = 80;
// The floor rises no more often than this: every 15 s of packets of 20 ms.
constexpr uint16_t kFloorLevels = 750;
// A hole up to this long is a longer packet, a late or a lost one, and filled with what came after.
constexpr int64_t kFilledSlots = 6;

// RFC 6464 counts down from the loudest.
uint8_t LoudnessOf(AudioLevel level) {
  return static_cast<uint8_t>(kLoudest - std::min(level.level, kLoudest));
}

double LogBinomial(int n, int k) {
  double sum = 0;
  for (int i = 1; i <= k; ++i) sum += std::log(double{1} * (n - k + i) / i);
  return sum;
}

// The paper's equation 6: how much more likely `active` of `scores.size() - 1` parts are if
// somebody speaks, where each is active half of the time, than if nobody does, where activity dies
// out exponentially (`decay`). Never less than a small number, so that its logarithm exists.
void FillScores(std::span<double> scores, double decay) {
  constexpr double kLeast = 1e-10;
  const int parts = static_cast<int>(scores.size()) - 1;
  for (int active = 0; active <= parts; ++active) {
    const double score =
        LogBinomial(parts, active) + parts * std::log(0.5) - std::log(decay) + decay * active;
    scores[static_cast<size_t>(active)] = std::log(std::max(score, kLeast));
  }
}

}  // namespace

DominantSpeaker::Scores::Scores() {
  // The decays of the field (Jitsi, mediasoup), per span.
  FillScores(immediate, 0.78);
  FillScores(medium, 24);
  FillScores(long_term, 47);
}

DominantSpeaker::DominantSpeaker(const Options& options)
    : options_{std::clamp(options.interval, kMinInterval, kMaxInterval)} {}

void DominantSpeaker::Remove(AudioStreamKey speaker) {
  speakers_.Remove(speaker);
  if (dominant_ == speaker) dominant_.reset();
}

void DominantSpeaker::RecordLevel(Timestamp now, AudioStreamKey key, AudioLevel level) {
  Speaker* speaker = speakers_.Find(key);
  if (speaker == nullptr) return;
  const uint8_t loud = LoudnessOf(level);
  speaker->Record(now, loud);
  if (key == dominant_ || speaker->Activity(loud) < kLoudSlot) return;
  contested_until_ = now + kSlot * kSlots;
  if (!due_) due_ = now + kStep;
}

std::optional<AudioStreamKey> DominantSpeaker::Poll(Timestamp now) {
  if (!due_ || now < *due_) return std::nullopt;
  due_.reset();
  if (now < contested_until_) due_ = now + kStep;
  if (changed_ && now - *changed_ < options_.interval) return std::nullopt;
  const auto successor = FindSuccessor(now);
  if (!successor) return std::nullopt;
  dominant_ = successor;
  changed_ = now;
  return successor;
}

void DominantSpeaker::Speaker::Record(Timestamp now, uint8_t loud) {
  if (last_slot >= 0 && now - last > kSpeakerIdle) *this = Speaker();
  const int64_t slot = now.time_since_epoch() / kSlot;
  if (slot == last_slot) {
    uint8_t& same = loudness[static_cast<size_t>(slot % kSlots)];
    same = std::max(same, loud);
  }
  const int64_t gap = slot - last_slot;
  const bool filled = last_slot >= 0 && gap <= kFilledSlots;
  for (int64_t at = std::max(last_slot + 1, slot - kSlots + 1); at <= slot; ++at) {
    loudness[static_cast<size_t>(at % kSlots)] = filled || at == slot ? loud : uint8_t{0};
  }
  last_slot = slot;
  last = now;
  RecordFloor(loud);
}

// Falls at once to what is quieter, and creeps up to the quietest of the last while. Digital
// silence says nothing about the room.
void DominantSpeaker::Speaker::RecordFloor(uint8_t loud) {
  if (loud == 0) return;
  if (floor == 0 || loud < floor) {
    floor = loud;
    next_floor = 0;
    floor_age = 0;
    return;
  }
  next_floor = next_floor == 0 ? loud : std::min(next_floor, loud);
  if (++floor_age < kFloorLevels) return;
  floor = static_cast<uint8_t>(std::sqrt(double{1} * floor * next_floor));
  next_floor = 0;
  floor_age = 0;
}

int DominantSpeaker::Speaker::Activity(uint8_t loud) const {
  const int stands_out = std::min(floor, kHighestFloor) + kStepSize;
  return loud < stands_out ? 0 : loud / kStepSize;
}

int DominantSpeaker::Speaker::ActivityAt(int64_t now_slot, int age) const {
  const int64_t slot = now_slot - age;
  const int64_t idle = slot - last_slot;
  if (last_slot < 0 || idle > kLevelIdle / kSlot || idle <= -kSlots) return 0;
  return Activity(loudness[static_cast<size_t>(std::min(slot, last_slot) % kSlots)]);
}

DominantSpeaker::Activity DominantSpeaker::ActivityOf(const Speaker& speaker, int64_t now_slot) {
  Activity activity{.immediate = speaker.ActivityAt(now_slot, 0)};
  for (int tenth = 0; tenth < kMediumsPerLong; ++tenth) {
    int loud = 0;
    for (int i = 0; i < kSlotsPerMedium; ++i) {
      if (speaker.ActivityAt(now_slot, tenth * kSlotsPerMedium + i) >= kLoudSlot) ++loud;
    }
    if (tenth == 0) activity.medium = loud;
    if (tenth < kRecentMediums) activity.recent += loud;
    if (tenth < kTurnMediums) activity.turn += loud;
    if (loud >= kLoudMedium) ++activity.long_term;
  }
  return activity;
}

bool DominantSpeaker::TakesOver(const Activity& challenger, const Activity& holder) const {
  const auto beats = [](const auto& scores, int a, int b, double ratio) {
    return scores[static_cast<size_t>(a)] - scores[static_cast<size_t>(b)] > ratio;
  };
  return beats(scores_.immediate, challenger.immediate, holder.immediate, kImmediateRatio) &&
         beats(scores_.medium, challenger.medium, holder.medium, kMediumRatio) &&
         (beats(scores_.long_term, challenger.long_term, holder.long_term, kLongRatio) ||
          (holder.turn == 0 && challenger.turn >= kWholeTurn));
}

// The most active of those who would take over; of equals the one with the lowest key.
std::optional<AudioStreamKey> DominantSpeaker::FindSuccessor(Timestamp now) {
  const int64_t now_slot = now.time_since_epoch() / kSlot;
  Activity holder;
  if (dominant_) {
    if (const Speaker* speaker = speakers_.Find(*dominant_)) {
      holder = ActivityOf(*speaker, now_slot);
    }
  }
  std::optional<AudioStreamKey> best;
  Activity most;
  for (const auto& [key, speaker] : speakers_) {
    if (key == dominant_ || speaker.ActivityAt(now_slot, 0) == 0) continue;
    const Activity activity = ActivityOf(speaker, now_slot);
    if (activity.recent < kShortestTurn || !TakesOver(activity, holder)) continue;
    const auto order = [](const Activity& one) {
      return std::tuple(one.long_term, one.medium, one.immediate);
    };
    if (best && order(activity) <= order(most)) continue;
    best = key;
    most = activity;
  }
  return best;
}

}  // namespace sluice::rtp
