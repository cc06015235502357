// The bare forwarder behind sockets: as many transports as an SFU would have, with installed SRTP
// keys in place of ICE and DTLS. What receivers send back is left unread.

#ifndef SLUICE_BENCH_LIMIT_MEDIA_SERVER_H_
#define SLUICE_BENCH_LIMIT_MEDIA_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/endpoint.h"
#include "base/time.h"
#include "bench/limit/bare_forwarder.h"
#include "bench/limit/train_receiver.h"
#include "dtls/srtp_session.h"
#include "worker/io/descriptor.h"
#include "worker/io/system_entropy.h"

namespace sluice::bench {

class MediaServer {
 public:
  struct Options {
    BareForwarder::Options forwarding;
    // How long a packet may wait for others to leave with, unless a mean length of trains says it.
    Duration hold{0};
  };
  struct Track {
    std::string kind;
    std::string codec;
    std::vector<uint32_t> ssrcs;  // lowest resolution first
  };
  // What a client must know of a transport.
  struct Opened {
    size_t transport = 0;
    Endpoint local;
    std::vector<uint8_t> client_key;  // the client seals with it
    std::vector<uint8_t> server_key;
  };
  struct Stream {
    uint32_t ssrc = 0;
    const Track* track = nullptr;
  };

  static absl::StatusOr<std::unique_ptr<MediaServer>> Create(const Options& options);

  // One transport of a client, who sends from `remote`.
  absl::StatusOr<Opened> OpenSender(const Endpoint& remote, std::vector<Track> tracks);
  absl::StatusOr<Opened> OpenReceiver(const Endpoint& remote);
  // From now on the receiver gets one encoding of every track of the sender.
  std::vector<Stream> Subscribe(size_t receiver, size_t sender, bool largest);
  bool IsOpen(size_t transport) const;
  void Close(size_t transport);

  // Waits for datagrams or for `other` to become readable, and forwards what came. True if `other`
  // is readable.
  bool Turn(int other);

  BareForwarder::Counters counters() const { return forwarder_->counters(); }
  // Besides those that sent.
  uint64_t system_calls() const { return system_calls_; }
  std::string_view sealer_name() const { return forwarder_->sealer_name(); }

 private:
  struct Transport {
    worker::Descriptor socket;
    std::unique_ptr<dtls::SrtpSession> srtp;  // of a sender
    std::vector<Track> tracks;
    std::vector<uint32_t> ssrcs;
    std::vector<size_t> sources;  // of `ssrcs`
    std::optional<size_t> receiver;
  };

  MediaServer(const Options& options, std::unique_ptr<BareForwarder> forwarder,
              worker::Descriptor epoll);
  absl::StatusOr<Opened> OpenTransport(const Endpoint& remote);
  absl::Status Watch(int fd, uint64_t what);
  absl::StatusOr<std::unique_ptr<dtls::SrtpSession>> OpeningSession(const Opened& opened) const;
  Duration Hold() const;
  std::optional<int64_t> RestOfHold() const;
  void Drain(Transport& transport);
  void Take(Transport& transport, ByteSpan datagram);
  void Flush();

  const Options options_;
  const std::unique_ptr<BareForwarder> forwarder_;
  worker::Descriptor epoll_;
  worker::SystemEntropy entropy_;
  TrainReceiver receiver_;
  std::vector<std::unique_ptr<Transport>> transports_;
  std::optional<int> watched_other_;
  uint32_t next_ssrc_ = 0x5100'0000;
  uint64_t system_calls_ = 0;
  // When what waits must leave, nanoseconds of the monotonic clock.
  std::optional<int64_t> deadline_ns_;
};

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_LIMIT_MEDIA_SERVER_H_
