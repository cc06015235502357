// A cipher library made for many packets under many keys: intel-ipsec-mb, where the build found it
// and the CPU has AES-NI. It writes the same bytes as OpenSSL in a fraction of the time: GCM packet
// by packet, counter mode with HMAC-SHA1 only in bursts, because it hashes packets side by side.
//
// One for each thread: what it works on is inside of it. It must outlive the transforms it makes.

#ifndef SLUICE_DTLS_BULK_CIPHER_H_
#define SLUICE_DTLS_BULK_CIPHER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "dtls/srtp_kdf.h"
#include "dtls/srtp_transform.h"

namespace sluice::dtls {

class BulkCipher {
 public:
  // The instructions it may use at most; for tests, and for comparing.
  enum class Limit : uint8_t { kNone, kAvx2, kSse };

  // A burst of fewer packets is cheaper one by one with OpenSSL: the library hashes sixteen side by
  // side, and empty places cost as much as others (bench/srtp_seal_bench).
  static constexpr size_t kWorthwhile = 16;
  // No burst is longer.
  static constexpr size_t kMaxBurst = 128;

  // Null where there is no such library or no such CPU; then OpenSSL does it.
  static std::unique_ptr<BulkCipher> Create(Limit limit = Limit::kNone);

  virtual ~BulkCipher() = default;

  // For people, e.g. "ipsec-mb 1.3.0 (AVX512)".
  virtual std::string_view name() const = 0;

  // As SrtpTransform::Create. Null if there is no memory.
  virtual std::unique_ptr<SrtpTransform> NewTransform(const SrtpSessionKeys& keys,
                                                      SrtpTransform::Direction direction) = 0;

  // Seals packets of transforms that said so (SrtpTransform::seals_in_bursts), kMaxBurst at most.
  // What cannot be sealed has `sealed` false afterwards.
  virtual void SealBurst(std::span<SealJob* const> jobs) = 0;
};

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_BULK_CIPHER_H_
