#include "worker/io/system_entropy.h"

#include <openssl/rand.h>

#include <climits>

#include "base/check.h"

namespace sluice::worker {

void SystemEntropy::Fill(ByteSpan out) {
  if (out.empty()) return;
  SLUICE_CHECK(out.size() <= INT_MAX);
  SLUICE_CHECK(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1);
}

}  // namespace sluice::worker
