// What forwarding costs at the least, measured into a sink: the figure that everything else on the
// same sink is compared with.

#ifndef SLUICE_BENCH_LIMIT_SINK_RUN_H_
#define SLUICE_BENCH_LIMIT_SINK_RUN_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/limit/bare_forwarder.h"
#include "bench/support/gated_batches.h"
#include "bench/support/sink_device.h"
#include "worker/io/descriptor.h"

namespace sluice::bench {

class SinkRun {
 public:
  struct Options {
    dtls::SrtpProfile profile = dtls::SrtpProfile::kAeadAes128Gcm;
    Sealer::Choice sealer = Sealer::Choice::kBest;
    size_t receivers = 500;
    // Packets of one turn, all of one size, and so of one train: 1..kMaxTrain.
    size_t train = 8;
    size_t payload_size = 1200;  // at most Ethernet's
    bool transport_numbers = false;
  };
  static constexpr size_t kMaxTrain = 16;
  static constexpr size_t kMaxPayload = 1400;

  // With a connected socket per receiver. The calling thread must have entered `sink`.
  static absl::StatusOr<std::unique_ptr<SinkRun>> Create(const SinkDevice& sink,
                                                         const Options& options);

  // One packet per receiver, `train` times, as one turn. Returns how many packets that was.
  size_t Turn();
  // CPU time per forwarded packet, user and system, over batches of a few thousand packets.
  BatchFigures Measure(const BatchOptions& batches);

  BareForwarder::Counters counters() const { return forwarder_->counters(); }
  std::string_view sealer_name() const { return forwarder_->sealer_name(); }

 private:
  static constexpr size_t kBufferSize = 1500;

  SinkRun(const Options& options, std::unique_ptr<BareForwarder> forwarder);
  absl::Status AddReceiver(const SinkDevice& sink, size_t index);
  void WritePacket(size_t index);

  const Options options_;
  std::unique_ptr<BareForwarder> forwarder_;
  size_t source_ = 0;
  uint16_t seq_ = 0;
  size_t packet_size_ = 0;
  std::vector<worker::Descriptor> sockets_;
  std::array<std::array<uint8_t, kBufferSize>, kMaxTrain> packets_{};
};

// The receivers' sockets, one each, do not fit the usual limit of 1,024 descriptors.
void RaiseDescriptorLimit();

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_LIMIT_SINK_RUN_H_
