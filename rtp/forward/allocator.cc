#include "rtp/forward/allocator.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace sluice::rtp {
namespace {

// No layer takes more; sums of two thousand of them do not overflow.
constexpr int64_t kMostBps = 1'000'000'000'000;
constexpr int64_t kUnbounded = std::numeric_limits<int64_t>::max() / 1000;

int64_t RateOf(const LayerCatalog::Offer& offer) {
  return std::clamp<int64_t>(offer.rate.bps(), 0, kMostBps);
}

bool IsWithin(LayerId layer, LayerId bounds) {
  return layer.spatial <= bounds.spatial && layer.temporal <= bounds.temporal;
}

}  // namespace

void Allocator::Remove(uint32_t consumer) { states_.erase(consumer); }

std::span<const Allocator::Decision> Allocator::Allocate(Timestamp now,
                                                         std::optional<BitRate> available,
                                                         std::span<const Request> requests,
                                                         bool pressure) {
  decisions_.clear();
  next_timeout_.reset();
  Gather(now, requests.first(std::min(requests.size(), kMaxConsumers)));
  frozen_ = pressure || (pressed_ && now - *pressed_ < kPressureSpan);
  available_ = available ? std::clamp<int64_t>(available->bps(), 1, kUnbounded) : 0;
  LiftCeiling(now);
  for (Claim& claim : claims_) Assess(now, claim);
  SetBudgets(now, pressure);
  if (!GiveBest()) {
    Share(raise_budget_, Costing::kMeasured, &Claim::raised);
    Share(keep_budget_, Costing::kCharged, &Claim::kept);
  }
  ChooseTargets();
  Conclude(now);
  return decisions_;
}

void Allocator::Gather(Timestamp now, std::span<const Request> requests) {
  claims_.clear();
  // States stay where they are while claims point to them.
  states_.reserve(states_.size() + requests.size());
  for (const Request& request : requests) {
    State& state = states_[request.consumer];
    if (request.paused) {
      state = State();
      continue;
    }
    if (!state.known) {
      state.known = true;
      state.preferred = request.preferred;
    }
    const bool more = request.preferred.spatial > state.preferred.spatial ||
                      request.preferred.temporal > state.preferred.temporal;
    if (more) state.wished = now;
    if (request.preferred != state.preferred) state.lost.reset();
    state.preferred = request.preferred;
    claims_.push_back({.request = &request, .state = &state});
  }
  const auto goes_before = [](const Claim& a, const Claim& b) {
    if (PriorityOf(a) != PriorityOf(b)) return PriorityOf(a) > PriorityOf(b);
    return a.request->consumer < b.request->consumer;
  };
  if (!std::is_sorted(claims_.begin(), claims_.end(), goes_before)) {
    std::sort(claims_.begin(), claims_.end(), goes_before);
  }
}

void Allocator::Assess(Timestamp now, Claim& claim) {
  FindUsable(claim);
  if (claim.usable == 0) return;
  if (!claim.state->started) claim.state->started = now;
  FindHeld(claim);
  FindAllowed(now, claim);
  Charge(now, claim);
}

void Allocator::FindUsable(Claim& claim) const {
  const auto& offers = claim.request->offers;
  const size_t count = std::min(offers.size(), LayerCatalog::kMaxOffers);
  uint32_t alive = 0;
  for (size_t i = 0; i < count; ++i) {
    if (!offers[i].alive) continue;
    alive |= 1u << i;
    if (IsWithin(offers[i].layer, claim.request->preferred)) claim.usable |= 1u << i;
  }
  LeaveOutSlow(claim);
  if (claim.usable != 0 || alive == 0) return;
  // Nothing that is preferred lives: the smallest size that does, at the preferred frame rate.
  const int lowest = Lowest(alive);
  for (size_t i = static_cast<size_t>(lowest); i < count; ++i) {
    if (offers[i].layer.spatial != offers[static_cast<size_t>(lowest)].layer.spatial) break;
    if (!offers[i].alive || offers[i].layer.temporal > claim.request->preferred.temporal) continue;
    claim.usable |= 1u << i;
  }
  if (claim.usable == 0) claim.usable = 1u << lowest;
}

void Allocator::LeaveOutSlow(Claim& claim) {
  const auto& offers = claim.request->offers;
  if (claim.usable == 0) return;
  const uint8_t smallest = offers[static_cast<size_t>(Lowest(claim.usable))].layer.spatial;
  LayerId above = offers[static_cast<size_t>(Highest(claim.usable))].layer;
  for (int i = Highest(claim.usable); i >= 0; --i) {
    const LayerCatalog::Offer& offer = offers[static_cast<size_t>(i)];
    if (!Contains(claim.usable, i)) continue;
    if (offer.layer.spatial == smallest) return;
    if (offer.layer.spatial != above.spatial) above = offer.layer;
    if (offer.layer.temporal < above.temporal) claim.usable &= ~(1u << i);
  }
}

void Allocator::FindHeld(Claim& claim) const {
  const State& state = *claim.state;
  if (!state.target) return;
  const auto& offers = claim.request->offers;
  const auto found = std::find_if(offers.begin(), offers.end(),
                                  [&](const auto& offer) { return offer.where == *state.target; });
  const bool lives = found != offers.end() && found->alive;
  const auto index = static_cast<int>(found - offers.begin());
  if (lives && Contains(claim.usable, index)) {
    claim.held = index;
    return;
  }
  claim.forced = Reason::kLayerVanished;
  if (lives) {
    // What is preferred but too slow by now has become so by a faster one that has come to live.
    const bool preferred = IsWithin(found->layer, claim.request->preferred);
    claim.forced = preferred ? Reason::kLayerNew : Reason::kPreferred;
  }
  const LayerId layer = lives ? found->layer : state.layer;
  claim.held = Lowest(claim.usable);
  if (claim.forced == Reason::kLayerNew) {
    // The same size, as fast as it has become: that needs no key frame.
    for (int i = index; i <= Highest(claim.usable); ++i) {
      if (!Contains(claim.usable, i)) continue;
      if (offers[static_cast<size_t>(i)].layer.spatial != layer.spatial) break;
      claim.held = i;
      return;
    }
  }
  // The nearest below, or else the lowest.
  for (int i = claim.held; i <= Highest(claim.usable); ++i) {
    if (!Contains(claim.usable, i)) continue;
    if (offers[static_cast<size_t>(i)].layer <= layer) claim.held = i;
  }
}

void Allocator::FindAllowed(Timestamp now, Claim& claim) {
  State& state = *claim.state;
  const bool starts = !state.target && !state.starved;
  const bool fresh = starts || now - *state.started < kStartSpan ||
                     (state.wished && now - *state.wished < kWishSpan);
  const bool held_down = !starts && (frozen_ || now < state.hold_until);
  if (!ceiling_) state.failed.reset();
  for (int i = Lowest(claim.usable); i <= Highest(claim.usable); ++i) {
    if (!Contains(claim.usable, i)) continue;
    const LayerCatalog::Offer& offer = claim.request->offers[static_cast<size_t>(i)];
    const bool old_enough = fresh || offer.alive_for >= kLayerAge;
    const bool failed = state.failed && offer.layer >= *state.failed;
    if (i <= claim.held || (old_enough && !held_down && !failed)) {
      claim.allowed |= 1u << i;
      continue;
    }
    if (now < state.hold_until) next_timeout_ = Earlier(next_timeout_, state.hold_until);
    if (!old_enough) next_timeout_ = Earlier(next_timeout_, now + (kLayerAge - offer.alive_for));
  }
}

void Allocator::Charge(Timestamp now, Claim& claim) {
  if (claim.held == kNone) return;
  State& state = *claim.state;
  const int64_t rate = RateOf(claim.request->offers[static_cast<size_t>(claim.held)]);
  if (claim.forced != Reason::kNone || rate <= state.charged) {
    state.over_since.reset();
    state.charged = rate;
  } else if (!state.over_since) {
    state.over_since = now;
  } else if (now - *state.over_since >= kSwing) {
    state.over_since.reset();
    state.charged = rate;
  }
  if (state.over_since) next_timeout_ = Earlier(next_timeout_, *state.over_since + kSwing);
  claim.charge = state.charged;
}

int64_t Allocator::CostOf(const Claim& claim, int position, Costing costing) {
  if (position == kNone) return 0;
  const int64_t rate = RateOf(claim.request->offers[static_cast<size_t>(position)]);
  if (position != claim.held) return rate;
  return costing == Costing::kCharged ? claim.charge : std::max(rate, claim.charge);
}

int64_t Allocator::Total(int Claim::*position, Costing costing) const {
  int64_t total = resting_;
  for (const Claim& claim : claims_) total += CostOf(claim, claim.*position, costing);
  return total;
}

void Allocator::SetBudgets(Timestamp now, bool pressure) {
  resting_ = 0;
  int64_t desired = 0;
  for (const Claim& claim : claims_) {
    resting_ += RestingCost(claim);
    const int best = Highest(claim.usable);
    if (best != kNone) desired += RateOf(claim.request->offers[static_cast<size_t>(best)]);
  }
  desired_ = BitRate::Bps(desired / 100 * (100 + kHeadroomPercent));
  held_total_ = Total(&Claim::held, Costing::kCharged);
  keep_budget_ = raise_budget_ = kUnbounded;
  if (available_ != 0) {
    keep_budget_ = available_;
    raise_budget_ = available_ / (100 + kHeadroomPercent) * 100;
  }
  if (ceiling_) raise_budget_ = std::min(raise_budget_, *ceiling_);
  pressed_now_ = pressure && (!pressed_ || now - *pressed_ >= kPressureSpan);
  if (!pressed_now_) return;
  pressed_ = now;
  keep_budget_ = PressedBudget();
  raise_budget_ = std::min(raise_budget_, keep_budget_);
}

void Allocator::LiftCeiling(Timestamp now) {
  if (!ceiling_) return;
  if (available_ == 0 || available_ >= lift_at_ || available_ < *ceiling_ / 2) {
    // Another path: what was learnt on the former one says nothing.
    ceiling_.reset();
    ceiling_until_ = now - kFlapSpan;
  } else if (now >= ceiling_until_) {
    ceiling_.reset();
  } else {
    next_timeout_ = Earlier(next_timeout_, ceiling_until_);
  }
}

// Less than what is held, but the lowest of everybody.
int64_t Allocator::PressedBudget() const {
  int64_t lowest = resting_;
  for (const Claim& claim : claims_) {
    if (claim.held != kNone) lowest += CostOf(claim, Lowest(claim.usable), Costing::kCharged);
  }
  const int64_t relieved = held_total_ / 100 * kPressurePercent;
  return std::min(keep_budget_, std::max(relieved, lowest));
}

// What a consumer takes of whom nothing lives. It fades, so that a source that has gone does not
// keep others from what it no longer uses.
int64_t Allocator::RestingCost(const Claim& claim) {
  if (claim.usable != 0 || !claim.state->target) return 0;
  for (const LayerCatalog::Offer& offer : claim.request->offers) {
    if (offer.where == *claim.state->target) return RateOf(offer);
  }
  return 0;
}

void Allocator::Conclude(Timestamp now) {
  if (frozen_) next_timeout_ = Earlier(next_timeout_, *pressed_ + kPressureSpan);
  allocated_ = BitRate::Bps(Total(&Claim::target, Costing::kMeasured));
  for (Claim& claim : claims_) {
    if (claim.usable == 0) continue;
    const Reason reason = ReasonOf(now, claim);
    if (reason == Reason::kNone) continue;
    Apply(now, claim, reason);
    const State& state = *claim.state;
    decisions_.push_back({
        .consumer = claim.request->consumer,
        .target = state.target,
        .layer = state.target ? std::optional(state.layer) : std::nullopt,
        .reason = reason,
    });
  }
}

Allocator::Reason Allocator::ReasonOf(Timestamp now, const Claim& claim) const {
  const State& state = *claim.state;
  if (claim.target == kNone) {
    return state.target || !state.starved ? Reason::kPausedNoBandwidth : Reason::kNone;
  }
  if (!state.target) return state.starved ? Reason::kResumed : Reason::kStart;
  const LayerCatalog::Offer& offer = claim.request->offers[static_cast<size_t>(claim.target)];
  if (claim.target < claim.held) {
    if (pressed_now_) return Reason::kPressure;
    return held_total_ <= keep_budget_ ? Reason::kShared : Reason::kBandwidthDown;
  }
  if (offer.where == *state.target) {
    return offer.layer == state.layer ? Reason::kNone : Reason::kRenamed;
  }
  if (claim.forced != Reason::kNone) return claim.forced;
  if (claim.target > claim.raised) return Reason::kShared;
  if (offer.where == state.lost) return Reason::kLayerBack;
  if (state.wished && now - *state.wished < kWishSpan) return Reason::kPreferred;
  return offer.alive_for < kLayerAge + kStartSpan ? Reason::kLayerNew : Reason::kBandwidthUp;
}

void Allocator::Apply(Timestamp now, Claim& claim, Reason reason) {
  State& state = *claim.state;
  const bool raised = claim.target > claim.held;
  if (claim.target < claim.held || claim.target == kNone) RecordDown(now, claim, reason);
  if (claim.target == kNone) {
    state.target.reset();
    state.starved = true;
    return;
  }
  const LayerCatalog::Offer& offer = claim.request->offers[static_cast<size_t>(claim.target)];
  if (reason == Reason::kLayerVanished && !state.lost) state.lost = state.target;
  if (state.lost == offer.where) state.lost.reset();
  state.layer = offer.layer;
  if (reason == Reason::kRenamed) return;
  state.target = offer.where;
  state.starved = false;
  state.charged = RateOf(offer);
  state.over_since.reset();
  if (!raised) return;
  state.raised = now;
  state.raised_at = available_;
}

void Allocator::RecordDown(Timestamp now, const Claim& claim, Reason reason) {
  State& state = *claim.state;
  const bool same_path = available_ == 0 || available_ >= state.raised_at / 2;
  // Who sees nothing has nothing to lose by trying again soon.
  const bool paused = claim.target == kNone;
  const bool flapped = !paused && reason != Reason::kShared && state.raised &&
                       now - *state.raised < kFlapSpan && same_path;
  state.hold = flapped ? std::min(2 * state.hold, kLastHold) : kFirstHold;
  state.hold_until = now + (paused ? kPauseHold : state.hold);
  state.raised.reset();
  if (!flapped) return;
  state.failed = state.layer;
  // What is left after the cut comes back without the path having changed.
  RecordFlap(now, std::max(available_, state.raised_at));
}

void Allocator::LiftHolds() {
  for (auto& [consumer, state] : states_) {
    state.hold_until = Timestamp();
    state.hold = kFirstHold;
    state.raised.reset();
    state.failed.reset();
  }
  ceiling_.reset();
  ceiling_until_ = Timestamp(-kFlapSpan);
}

void Allocator::RecordFlap(Timestamp now, int64_t available) {
  const int64_t failed = held_total_ / 100 * kCeilingPercent;
  const bool again = now - ceiling_until_ < kFlapSpan;
  if (!again) {
    ceiling_span_ = kFirstCeiling;
  } else if (!ceiling_) {
    ceiling_span_ = std::min(2 * ceiling_span_, kLastCeiling);
  }
  ceiling_ = ceiling_ ? std::min(*ceiling_, failed) : failed;
  ceiling_until_ = now + ceiling_span_;
  lift_at_ = std::max<int64_t>(available, 1) / 100 * kLiftPercent;
}

std::string_view Allocator::Name(Reason reason) {
  switch (reason) {
    case Reason::kNone:
      return "none";
    case Reason::kStart:
      return "start";
    case Reason::kPreferred:
      return "preferred";
    case Reason::kBandwidthUp:
      return "bandwidthUp";
    case Reason::kBandwidthDown:
      return "bandwidthDown";
    case Reason::kLayerVanished:
      return "layerVanished";
    case Reason::kLayerBack:
      return "layerBack";
    case Reason::kLayerNew:
      return "layerNew";
    case Reason::kPausedNoBandwidth:
      return "pausedNoBandwidth";
    case Reason::kResumed:
      return "resumed";
    case Reason::kPressure:
      return "pressure";
    case Reason::kShared:
      return "shared";
    case Reason::kRenamed:
      return "renamed";
  }
  return "none";
}

}  // namespace sluice::rtp
