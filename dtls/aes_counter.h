// AES in counter mode with a kept key (RFC 3711 §4.1.1), 128 or 256 bits.

#ifndef SLUICE_DTLS_AES_COUNTER_H_
#define SLUICE_DTLS_AES_COUNTER_H_

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "dtls/openssl_deleter.h"

namespace sluice::dtls {

class AesCounter {
 public:
  using Block = std::array<uint8_t, 16>;

  // Nothing if the key is of no size that AES has.
  static std::optional<AesCounter> Create(ByteView key);

  // Begins the keystream at `counter`. Allocates nothing, nor does Apply().
  bool Start(const Block& counter);

  // Adds the next bytes of the keystream to `in`. `out` is as long as `in`, and may be `in`.
  bool Apply(ByteSpan out, ByteView in);

 private:
  explicit AesCounter(CipherPtr context) : context_(std::move(context)) {}

  CipherPtr context_;
};

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_AES_COUNTER_H_
