// HMAC-SHA1 with a kept key (RFC 2104), for SRTP only: everything else has better hashes.

#ifndef SLUICE_DTLS_HMAC_SHA1_H_
#define SLUICE_DTLS_HMAC_SHA1_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"

namespace sluice::dtls {

class HmacSha1 {
 public:
  static constexpr size_t kMaxKeySize = 64;
  using Digest = std::array<uint8_t, 20>;

  // A key longer than kMaxKeySize would have to be hashed first; SRTP has none.
  explicit HmacSha1(ByteView key);

  // Over both, one after the other. Allocates nothing.
  Digest Sign(ByteView first, ByteView second) const;

 private:
  // SHA-1 after it has taken in the key's inner and outer block. Copying them costs less than
  // hashing two blocks for every packet.
  struct Keyed;
  struct KeyedDeleter {
    void operator()(Keyed* keyed) const;
  };

  std::unique_ptr<Keyed, KeyedDeleter> keyed_;
};

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_HMAC_SHA1_H_
