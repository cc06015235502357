// The work of forwarding without an SFU around it: what this machine allows.
//
// Clear packets of some sources go to the receivers that subscribed to them: the header is written
// anew (SSRC, sequence number, transport-wide number), the shared payload is encrypted with the
// receiver's key, and what one receiver is owed leaves as segment trains. No layers, no congestion
// control, no retransmission store, no statistics, and nothing is done with feedback.

#ifndef SLUICE_BENCH_LIMIT_BARE_FORWARDER_H_
#define SLUICE_BENCH_LIMIT_BARE_FORWARDER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "bench/limit/sealer.h"
#include "bench/limit/train_sender.h"
#include "dtls/srtp_keys.h"

namespace sluice::bench {

class BareForwarder {
 public:
  // Packets that may wait for a flush.
  static constexpr size_t kMaxPackets = 256;
  // A packet may be lengthened by so many bytes, if that makes it as long as its neighbours:
  // browsers cut a frame into packets that differ by a byte or two. They are taken from the place
  // that the tag of the received packet leaves, which is the shortest of the suites.
  static constexpr size_t kMaxPadding = 10;

  struct Options {
    dtls::SrtpProfile profile = dtls::SrtpProfile::kAeadAes128Gcm;
    Sealer::Choice sealer = Sealer::Choice::kBest;
    // Packets of one train at most, 1..TrainSender::kMaxSegments.
    size_t train = TrainSender::kMaxSegments;
    // And on average; 0: as they come.
    double train_mean = 0;
    // Id of the transport-wide number; 0: packets have none.
    uint8_t number_id = 0;
  };
  struct Counters {
    uint64_t packets = 0;
    TrainSender::Counters sends;
  };

  // Nothing if that sealer is not to be had here.
  static std::unique_ptr<BareForwarder> Create(const Options& options);

  size_t AddSource();
  // `fd` is connected to the receiver and stays the caller's; `master` is key || salt of our
  // direction. Nothing if that is not as long as the profile says.
  std::optional<size_t> AddReceiver(int fd, ByteView master);
  // From now on the receiver gets this source, under this SSRC.
  void Subscribe(size_t receiver, size_t source, uint32_t ssrc);
  // Its place is not given to another.
  void RemoveReceiver(size_t receiver);

  // `packet` is clear RTP and has kMaxPadding bytes of room behind it; both stay the caller's until
  // the next Flush. False if it is no RTP packet, or kMaxPackets wait already.
  bool Push(size_t source, ByteSpan packet);
  // Sends all that waits to all that want it.
  void Flush();

  size_t waiting() const { return packet_count_; }
  const TrainAim& aim() const { return sender_.aim(); }
  Counters counters() const { return {sealed_, sender_.counters()}; }
  std::string_view sealer_name() const { return sealer_->name(); }

 private:
  // Seals this many packets before any is sent: a cipher right after a system call is slow, and
  // what was sealed should still be in the cache when it is sent.
  static constexpr size_t kPass = 64;

  struct Packet {
    uint8_t* bytes = nullptr;
    uint32_t timestamp = 0;
    uint16_t header_size = 0;
    uint16_t payload_size = 0;  // with what pads it
    uint16_t number_offset = 0;
    bool padded = false;

    size_t size() const { return size_t{header_size} + payload_size; }
  };
  struct Source {
    std::vector<uint32_t> receivers;
    std::vector<uint16_t> waiting;  // indices of packets
  };
  struct Subscription {
    uint32_t source = 0;
    uint32_t ssrc = 0;
    uint64_t index = 0;
  };
  struct Receiver {
    int fd = -1;
    uint32_t key = 0;
    uint16_t number = 0;
    bool marked = false;
    std::vector<Subscription> subscriptions;
  };

  // What waits of one source for the receiver that is served.
  struct Queue {
    Subscription* subscription = nullptr;
    std::span<const uint16_t> packets;
  };

  BareForwarder(const Options& options, std::unique_ptr<Sealer> sealer);

  void Equalise(const Source& source);
  static void Pad(Packet& packet, size_t size);
  void Mark();
  void Serve(Receiver& receiver);
  Queue* LargestUpTo(size_t limit);
  void Write(Receiver& receiver, Subscription& subscription, const Packet& packet);
  void FinishPass();

  const Options options_;
  const size_t tag_size_;
  const std::unique_ptr<Sealer> sealer_;
  TrainSender sender_;
  std::vector<Source> sources_;
  std::vector<Receiver> receivers_;
  std::vector<uint32_t> active_;  // sources with something that waits
  std::vector<uint32_t> marked_;  // receivers that are owed something
  std::array<Packet, kMaxPackets> packets_{};
  size_t packet_count_ = 0;
  std::vector<Queue> queues_;
  std::array<SealJob, Sealer::kMaxJobs> jobs_{};
  size_t job_count_ = 0;
  uint64_t sealed_ = 0;
};

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_LIMIT_BARE_FORWARDER_H_
