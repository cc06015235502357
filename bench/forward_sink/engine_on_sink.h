// The engine and the worker's sockets as the worker has them, sending for real, into a device that
// lets everything vanish. Handshakes are done in memory before anything is measured.

#ifndef SLUICE_BENCH_FORWARD_SINK_ENGINE_ON_SINK_H_
#define SLUICE_BENCH_FORWARD_SINK_ENGINE_ON_SINK_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "base/packet_pool.h"
#include "bench/support/fan_out.h"
#include "bench/support/sink_device.h"
#include "worker/io/log.h"
#include "worker/io/socket_table.h"
#include "worker/io/system_entropy.h"

namespace sluice::bench {

class EngineOnSink {
 public:
  struct Options {
    size_t receivers = 500;
    dtls::SrtpProfile profile = dtls::SrtpProfile::kAeadAes128Gcm;
    // How many packets the source has ready in a turn.
    size_t train = 8;
    Feedback feedback = Feedback::kOff;
    PictureShape pictures = PictureShape::kAllFull;
  };

  // Packets of a batch: some milliseconds of work, so that reading clocks does not count.
  static constexpr size_t kBatch = 4'000;

  // `sink` must have been entered by this thread and outlive what is created.
  static absl::StatusOr<std::unique_ptr<EngineOnSink>> Create(const SinkDevice& sink,
                                                              const Options& options);

  // Makes what the next batch takes, and receivers' answers; not to be measured.
  void Prepare();
  // A batch of turns, and how many packets left the engine for receivers. With `sends` the sockets
  // get them; otherwise they are dropped.
  size_t Run(bool sends);

  // All that left the engine so far, RTCP included.
  uint64_t datagrams() const { return fan_->datagrams(); }
  // What sockets did not take; a figure with losses is none.
  size_t losses();

 private:
  EngineOnSink() : log_(2, worker::LogLevel::kError) {}

  PacketPool pool_;
  worker::SystemEntropy entropy_;
  worker::Log log_;
  std::unique_ptr<worker::SocketTable> sockets_;
  std::unique_ptr<FanOut> fan_;
  size_t turns_ = 1;
};

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_FORWARD_SINK_ENGINE_ON_SINK_H_
