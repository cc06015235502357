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
  // waiting for a layer's age: at the start of a call all layers are young.
  static constexpr Duration kStartSpan = std::chrono::seconds(1);
  static constexpr Duration kWishSpan = std::chrono::seconds(5);
  // After it had to go down a consumer stays down for so long.
  static constexpr Duration kHold = std::chrono::seconds(5);
  // A layer that had to be given up so soon after it was taken has flapped.
  static constexpr Duration kFlapSpan = std::chrono::seconds(60);
  // For so long the sum at which it flapped is not tried again; doubled if it flaps once more.
  static constexpr Duration kFirstCeiling = std::chrono::seconds(60);
  static constexpr Duration kLastCeiling = std::chrono::seconds(240);
  // Bit rates of layers swing. What a layer takes beyond what it was granted with counts only
  // after this time; until then the pacer's queue bears it.
  static constexpr Duration kSwing = std::chrono::seconds(2);
  // A queue that was too long needs so much time to drain.
  static constexpr Duration kPressureSpan = std::chrono::seconds(1);

  struct Request {
    uint32_t consumer = 0;
    uint8_t priority = 1;  // 1..255
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
    kLayerBack,
    kPausedNoBandwidth,  // not even the lowest layer fits
    kResumed,            // after that
    kPressure,           // what was sent queued up
    kShared,             // another consumer's claim came first
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
  static constexpr size_t kNone = SIZE_MAX;

  // What is remembered of a consumer.
  struct State {
    // What it has; nothing at the start and while it is paused for want of bandwidth.
    std::optional<LayerTarget> target;
    LayerId layer;
    LayerId preferred;
    // Where it was when its layer vanished, until that is back.
    std::optional<LayerTarget> lost;
    // What the layer is charged with, see kSwing.
    BitRate charged;
    std::optional<Timestamp> over_since;
    Timestamp started{};
    std::optional<Timestamp> raised;  // the last time it went up
    BitRate raised_at;                // what was available then
    std::optional<Timestamp> hold_until;
    std::optional<Timestamp> wished;  // the last time it was granted more
    bool seen = false;                // requested before, and not paused since
    bool starved = false;             // paused for want of bandwidth
  };

  // One request on its way through a call. Positions are indices of its offers; kNone is nothing.
  struct Claim {
    const Request* request = nullptr;
    State* state = nullptr;
    size_t held = kNone;  // what it has, or what is nearest to it of what it may have
    size_t best = kNone;  // what it prefers of what lives
    size_t target = kNone;
    size_t kept = kNone;            // its share without headroom
    size_t raised = kNone;          // its share with headroom
    bool resting = false;           // nothing of it lives: it keeps what it has
    Reason forced = Reason::kNone;  // why `held` is not what it had
  };

  void Prepare(Timestamp now, std::span<const Request> requests);
  Claim Assess(Timestamp now, const Request& request, State& state);
  // ...
  absl::flat_hash_map<uint32_t, State> states_;
  std::vector<Claim> claims_;
  std::vector<Decision> decisions_;
  std::optional<BitRate> ceiling_;
  Timestamp ceiling_until_{};
  Duration ceiling_span_ = kFirstCeiling;
  std::optional<Timestamp> pressed_;
  BitRate desired_;
  BitRate allocated_;
  std::optional<Timestamp> next_timeout_;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_FORWARD_ALLOCATOR_H_
