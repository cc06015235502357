#include "rtp/send/report_scheduler.h"

namespace sluice::rtp {

ReportScheduler::ReportScheduler(MediaKind kind, uint64_t seed)
    : interval_(kind == MediaKind::kVideo ? kVideoInterval : kAudioInterval), state_(seed) {}

void ReportScheduler::Start(Timestamp now) {
  if (!next_) next_ = now;
}

bool ReportScheduler::TakeDue(Timestamp now) {
  if (!next_ || now < *next_) return false;
  // From now, not from when it was due: a worker that was late does not catch up with a burst.
  next_ = now + Draw();
  return true;
}

Duration ReportScheduler::Draw() {
  // SplitMix64, by its published definition. Nobody gains from predicting a report.
  state_ += 0x9e3779b97f4a7c15u;
  uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
  mixed ^= mixed >> 31;
  const auto span = static_cast<uint64_t>(interval_.count());
  return interval_ / 2 + Duration(static_cast<int64_t>(mixed % (span + 1)));
}

}  // namespace sluice::rtp
