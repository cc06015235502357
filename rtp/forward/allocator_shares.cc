// The part of Allocator that divides: who gets which of its positions.

#include <algorithm>
#include <span>

#include "rtp/forward/allocator.h"

namespace sluice::rtp {

bool Allocator::GiveBest() {
  for (Claim& claim : claims_) claim.raised = claim.kept = Highest(claim.allowed);
  return Total(&Claim::raised, Costing::kMeasured) <= raise_budget_;
}

void Allocator::Share(int64_t budget, Costing costing, int Claim::*share) {
  for (Claim& claim : claims_) claim.*share = kNone;
  int64_t left = budget - resting_;
  bool first = true;
  for (bool climbed = true; climbed; first = false) {
    climbed = false;
    for (size_t begin = 0; begin < claims_.size();) {
      const size_t end = EndOfEquals(begin);
      const auto equals = std::span(claims_).subspan(begin, end - begin);
      for (Claim& claim : equals) claim.steps = first ? 1 : PriorityOf(claim);
      // Of two with equal rights, who has something keeps it before the other gets more.
      for (Claim& claim : equals) {
        if (claim.*share < claim.held) climbed |= Climb(claim, {claim.held, costing}, share, left);
      }
      for (Claim& claim : equals) {
        if (claim.*share >= claim.held) climbed |= Climb(claim, {kTop, costing}, share, left);
      }
      begin = end;
    }
  }
}

// Up to as many steps as are left, and not above the limit; what does not fit is stepped over.
bool Allocator::Climb(Claim& claim, Climbing climbing, int Claim::*share, int64_t& left) {
  const int top = std::min(climbing.limit, Highest(claim.allowed));
  bool climbed = false;
  int64_t paid = CostOf(claim, claim.*share, climbing.costing);
  for (int i = claim.*share + 1; i <= top && claim.steps > 0; ++i) {
    if (!Contains(claim.allowed, i)) continue;
    const int64_t cost = CostOf(claim, i, climbing.costing);
    if (cost - paid > left) continue;
    left -= cost - paid;
    paid = cost;
    claim.*share = i;
    --claim.steps;
    climbed = true;
  }
  return climbed;
}

size_t Allocator::EndOfEquals(size_t begin) const {
  size_t end = begin;
  while (end < claims_.size() && PriorityOf(claims_[end]) == PriorityOf(claims_[begin])) ++end;
  return end;
}

size_t Allocator::BeginOfEquals(size_t end) const {
  size_t begin = end - 1;
  while (begin > 0 && PriorityOf(claims_[begin - 1]) == PriorityOf(claims_[end - 1])) --begin;
  return begin;
}

void Allocator::ChooseTargets() {
  int climbers_priority = 0;
  for (Claim& claim : claims_) {
    claim.target = claim.held;
    if (claim.raised <= claim.held) continue;
    claim.target = claim.raised;
    climbers_priority = std::max(climbers_priority, PriorityOf(claim));
  }
  if (climbers_priority != 0) GrantHeadroom(climbers_priority);
  // The first layer needs no headroom, unless it has been taken away before.
  for (Claim& claim : claims_) {
    if (claim.target == kNone && claim.kept != kNone && !claim.state->starved) {
      claim.target = Lowest(claim.allowed);
    }
  }
  YieldToHigher();
  GoDown();
}

// If the sum leaves no headroom, who goes up does so at the expense of those with more than their
// share and no higher priority, or not at all. The least entitled are asked first.
void Allocator::GrantHeadroom(int climbers_priority) {
  int64_t total = Total(&Claim::target, Costing::kMeasured);
  bool anybody = false;
  const auto set = [&](Claim& claim, int position) {
    total += CostOf(claim, position, Costing::kMeasured) -
             CostOf(claim, claim.target, Costing::kMeasured);
    claim.target = position;
  };
  for (size_t end = claims_.size(); end > 0;) {
    const size_t begin = BeginOfEquals(end);
    const bool yield = PriorityOf(claims_[begin]) <= climbers_priority;
    for (size_t i = end; i-- > begin && total > raise_budget_ && yield;) {
      if (claims_[i].target == claims_[i].held && claims_[i].raised < claims_[i].held) {
        set(claims_[i], claims_[i].raised);
      }
    }
    for (size_t i = end; i-- > begin;) {
      if (claims_[i].target <= claims_[i].held) continue;
      if (total > raise_budget_) set(claims_[i], claims_[i].held);
      anybody |= claims_[i].target > claims_[i].held;
    }
    end = begin;
  }
  if (anybody) return;
  // Nobody gets more after all, so nobody needs to yield.
  for (Claim& claim : claims_) claim.target = claim.held;
}

// Between the two shares everybody keeps what it has, and that may be more than somebody of higher
// priority has. What takes nothing from the headroom need not wait for it.
void Allocator::YieldToHigher() {
  size_t lowest = claims_.size();
  int64_t spare = 0;
  for (Claim& claim : claims_) {
    if (claim.kept <= claim.target) continue;
    const int64_t has = CostOf(claim, claim.target, Costing::kMeasured);
    const int64_t needed = CostOf(claim, claim.kept, Costing::kMeasured) - has;
    size_t end = lowest;
    int64_t found = spare;
    for (; found < needed && end > 0; --end) {
      const Claim& lower = claims_[end - 1];
      if (PriorityOf(lower) >= PriorityOf(claim)) break;
      if (lower.target > lower.kept) found += Surplus(lower);
    }
    if (found < needed) continue;
    while (lowest > end) {
      Claim& lower = claims_[--lowest];
      lower.target = std::min(lower.target, lower.kept);
    }
    spare = found - needed;
    claim.target = claim.kept;
  }
}

int64_t Allocator::Surplus(const Claim& claim) {
  return CostOf(claim, claim.target, Costing::kMeasured) -
         CostOf(claim, claim.kept, Costing::kMeasured);
}

void Allocator::GoDown() {
  int64_t total = Total(&Claim::target, Costing::kCharged);
  for (size_t i = claims_.size(); i-- > 0 && total > keep_budget_;) {
    Claim& claim = claims_[i];
    if (claim.target <= claim.kept) continue;
    total += CostOf(claim, claim.kept, Costing::kCharged) -
             CostOf(claim, claim.target, Costing::kCharged);
    claim.target = claim.kept;
  }
  if (total <= keep_budget_) return;
  // Layers need not cost more the higher they are. The shares fit in any case.
  for (Claim& claim : claims_) {
    claim.target = claim.state->starved ? kNone : claim.kept;
  }
}

}  // namespace sluice::rtp
