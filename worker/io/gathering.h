// How long a turn of the loop waits for more to come before it sends.
//
// What one peer is owed leaves together, and a train of six packets costs little more than one
// packet (SendBatch). When there is little to do, nothing waits: a packet leaves when it comes. As
// load grows, a turn waits for a moment for two things that make trains: the rest of a picture
// whose first packets are here, and packets of others for the same receivers, if experience says
// that they come. It never waits for longer than the operator allows, and not at all once there is
// plenty.

#ifndef SLUICE_WORKER_IO_GATHERING_H_
#define SLUICE_WORKER_IO_GATHERING_H_

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "worker/engine/engine.h"

namespace sluice::worker {

// Which part of the time was spent working, of late.
class LoadMeter {
 public:
  // Long enough for the bursts of a video frame rate, short enough to follow a room that fills.
  static constexpr Duration kWindow = std::chrono::milliseconds(100);

  // `busy` of the time up to `now` was work.
  void Record(Timestamp now, Duration busy);
  // 0..1
  double load() const { return load_; }

 private:
  Timestamp since_{};
  Duration busy_{0};
  double load_ = 0;
};

class Gathering {
 public:
  // Below the first nothing waits; from the second on as long as it may.
  static constexpr double kIdle = 0.05;
  static constexpr double kLoaded = 0.3;
  // A picture's packets follow one another faster than this, or its sender has spread them out.
  static constexpr Duration kNext = std::chrono::microseconds(100);
  // Others are looked for this often.
  static constexpr Duration kStep = std::chrono::microseconds(500);
  // A turn with so many datagrams is long enough for the next to find plenty.
  static constexpr size_t kPlenty = 512;
  // Waiting for others is worth it if so many of the datagrams share their way with another.
  static constexpr double kWorthwhile = 0.15;
  // Whether it has become worthwhile is tried in one turn of so many.
  static constexpr int kTrial = 32;

  // `max_hold` zero: nothing ever waits.
  explicit Gathering(Duration max_hold) : max_hold_(max_hold) {}

  // A turn begins to gather at `now`.
  void Begin(Timestamp now);
  // How long to wait before looking again what has come. Zero: send.
  Duration Wait(Timestamp now, const Engine::Waiting& waiting);
  // The turn has stopped waiting at `now` and sent media as `departed` says.
  void End(Timestamp now, const Engine::Departed& departed);
  // The turn has ended, having worked for `busy`.
  void RecordBusy(Timestamp now, Duration busy) { meter_.Record(now, busy); }

  double load() const { return meter_.load(); }
  // How often and how long turns have waited.
  uint64_t holds() const { return holds_; }
  Duration held() const { return held_; }

 private:
  // What may be waited at this load.
  Duration Limit() const;

  const Duration max_hold_;
  LoadMeter meter_;
  Timestamp began_{};
  // When it was last looked.
  size_t before_ = 0;
  bool waited_ = false;
  bool for_others_ = false;
  // Which part of the datagrams shared their way, when others were waited for.
  double shared_ = 1;
  int skipped_ = 0;
  Engine::Departed departed_;
  uint64_t holds_ = 0;
  Duration held_{0};
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_GATHERING_H_
