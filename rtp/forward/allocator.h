// Shares what a path can carry among the video consumers of one transport.
//
// First everybody gets its lowest layer, by descending priority; then, round after round, a
// consumer of priority p may take up to p more steps, until nobody can use what is left. Preferred
// layers are upper bounds. Only what lives is given.
//
// Going down is at once, going up is slow: it needs headroom, a layer that has lived for a while,
// and some time since the last time it went wrong. If it went wrong soon after going up, on a path
// that is much the same, the sum that did not fit is not tried again for a minute, by nobody.
//
// Not an estimator: it believes the rate it is told, and the catalogs of the producers.

#ifndef SLUICE_RTP_FORWARD_ALLOCATOR_H_
#define SLUICE_RTP_FORWARD_ALLOCATOR_H_

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/time.h"
#include "base/units.h"
#include "rtp/forward/layer.h"
#include "rtp/receive/layer_catalog.h"

namespace sluice::rtp {

class Allocator {
 public:
  // Consumers of one transport; what is requested beyond is left out.
  static constexpr size_t kMaxConsumers = 2000;
  // What must be free beyond the sum, in percent of it, before anybody goes up.
  static constexpr int64_t kHeadroomPercent = 10;
  // Encoders start and stop layers as their own path changes.
  static constexpr Duration kLayerAge = std::chrono::seconds(2);
  // A consumer that has just come, or has just been granted more, takes what there is without
  // waiting for a layer's age: at the start of a call all layers are young, and a layer that was
  // asked for has been started for it.
  static constexpr Duration kStartSpan = std::chrono::seconds(1);
  static constexpr Duration kWishSpan = std::chrono::seconds(5);
  // After it had to go down a consumer stays down for so long; twice as long each time it flaps.
  static constexpr Duration kFirstHold = std::chrono::seconds(5);
  static constexpr Duration kLastHold = std::chrono::seconds(40);
  // After it was paused: no picture is worse than a poor one.
  static constexpr Duration kPauseHold = std::chrono::seconds(2);
  // A layer that had to be given up so soon after it was taken has flapped, unless less than half
  // of what the path carried then is left: that is another path.
  static constexpr Duration kFlapSpan = std::chrono::seconds(60);
  // The sum at which it flapped, less some percent, is the ceiling for so long; for twice as long
  // if the next attempt flaps as well. It is lifted once half as much again is available as then,
  // or less than half of it: then the path itself has changed.
  static constexpr Duration kFirstCeiling = std::chrono::seconds(60);
  static constexpr Duration kLastCeiling = std::chrono::seconds(240);
  static constexpr int64_t kCeilingPercent = 95;
  static constexpr int64_t kLiftPercent = 150;
  // Bit rates of layers swing. What a layer takes beyond what it was granted with counts only
  // after this time; until then the pacer's queue bears it.
  static constexpr Duration kSwing = std::chrono::seconds(2);
  // Under pressure the sum sinks to this part of itself, but nobody is paused; a queue that was too
  // long then gets some time to drain.
  static constexpr int64_t kPressurePercent = 85;
  static constexpr Duration kPressureSpan = std::chrono::seconds(1);

  struct Request {
    uint32_t consumer = 0;
    uint8_t priority = 1;  // 1..255
    // Upper bounds. If nothing within them lives, the lowest beyond is taken.
    LayerId preferred{kMaxSpatialLayers - 1, kMaxTemporalLayers - 1};
    std::span<const LayerCatalog::Offer> offers;
    // By the application. It gets nothing and no decision, and starts anew afterwards.
    bool paused = false;
  };

  enum class Reason : uint8_t {
    kNone,
    kStart,      // the first layer
    kPreferred,  // the application's wish has changed
    kBandwidthUp,
    kBandwidthDown,  // the sum no longer fits
    kLayerVanished,
    kLayerBack,          // the one that had vanished
    kLayerNew,           // one that has come to live since
    kPausedNoBandwidth,  // not even the lowest layer fits
    kResumed,            // after that
    kPressure,           // what was sent queued up
    kShared,             // another's claim came first, or one of lower priority yielded
    kRenamed,            // the same layer has another place among the sizes
  };
  static std::string_view Name(Reason reason);

  struct Decision {
    uint32_t consumer = 0;
    // Nothing: paused.
    std::optional<LayerTarget> target;
    std::optional<LayerId> layer;
    Reason reason = Reason::kNone;
  };

  // The consumer has gone.
  void Remove(uint32_t consumer);

  // What went wrong lately did not because of what was sent: nobody is held down for it any longer.
  void LiftHolds();

  // `available` is the estimate less what sound takes; nothing if no bound is known. `pressure`
  // says that the pacer's queue has become too long. Returned are changes only, by descending
  // priority; valid until the next call. A consumer none of whose layers lives keeps what it has;
  // one that has nothing yet gets no decision.
  std::span<const Decision> Allocate(Timestamp now, std::optional<BitRate> available,
                                     std::span<const Request> requests, bool pressure = false);

  // What all preferred layers that live take together, and the headroom: the goal of probing.
  BitRate desired() const { return desired_; }
  // What the layers given take together, as measured.
  BitRate allocated() const { return allocated_; }

  // When waiting ends for somebody who wants more; nothing if nobody waits.
  std::optional<Timestamp> NextTimeout() const { return next_timeout_; }

 private:
  // Positions are indices of a request's offers; kNone stands below the first.
  static constexpr int kNone = -1;
  static constexpr int kTop = LayerCatalog::kMaxOffers;

  // What is remembered of a consumer.
  struct State {
    // What it has: nothing at the start, and while it is paused for want of bandwidth.
    std::optional<LayerTarget> target;
    LayerId layer;
    LayerId preferred;
    // Where it was when its layer vanished, until it is back there.
    std::optional<LayerTarget> lost;
    // What its layer is charged with, see kSwing.
    int64_t charged = 0;
    std::optional<Timestamp> over_since;
    // When it first might have had something.
    std::optional<Timestamp> started;
    // When it last went up, and what was available then; zero if that was not known.
    std::optional<Timestamp> raised;
    int64_t raised_at = 0;
    Timestamp hold_until{};
    Duration hold = kFirstHold;
    // What it flapped with; not tried again while the ceiling stands, though its rate may sink.
    std::optional<LayerId> failed;
    // When it was last granted more by the application.
    std::optional<Timestamp> wished;
    bool known = false;    // has been requested, and was not paused since
    bool starved = false;  // is paused for want of bandwidth
  };

  // One request on its way through a call.
  struct Claim {
    const Request* request = nullptr;
    State* state = nullptr;
    uint32_t usable = 0;   // bits: what lives and is preferred
    uint32_t allowed = 0;  // bits: what of it may be taken now
    int held = kNone;      // what it has, or the nearest to it that is usable
    int raised = kNone;    // its share with headroom
    int kept = kNone;      // its share without
    int target = kNone;
    int64_t charge = 0;             // for what is held
    int steps = 0;                  // left in this round
    Reason forced = Reason::kNone;  // why what is held is not what it has
  };
  // What a position costs: as measured, or as charged if it is what is held.
  enum class Costing : uint8_t { kMeasured, kCharged };

  struct Climbing {
    int limit = 0;  // the highest position that may be reached
    Costing costing = Costing::kMeasured;
  };

  static bool Contains(uint32_t bits, int position) {
    return position >= 0 && (bits >> position & 1) != 0;
  }
  // kNone if there is none.
  static int Lowest(uint32_t bits) { return bits == 0 ? kNone : std::countr_zero(bits); }
  static int Highest(uint32_t bits) { return static_cast<int>(std::bit_width(bits)) - 1; }
  static int PriorityOf(const Claim& claim) { return std::max<int>(claim.request->priority, 1); }
  static int64_t CostOf(const Claim& claim, int position, Costing costing);
  static int64_t RestingCost(const Claim& claim);

  void Gather(Timestamp now, std::span<const Request> requests);
  void Assess(Timestamp now, Claim& claim);
  void FindUsable(Claim& claim) const;
  // A larger picture is no gain at less than its frame rate, where a smaller one has more; and each
  // change of size may cost everybody a key frame.
  static void LeaveOutSlow(Claim& claim);
  void FindHeld(Claim& claim) const;
  void FindAllowed(Timestamp now, Claim& claim);
  void Charge(Timestamp now, Claim& claim);

  void SetBudgets(Timestamp now, bool pressure);
  void LiftCeiling(Timestamp now);
  int64_t PressedBudget() const;
  int64_t Total(int Claim::*position, Costing costing) const;

  // Everybody's best, if that is not too much; false if it is.
  bool GiveBest();
  void Share(int64_t budget, Costing costing, int Claim::*share);
  static bool Climb(Claim& claim, Climbing climbing, int Claim::*share, int64_t& left);
  void ChooseTargets();
  void GrantHeadroom(int climbers_priority);
  void YieldToHigher();
  void GoDown();
  // What its target costs beyond its share.
  static int64_t Surplus(const Claim& claim);
  // The claims of one priority, by their beginning or their end.
  size_t EndOfEquals(size_t begin) const;
  size_t BeginOfEquals(size_t end) const;

  void Conclude(Timestamp now);
  Reason ReasonOf(Timestamp now, const Claim& claim) const;
  void Apply(Timestamp now, Claim& claim, Reason reason);
  void RecordDown(Timestamp now, const Claim& claim, Reason reason);
  // `available` is what it was thought to fit into.
  void RecordFlap(Timestamp now, int64_t available);

  absl::flat_hash_map<uint32_t, State> states_;
  // By descending priority, then by consumer.
  std::vector<Claim> claims_;
  std::vector<Decision> decisions_;
  // For the call that runs, in bits per second.
  int64_t available_ = 0;  // zero if not known
  int64_t resting_ = 0;    // what those take of whom nothing lives
  int64_t held_total_ = 0;
  int64_t raise_budget_ = 0;
  int64_t keep_budget_ = 0;
  bool pressed_now_ = false;
  bool frozen_ = false;  // under pressure nobody goes up
  // Over calls.
  std::optional<int64_t> ceiling_;
  int64_t lift_at_ = 0;
  Timestamp ceiling_until_{-kFlapSpan};
  Duration ceiling_span_ = kFirstCeiling;
  std::optional<Timestamp> pressed_;
  BitRate desired_;
  BitRate allocated_;
  std::optional<Timestamp> next_timeout_;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_FORWARD_ALLOCATOR_H_
