// Randomness that a seed repeats: xoshiro256**, filled from the seed by splitmix64.
//
// For tests only. It passes every statistical test and anybody can predict it.

#ifndef SLUICE_TESTS_SUPPORT_SEEDED_ENTROPY_H_
#define SLUICE_TESTS_SUPPORT_SEEDED_ENTROPY_H_

#include <array>
#include <bit>
#include <cstdint>

#include "base/entropy.h"

namespace sluice::test {

class SeededEntropy : public Entropy {
 public:
  explicit SeededEntropy(uint64_t seed) {
    for (uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15u;
      uint64_t mixed = seed;
      mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
      mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
      word = mixed ^ (mixed >> 31);
    }
  }

  void Fill(ByteSpan out) override {
    for (size_t i = 0; i < out.size(); i += 8) {
      uint64_t word = Next();
      for (size_t j = i; j < out.size() && j < i + 8; ++j, word >>= 8) {
        out[j] = static_cast<uint8_t>(word);
      }
    }
  }

  // A number in [0, limit). The bias of the remainder is far below what a test could notice.
  uint64_t Below(uint64_t limit) { return Next() % limit; }

  // True with the given probability.
  bool Chance(double probability) {
    return static_cast<double>(Next() >> 11) < probability * 9007199254740992.0;  // 2^53
  }

 private:
  uint64_t Next() {
    const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  std::array<uint64_t, 4> state_{};
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_SEEDED_ENTROPY_H_
