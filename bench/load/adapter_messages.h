// Requests and answers as lines of an adapter.

#ifndef SLUICE_BENCH_LOAD_ADAPTER_MESSAGES_H_
#define SLUICE_BENCH_LOAD_ADAPTER_MESSAGES_H_

#include <optional>

#include "absl/status/statusor.h"
#include "bench/load/adapter_line.h"
#include "bench/load/peer.h"
#include "dtls/srtp_keys.h"

namespace sluice::load {

AdapterLine WriteRequest(const Request& request);

// `cipher` is what the keys in an answer are for. What makes no sense is an answer with an error.
Answer ReadAnswer(const AdapterLine& line, dtls::SrtpProfile cipher);

// The answer to "start". Unavailable if the adapter skips.
absl::StatusOr<PeerIdentity> ReadIdentity(const AdapterLine& line);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_ADAPTER_MESSAGES_H_
