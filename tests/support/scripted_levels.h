// Audio levels as a script: who is how loud from when until when, a packet every 20 ms each.
//
// Levels waver by themselves, as those of real voices and rooms do, by a fixed rule: one script is
// one history.

#ifndef SLUICE_TESTS_SUPPORT_SCRIPTED_LEVELS_H_
#define SLUICE_TESTS_SUPPORT_SCRIPTED_LEVELS_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "base/time.h"
#include "rtp/packet/extensions.h"

namespace sluice::test {

class ScriptedLevels {
 public:
  static constexpr Duration kPacket{20'000};

  // How loud a stream is when nothing else is said, in dBov, and how far it wavers.
  void AddStream(uint32_t key, int background = -127, int waver = 0) {
    streams_[key] = {background, waver, {}};
  }
  // Later sounds drown earlier ones.
  void AddSound(uint32_t key, Duration from, Duration length, int level, int waver = 0) {
    streams_[key].sounds.push_back({from, from + length, level, waver});
  }
  // No packets at all for a while.
  void AddPause(uint32_t key, Duration from, Duration length) {
    streams_[key].sounds.push_back({from, from + length, kNoPacket, 0});
  }

  // Goes on where it stopped: calls `record(now, key, level)` for every packet and `after(now)` for
  // every 20 ms.
  template <typename Record, typename After>
  void Run(Duration length, Record record, After after) {
    for (const Duration end = at_ + length; at_ < end; at_ += kPacket) {
      const Timestamp now = kStart + at_;
      for (auto& [key, stream] : streams_) {
        const int level = LevelAt(stream, at_);
        if (level == kNoPacket) continue;
        record(now, key, rtp::AudioLevel{.level = static_cast<uint8_t>(-level)});
      }
      after(now);
    }
  }

  // Of the script's beginning; not zero, as no worker's clock is.
  static constexpr Timestamp kStart{Duration(5'000'000)};

 private:
  static constexpr int kNoPacket = 1;

  struct Sound {
    Duration from, until;
    int level, waver;
  };
  struct Stream {
    int background = -127, waver = 0;
    std::vector<Sound> sounds;
  };

  int LevelAt(const Stream& stream, Duration at) {
    int level = stream.background, waver = stream.waver;
    for (const Sound& sound : stream.sounds) {
      if (at < sound.from || at >= sound.until) continue;
      level = sound.level;
      waver = sound.waver;
    }
    if (level == kNoPacket) return level;
    noise_ = noise_ * 1664525 + 1013904223;
    const int moved = waver == 0 ? 0 : static_cast<int>(noise_ >> 16) % (2 * waver + 1) - waver;
    return std::clamp(level + moved, -127, 0);
  }

  std::map<uint32_t, Stream> streams_;
  Duration at_{0};
  uint32_t noise_ = 1;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_SCRIPTED_LEVELS_H_
