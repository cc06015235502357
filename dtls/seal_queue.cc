#include "dtls/seal_queue.h"

#include <algorithm>
#include <utility>

namespace sluice::dtls {
namespace {

// A cipher library takes nothing for a mistake.
bool HasText(const ClearRtp& clear) { return clear.written > clear.header || !clear.rest.empty(); }

// Nothing protects the packet: it leaves as it was written.
void Copy(SealJob& job) {
  std::ranges::copy(job.clear.rest,
                    job.clear.out.begin() + static_cast<std::ptrdiff_t>(job.clear.written));
  job.sealed = true;
}

void SealAlone(SealJob& job) { job.sealed = job.transform->SealRtp(job.id, job.clear); }

}  // namespace

std::span<const SealJob> SealQueue::Run() {
  size_t waiting = 0;
  const auto seal_waiting = [&] {
    const std::span<SealJob* const> burst = std::span(burst_).first(std::exchange(waiting, 0));
    if (burst.size() >= BulkCipher::kWorthwhile) return cipher_->SealBurst(burst);
    for (SealJob* job : burst) SealAlone(*job);
  };
  const std::span<SealJob> jobs = std::span(jobs_).first(std::exchange(count_, 0));
  for (SealJob& job : jobs) {
    if (job.transform == nullptr) {
      Copy(job);
      continue;
    }
    if (cipher_ == nullptr || !job.transform->seals_in_bursts() || !HasText(job.clear)) {
      SealAlone(job);
      continue;
    }
    burst_[waiting++] = &job;
    if (waiting == burst_.size()) seal_waiting();
  }
  seal_waiting();
  return jobs;
}

}  // namespace sluice::dtls
