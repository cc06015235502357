// One publisher and N receivers, connected to an engine in memory and in virtual time; what a
// packet costs on its way through the engine can then be measured without any socket.
//
//   FanOut fan({.receivers = 50, .packets_per_turn = 6});
//   fan.Prepare(turns);                      // not measured: the publisher encrypts
//   for (...) { fan.Feed(); fan.Drain(); }   // measured
//   per_packet = time / fan.TakeForwarded();
//
// A turn is what the worker's loop makes of one wake-up: datagrams in, then everything out that is
// due before the next one. Deadlines in between are rounded up to milliseconds, as the loop does.
//
// Connecting takes a millisecond or two per receiver.

#ifndef SLUICE_BENCH_SUPPORT_FAN_OUT_H_
#define SLUICE_BENCH_SUPPORT_FAN_OUT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/endpoint.h"
#include "base/packet_pool.h"
#include "base/time.h"
#include "bench/support/engine_peer.h"
#include "bench/support/media_source.h"
#include "dtls/srtp_keys.h"
#include "rtp/packet/media.h"
#include "rtp/receive/feedback_recorder.h"
#include "tests/support/seeded_entropy.h"
#include "tests/support/sim_control.h"
#include "tests/support/sim_engine.h"
#include "tests/support/sim_media.h"
#include "worker/engine/engine.h"
#include "worker/engine/sockets.h"
#include "worker/engine/transmit_batch.h"

namespace sluice::bench {

// Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01).
enum class Feedback : uint8_t {
  // Not negotiated.
  kOff,
  // Packets are numbered, the engine's estimators record them, and nobody answers: all leaves at
  // once, because the engine is told not to adapt to what it estimates.
  kUnanswered,
  // Receivers answer, and the engine paces what it sends by what it estimates. Whoever measures
  // this has to call Answer and Tell every 50 ms or so; otherwise estimators fall silent, and
  // pacers hold everything back.
  kAnswered,
};

class FanOut {
 public:
  struct Options {
    size_t receivers = 50;
    dtls::SrtpProfile profile = dtls::SrtpProfile::kAeadAes128Gcm;
    rtp::MediaKind kind = rtp::MediaKind::kVideo;
    PictureShape shape = PictureShape::kFullAndRest;
    int packets_per_picture = 6;
    // The publisher sends two smaller encodings as well, as browsers do in a meeting. The first
    // receiver wants the large picture, as somebody does of everybody, and all others the smallest.
    bool simulcast = false;
    // How many packets of the source a turn finds.
    size_t packets_per_turn = 1;
    Feedback feedback = Feedback::kUnanswered;
    // Receivers may ask for retransmissions, so the engine keeps what it sent.
    bool nack = true;
    // Receivers have a transport and nothing else.
    bool idle = false;
    uint64_t seed = 1;
  };

  // What the engine stands on, for who has real sockets. Everything must outlive the fan-out.
  struct Ground {
    PacketPool& pool;
    worker::Sockets& sockets;
    // Where the engine listens.
    IpAddress address;
    // Where a receiver is; each has a port of its own as well. The publisher comes behind the last.
    std::function<IpAddress(size_t receiver)> address_of;
  };

  explicit FanOut(const Options& options);
  FanOut(const Options& options, const Ground& ground);
  ~FanOut();
  FanOut(const FanOut&) = delete;
  FanOut& operator=(const FanOut&) = delete;

  // Makes and seals what the publisher sends in the next `turns` turns.
  void Prepare(size_t turns);
  size_t prepared() const { return ready_.size() / options_.packets_per_turn; }

  // A turn begins: the engine receives the publisher's packets, which must have been prepared.
  void Feed();
  // Has the engine do all that is due before the next turn, and discards what it sends.
  void Drain() {
    Drain([](const worker::TransmitBatch&) {});
  }
  // The same; `send` gets every batch.
  template <typename Send>
  void Drain(Send send);

  // What receivers have to say about what they got since the last call, sealed; the engine receives
  // it with Tell(). Two steps, because only the second one is the engine's work.
  void Answer();
  void Tell();

  // Turns for so long, with answers where they are wanted: afterwards stores are full and estimates
  // have settled.
  void WarmUp(Duration span);

  // RTP packets that left the engine for a receiver since the last call.
  uint64_t TakeForwarded() { return std::exchange(forwarded_, 0); }
  // All datagrams that left it, RTCP included.
  uint64_t datagrams() const { return datagrams_; }

  Timestamp now() const { return now_; }
  worker::Engine& engine() { return *engine_; }
  test::SimControl& control() { return *control_; }
  const Options& options() const { return options_; }

  // Destroys the engine: how many bytes of the heap it gives back. Packets are not among them.
  // Nothing else may be done afterwards.
  uint64_t DestroyEngine();

  // Requests to the engine, for who measures those. `receiver` counts from zero.
  void AddReceiver(size_t receiver);
  void CloseReceiver(size_t receiver);
  void AddConsumer(size_t receiver);
  void CloseConsumer(size_t receiver);

 private:
  struct Receiver {
    std::unique_ptr<EnginePeer> peer;
    rtp::FeedbackRecorder feedback;
  };
  struct Noted {
    uint32_t receiver;
    uint16_t number;
    Timestamp time;
  };

  // Notes which socket the engine was given.
  class Listener : public worker::Sockets {
   public:
    explicit Listener(worker::Sockets& sockets) : sockets_(sockets) {}
    absl::StatusOr<worker::BoundSocket> Open(const worker::ListenOptions& options) override;
    void Close(SocketId socket) override { sockets_.Close(socket); }
    SocketId socket() const { return socket_; }

   private:
    worker::Sockets& sockets_;
    SocketId socket_;
  };

  FanOut(const Options& options, const Ground* ground);
  Ground OwnGround();
  static uint16_t PortOf(size_t peer) { return static_cast<uint16_t>(kFirstPort + peer); }

  void Listen();
  void Produce();
  std::unique_ptr<EnginePeer> Connect(const std::string& transport, const Endpoint& local);
  // Lets both sides talk until neither has anything to say.
  void Exchange(EnginePeer& peer);
  std::unique_ptr<schema::RtpParametersT> Describe(
      const std::vector<test::SimTrackOptions>& encodings) const;
  template <typename Body>
  test::SimControl::Answer Ask(const std::string& target, Body body);
  // One of the peer's datagrams.
  void Deliver(const Endpoint& from, PacketRef packet);

  Duration turn() const;
  void AddSources();
  test::Bytes NextClear();
  // When the engine wants to be called again, if that is before the turn ends.
  std::optional<Timestamp> NextStep() const;
  void Count(const worker::TransmitBatch& batch);
  void Note(size_t receiver, ByteView packet);

  // The publisher's; receivers follow.
  static constexpr uint16_t kFirstPort = 20'000;
  // What nobody asks for by then is not answered: a second of a thousand receivers.
  static constexpr size_t kMaxNoted = 1 << 18;

  const Options options_;
  PacketPool own_pool_;
  test::SimSockets own_sockets_;
  const Ground ground_;
  Listener listener_;
  test::SeededEntropy entropy_;
  test::SimUsage usage_;
  const std::unique_ptr<dtls::BulkCipher> cipher_ = dtls::BulkCipher::Create();
  Timestamp now_{std::chrono::hours(1)};
  // When the present turn began, and the one that is to be prepared next.
  Timestamp turn_begins_ = now_;
  Timestamp next_prepared_ = now_;
  std::unique_ptr<worker::Engine> engine_;
  std::unique_ptr<test::SimControl> control_;
  std::unique_ptr<EnginePeer> publisher_;
  std::vector<Receiver> receivers_;
  // One for each encoding, whose pictures follow one another.
  std::vector<MediaSource> sources_;
  size_t speaking_ = 0;
  uint16_t next_number_ = 0;
  // Sealed, in the order of sending; `fed_` of them are gone.
  std::vector<PacketRef> ready_;
  size_t fed_ = 0;
  worker::TransmitBatch batch_;
  uint64_t forwarded_ = 0;
  uint64_t datagrams_ = 0;
  std::vector<Noted> noted_;
  struct Sealed {
    size_t receiver;
    PacketRef packet;
  };
  std::vector<Sealed> answers_;
};

template <typename Send>
void FanOut::Drain(Send send) {
  for (std::optional<Timestamp> step = now_; step; step = NextStep()) {
    now_ = *step;
    engine_->HandleTimeout(now_);
    while (!engine_->PollMessage().empty()) {
    }
    for (bool more = true; more;) {
      more = engine_->PollTransmit(now_, batch_);
      send(batch_);
      engine_->RecordHandOver(now_);
      Count(batch_);
      batch_.Clear();
    }
  }
}

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_SUPPORT_FAN_OUT_H_
