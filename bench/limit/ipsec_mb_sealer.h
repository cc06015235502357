// Sealing with intel-ipsec-mb: GCM by one call per packet, AES-CM and HMAC-SHA1 by bursts, in which
// sixteen packets of sixteen receivers are hashed side by side.

#ifndef SLUICE_BENCH_LIMIT_IPSEC_MB_SEALER_H_
#define SLUICE_BENCH_LIMIT_IPSEC_MB_SEALER_H_

#include <memory>

#include "bench/limit/sealer.h"
#include "dtls/srtp_keys.h"

namespace sluice::bench {

// Nothing if the library was not there when this was built, or the processor lacks AVX-512 with
// VAES and VPCLMULQDQ.
std::unique_ptr<Sealer> CreateIpsecMbSealer(dtls::SrtpProfile profile);

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_LIMIT_IPSEC_MB_SEALER_H_
