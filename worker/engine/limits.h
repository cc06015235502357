// The bounds of a worker, in one place, each with its reason.

#ifndef SLUICE_WORKER_ENGINE_LIMITS_H_
#define SLUICE_WORKER_ENGINE_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace sluice::worker {

// One core cannot serve more; the bounds keep a runaway application from eating the machine.
inline constexpr size_t kMaxRouters = 10'000;
inline constexpr size_t kMaxTransports = 20'000;
inline constexpr size_t kMaxServers = 64;

// Per transport. A browser's page sends a handful and receives what a screen can show; audio-only
// rooms of a thousand are the large end.
inline constexpr size_t kMaxProducersPerTransport = 64;
inline constexpr size_t kMaxConsumersPerTransport = 2'000;

// Browsers open one or a few channels each; a hub that carries one for each of a thousand people is
// the large end.
inline constexpr size_t kMaxDataProducersPerTransport = 1'024;
inline constexpr size_t kMaxDataConsumersPerTransport = 2'048;
// Bytes. A message has to be held at once, and several of them fit the control channel's frames.
inline constexpr uint32_t kMaxSctpMessage = 1024 * 1024;
inline constexpr uint32_t kMaxSctpSendBuffer = 16 * 1024 * 1024;
inline constexpr uint32_t kMaxSctpWindow = 16 * 1024 * 1024;
inline constexpr size_t kMaxSubchannels = 1'024;

// Bits per second. A slower path carries neither sound nor the smallest picture, and bounds below
// it are mistakes.
inline constexpr uint32_t kMinEstimate = 30'000;

// Per router: one of each kind would do, several intervals are reasonable.
inline constexpr size_t kMaxObserversPerRouter = 16;

// Per producer; the lists that only describe are bounded by control-api/request_shape.h.
inline constexpr size_t kMaxEncodings = 4;
// What fits a one-byte header extension (RFC 8285 §4.2).
inline constexpr size_t kMaxMid = 16;
inline constexpr size_t kMaxRid = 16;

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_LIMITS_H_
