// SRTP for many receivers at once: each job has its own key, all read shared payloads.
//
// The bulk sealer is intel-ipsec-mb with the instructions it was made for; the other one is
// OpenSSL, packet by packet. Both give the same bytes (sealer_test).

#ifndef SLUICE_BENCH_LIMIT_SEALER_H_
#define SLUICE_BENCH_LIMIT_SEALER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "dtls/srtp_keys.h"

namespace sluice::bench {

// One RTP packet. Its header stands at `out` already; the encrypted payload and the tag go behind
// it.
struct SealJob {
  uint32_t key = 0;  // as AddKey named it
  uint32_t ssrc = 0;
  uint64_t index = 0;  // RFC 3711 §3.3.1: roll-over counter and sequence number, 48 bits
  uint8_t* out = nullptr;
  const uint8_t* payload = nullptr;
  uint16_t header_size = 0;
  uint16_t payload_size = 0;
};

class Sealer {
 public:
  enum class Choice : uint8_t {
    kBest,     // bulk where processor and build have it
    kBulk,     // nothing if they do not
    kOpenSsl,  // portable
  };
  // What a burst may have at most.
  static constexpr size_t kMaxJobs = 128;

  static std::unique_ptr<Sealer> Create(dtls::SrtpProfile profile, Choice choice);
  virtual ~Sealer() = default;

  // `master` is key || salt. Nothing if it is not as long as the profile says.
  virtual std::optional<uint32_t> AddKey(ByteView master) = 0;
  // At most kMaxJobs.
  virtual void Seal(std::span<const SealJob> jobs) = 0;
  virtual std::string_view name() const = 0;
};

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_LIMIT_SEALER_H_
