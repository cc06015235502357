#include "bench/limit/sink_run.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "worker/io/socket_address.h"

namespace sluice::bench {
namespace {

// RFC 8285 §4.2: the one element of the block is the transport-wide number.
constexpr uint8_t kNumberId = 3;
constexpr uint16_t kOneByteForm = 0xbede;
constexpr uint8_t kPayloadType = 96;
constexpr uint32_t kSsrc = 0x51000000;

// Packets of a batch at least: a millisecond or more, which the clocks resolve.
constexpr size_t kBatchPackets = 2000;

absl::Status Failure(const char* what) {
  return absl::Status(absl::StatusCode::kUnavailable,
                      std::string(what) + ": " + std::strerror(errno));
}

std::vector<uint8_t> KeyOf(dtls::SrtpProfile profile, size_t receiver) {
  std::vector<uint8_t> master(dtls::MasterKeySize(profile) + dtls::MasterSaltSize(profile));
  for (size_t i = 0; i < master.size(); ++i) {
    master[i] = static_cast<uint8_t>(receiver * 31 + (receiver >> 8) * 7 + i * 13 + 1);
  }
  return master;
}

}  // namespace

void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

absl::StatusOr<std::unique_ptr<SinkRun>> SinkRun::Create(const SinkDevice& sink,
                                                         const Options& options) {
  BareForwarder::Options forwarding;
  forwarding.profile = options.profile;
  forwarding.sealer = options.sealer;
  forwarding.train = options.train;
  if (options.transport_numbers) forwarding.number_id = kNumberId;
  std::unique_ptr<BareForwarder> forwarder = BareForwarder::Create(forwarding);
  if (forwarder == nullptr) {
    return absl::Status(absl::StatusCode::kUnavailable,
                        "this processor or this build has no bulk cipher");
  }
  RaiseDescriptorLimit();
  std::unique_ptr<SinkRun> run(new SinkRun(options, std::move(forwarder)));
  for (size_t i = 0; i < options.receivers; ++i) {
    if (absl::Status status = run->AddReceiver(sink, i); !status.ok()) return status;
  }
  return run;
}

SinkRun::SinkRun(const Options& options, std::unique_ptr<BareForwarder> forwarder)
    : options_(options), forwarder_(std::move(forwarder)), source_(forwarder_->AddSource()) {}

absl::Status SinkRun::AddReceiver(const SinkDevice& sink, size_t index) {
  worker::Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return Failure("cannot open a socket");
  worker::SocketAddress address{};
  socklen_t size = worker::WriteSocketAddress(sink.local(), AF_INET, address);
  if (bind(socket.get(), &address.generic, size) != 0) return Failure("cannot bind a socket");
  size = worker::WriteSocketAddress(sink.Receiver(index), AF_INET, address);
  if (connect(socket.get(), &address.generic, size) != 0) return Failure("cannot connect a socket");
  const auto receiver = forwarder_->AddReceiver(socket.get(), KeyOf(options_.profile, index));
  if (!receiver) return absl::Status(absl::StatusCode::kInternal, "a key was refused");
  forwarder_->Subscribe(*receiver, source_, kSsrc + static_cast<uint32_t>(index));
  sockets_.push_back(std::move(socket));
  return absl::OkStatus();
}

void SinkRun::WritePacket(size_t index) {
  ByteWriter out(packets_[index]);
  out.U8(options_.transport_numbers ? 0x90 : 0x80);
  out.U8(kPayloadType);
  out.U16(seq_++);
  out.U32(uint32_t{seq_} * 100);
  out.U32(kSsrc);
  if (options_.transport_numbers) {
    out.U16(kOneByteForm);
    out.U16(1);
    out.U8(kNumberId << 4 | 1);
    out.U16(0);
    out.U8(0);
  }
  packet_size_ = out.size() + options_.payload_size;
}

size_t SinkRun::Turn() {
  for (size_t i = 0; i < options_.train; ++i) {
    WritePacket(i);
    forwarder_->Push(source_, ByteSpan(packets_[i]).first(packet_size_));
  }
  forwarder_->Flush();
  return options_.train * options_.receivers;
}

BatchFigures SinkRun::Measure(const BatchOptions& batches) {
  return MeasureBatches(batches, [this] {
    size_t packets = 0;
    while (packets < kBatchPackets) packets += Turn();
    return packets;
  });
}

}  // namespace sluice::bench
