// The only source of randomness in our code. Real in the worker (io/system_entropy), seeded in
// tests. OpenSSL and usrsctp keep their own.

#ifndef SLUICE_BASE_ENTROPY_H_
#define SLUICE_BASE_ENTROPY_H_

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace sluice {

class Entropy {
 public:
  virtual ~Entropy() = default;

  // Fills all of `out` with bytes that nobody can predict.
  virtual void Fill(ByteSpan out) = 0;

  uint32_t U32() {
    std::array<uint8_t, 4> bytes{};
    Fill(bytes);
    return ByteReader(bytes).U32();
  }

  uint64_t U64() {
    std::array<uint8_t, 8> bytes{};
    Fill(bytes);
    return ByteReader(bytes).U64();
  }
};

}  // namespace sluice

#endif  // SLUICE_BASE_ENTROPY_H_
