// Randomness from OpenSSL's generator, which the operating system seeds.

#ifndef SLUICE_WORKER_IO_SYSTEM_ENTROPY_H_
#define SLUICE_WORKER_IO_SYSTEM_ENTROPY_H_

#include "base/entropy.h"

namespace sluice::worker {

class SystemEntropy : public Entropy {
 public:
  // Ends the process if the generator fails: a password that can be guessed is worse than none.
  void Fill(ByteSpan out) override;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_SYSTEM_ENTROPY_H_
