// One layer of one encoding: how many bits per second it takes, and how often its pictures come.
//
// Rates are those of a second that slides in steps of 100 ms, seen from above: they rise with what
// comes and sink slowly, so that who plans with them is not surprised by every swing. Key frames
// are spread over the seconds that follow them, as encoders make up for them and pacers send them.
// Below some three frames a second the window is as long as the frames are apart.

#ifndef SLUICE_RTP_RECEIVE_LAYER_METER_H_
#define SLUICE_RTP_RECEIVE_LAYER_METER_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "base/units.h"

namespace sluice::rtp {

class LayerMeter {
 public:
  static constexpr Duration kStep = std::chrono::milliseconds(100);
  static constexpr size_t kSteps = 10;
  // Each step takes this part of what is left of a key frame: two thirds of it within 2.4 s.
  static constexpr uint32_t kKeyShare = 24;
  // Each step takes this part of the rate away if nothing holds it up: half of it in 2 s.
  static constexpr int64_t kSinkShare = 30;
  // Above this distance between frames a second holds too few of them to tell a rate.
  static constexpr Duration kSlowGap = std::chrono::milliseconds(350);
  // Distances that are remembered. The second largest is the usual one: a single pause is none.
  static constexpr size_t kGaps = 4;

  struct Packet {
    uint32_t timestamp = 0;  // RTP timestamp: the same for all packets of a picture
    size_t bytes = 0;
    bool of_key_frame = false;
  };

  // Whether `timestamp` begins a picture after the one of `newest`, and is not merely late.
  static bool IsNewPicture(uint32_t timestamp, uint32_t newest);

  void Record(Timestamp now, const Packet& packet);

  // Zero before the first packet; sinks to zero once nothing comes any more.
  BitRate Rate(Timestamp now) const;
  // What of it are key frames, spread as above.
  BitRate KeyRate(Timestamp now) const;

  bool started() const { return started_; }
  Timestamp last_packet() const { return last_packet_; }
  // How far pictures are apart; zero as long as that is not known, before the third picture.
  Duration usual_gap() const;
  bool knows_gap() const { return gaps_seen_ >= 2; }

 private:
  void Advance(int64_t step);
  void RecordPicture(Timestamp now, uint32_t timestamp);
  uint32_t ProjectedMean() const;
  // In bits per second; `into_step` is how much of the newest step has passed.
  int64_t WindowRate(Duration into_step) const;
  BitRate FastRate(Timestamp now) const;

  std::array<uint32_t, kSteps> bytes_{};
  std::array<uint32_t, kGaps> gaps_us_{};
  int64_t newest_step_ = 0;
  int64_t sum_ = 0;       // of bytes_
  int64_t held_bps_ = 0;  // the rate seen from above, when newest_step_ began
  Timestamp first_packet_{};
  Timestamp last_packet_{};
  Timestamp last_picture_{};
  uint32_t key_bytes_ = 0;      // of key frames, not yet in bytes_
  uint32_t timestamp_ = 0;      // of the newest picture
  uint32_t picture_bytes_ = 0;  // of the newest picture
  uint32_t mean_bytes_ = 0;     // of the pictures before it
  uint8_t gaps_seen_ = 0;       // counts to kGaps
  uint8_t next_gap_ = 0;
  bool has_mean_ = false;
  bool started_ = false;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RECEIVE_LAYER_METER_H_
