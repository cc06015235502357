// RTP packets that have been written and wait to be sealed, all at once: ciphers and system calls
// disturb one another, and a bulk cipher takes the packets of many receivers side by side.

#ifndef SLUICE_DTLS_SEAL_QUEUE_H_
#define SLUICE_DTLS_SEAL_QUEUE_H_

#include <array>
#include <cstddef>
#include <span>

#include "dtls/bulk_cipher.h"
#include "dtls/srtp_transform.h"

namespace sluice::dtls {

class SealQueue {
 public:
  static constexpr size_t kMaxJobs = 256;

  // `cipher` may be null, and must outlive the queue.
  explicit SealQueue(BulkCipher* cipher) : cipher_(cipher) {}

  bool full() const { return count_ == kMaxJobs; }
  // Transform and bytes must stay where they are until Run. Must not be full.
  void Push(const SealJob& job) { jobs_[count_++] = job; }

  // Seals everything. What it returns is valid until the next Push; `sealed` tells of each whether
  // it may be sent.
  std::span<const SealJob> Run();

 private:
  BulkCipher* const cipher_;
  size_t count_ = 0;
  std::array<SealJob, kMaxJobs> jobs_{};
  std::array<SealJob*, BulkCipher::kMaxBurst> burst_{};
};

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_SEAL_QUEUE_H_
