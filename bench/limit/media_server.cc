#include "bench/limit/media_server.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "bench/support/gated_batches.h"
#include "dtls/srtp_keys.h"
#include "worker/io/socket_address.h"

namespace sluice::bench {
namespace {

// One second of 30 Mbit/s, as a worker's sockets have.
constexpr int kReceiveBuffer = 4 << 20;
constexpr int kSendBuffer = 4 << 20;
constexpr size_t kEvents = 64;
constexpr uint64_t kOther = UINT64_MAX;
// Reads of one socket in one turn: under overload there is always more, and requests must be heard.
constexpr int kReadsPerTurn = 4;

absl::Status Failure(const char* what) {
  return absl::Status(absl::StatusCode::kUnavailable,
                      std::string(what) + ": " + std::strerror(errno));
}

void SetOption(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof(value));
}

// RFC 5761 §4: RTCP has packet types 192 to 223 where RTP has marker and payload type.
bool IsRtp(ByteView datagram) {
  return datagram.size() > 12 && datagram[0] >> 6 == 2 && (datagram[1] < 192 || datagram[1] > 223);
}

uint32_t SsrcOf(ByteView packet) {
  ByteReader in(packet.subspan(8, 4));
  return in.U32();
}

}  // namespace

absl::StatusOr<std::unique_ptr<MediaServer>> MediaServer::Create(const Options& options) {
  std::unique_ptr<BareForwarder> forwarder = BareForwarder::Create(options.forwarding);
  if (forwarder == nullptr) {
    return absl::Status(absl::StatusCode::kUnavailable,
                        "this processor or this build has no bulk cipher");
  }
  worker::Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return Failure("cannot wait for sockets");
  return std::unique_ptr<MediaServer>(
      new MediaServer(options, std::move(forwarder), std::move(epoll)));
}

MediaServer::MediaServer(const Options& options, std::unique_ptr<BareForwarder> forwarder,
                         worker::Descriptor epoll)
    : options_(options), forwarder_(std::move(forwarder)), epoll_(std::move(epoll)) {}

absl::StatusOr<MediaServer::Opened> MediaServer::OpenTransport(const Endpoint& remote) {
  auto transport = std::make_unique<Transport>();
  transport->socket = worker::Descriptor(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const int fd = transport->socket.get();
  if (fd < 0) return Failure("cannot open a socket");
  worker::SocketAddress address{};
  const Endpoint any{IpAddress::V4(127, 0, 0, 1), 0};
  socklen_t size = worker::WriteSocketAddress(any, AF_INET, address);
  if (bind(fd, &address.generic, size) != 0) return Failure("cannot bind a socket");
  getsockname(fd, &address.generic, &size);
  const auto local = worker::ReadSocketAddress(address, size);
  size = worker::WriteSocketAddress(remote, AF_INET, address);
  if (size == 0 || connect(fd, &address.generic, size) != 0) return Failure("cannot connect");
  SetOption(fd, SOL_SOCKET, SO_SNDBUF, kSendBuffer);
  Opened opened;
  opened.transport = transports_.size();
  opened.local = local.value_or(any);
  const dtls::SrtpProfile profile = options_.forwarding.profile;
  opened.client_key.resize(dtls::MasterKeySize(profile) + dtls::MasterSaltSize(profile));
  opened.server_key.resize(opened.client_key.size());
  entropy_.Fill(opened.client_key);
  entropy_.Fill(opened.server_key);
  transports_.push_back(std::move(transport));
  return opened;
}

absl::Status MediaServer::Watch(int fd, uint64_t what) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = what;
  return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0 ? absl::OkStatus()
                                                                 : Failure("cannot wait");
}

absl::StatusOr<std::unique_ptr<dtls::SrtpSession>> MediaServer::OpeningSession(
    const Opened& opened) const {
  const auto keys =
      dtls::SrtpKeys::FromHalves(options_.forwarding.profile, opened.server_key, opened.client_key);
  if (!keys) return absl::Status(absl::StatusCode::kInternal, "keys of a wrong length");
  return dtls::SrtpSession::Create(*keys);
}

absl::StatusOr<MediaServer::Opened> MediaServer::OpenSender(const Endpoint& remote,
                                                            std::vector<Track> tracks) {
  absl::StatusOr<Opened> opened = OpenTransport(remote);
  if (!opened.ok()) return opened;
  Transport& transport = *transports_[opened->transport];
  SetOption(transport.socket.get(), SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
  SetOption(transport.socket.get(), SOL_UDP, UDP_GRO, 1);
  auto srtp = OpeningSession(*opened);
  if (!srtp.ok()) return srtp.status();
  transport.srtp = *std::move(srtp);
  transport.tracks = std::move(tracks);
  for (const Track& track : transport.tracks) {
    for (const uint32_t ssrc : track.ssrcs) {
      transport.ssrcs.push_back(ssrc);
      transport.sources.push_back(forwarder_->AddSource());
    }
  }
  const absl::Status watched = Watch(transport.socket.get(), opened->transport);
  if (!watched.ok()) return watched;
  return opened;
}

absl::StatusOr<MediaServer::Opened> MediaServer::OpenReceiver(const Endpoint& remote) {
  absl::StatusOr<Opened> opened = OpenTransport(remote);
  if (!opened.ok()) return opened;
  Transport& transport = *transports_[opened->transport];
  // What is not read need not be kept; the kernel raises this to its least.
  SetOption(transport.socket.get(), SOL_SOCKET, SO_RCVBUF, 1);
  transport.receiver = forwarder_->AddReceiver(transport.socket.get(), opened->server_key);
  if (!transport.receiver) return absl::Status(absl::StatusCode::kInternal, "a key was refused");
  return opened;
}

std::vector<MediaServer::Stream> MediaServer::Subscribe(size_t receiver, size_t sender,
                                                        bool largest) {
  std::vector<Stream> streams;
  const Transport& from = *transports_[sender];
  size_t first = 0;
  for (const Track& track : from.tracks) {
    const size_t source = from.sources[largest ? first + track.ssrcs.size() - 1 : first];
    forwarder_->Subscribe(*transports_[receiver]->receiver, source, next_ssrc_);
    streams.push_back({next_ssrc_++, &track});
    first += track.ssrcs.size();
  }
  return streams;
}

bool MediaServer::IsOpen(size_t transport) const {
  return transport < transports_.size() && transports_[transport]->socket;
}

void MediaServer::Close(size_t transport) {
  Flush();
  if (transports_[transport]->receiver) {
    forwarder_->RemoveReceiver(*transports_[transport]->receiver);
  }
  transports_[transport] = std::make_unique<Transport>();
}

Duration MediaServer::Hold() const {
  return forwarder_->aim().active() ? forwarder_->aim().Hold() : options_.hold;
}

std::optional<int64_t> MediaServer::RestOfHold() const {
  if (!deadline_ns_) return std::nullopt;
  return std::max<int64_t>(*deadline_ns_ - ClockNanos(CLOCK_MONOTONIC), 0);
}

bool MediaServer::Turn(int other) {
  if (watched_other_ != other && Watch(other, kOther).ok()) watched_other_ = other;
  std::array<epoll_event, kEvents> events;
  timespec wait{};
  const auto rest = RestOfHold();
  if (rest) wait = {*rest / 1'000'000'000, *rest % 1'000'000'000};
  const int count = epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                 rest ? &wait : nullptr, nullptr);
  ++system_calls_;
  bool other_ready = false;
  for (int i = 0; i < count; ++i) {
    const uint64_t what = events[static_cast<size_t>(i)].data.u64;
    if (what == kOther) {
      other_ready = true;
    } else {
      Drain(*transports_[what]);
    }
  }
  const Duration hold = Hold();
  if (forwarder_->waiting() > 0 && hold > Duration(0) && !deadline_ns_) {
    deadline_ns_ = ClockNanos(CLOCK_MONOTONIC) + hold.count() * 1000;
  }
  if (!deadline_ns_ || RestOfHold() == 0) Flush();
  return other_ready;
}

void MediaServer::Drain(Transport& transport) {
  if (!transport.socket) return;
  bool more = true;
  for (int i = 0; i < kReadsPerTurn && more; ++i) {
    more = receiver_.Receive(transport.socket.get());
    ++system_calls_;
    for (const ByteSpan datagram : receiver_.datagrams()) Take(transport, datagram);
    if (receiver_.exhausted()) Flush();
  }
}

// The place that the tag leaves is what padding may take.
void MediaServer::Take(Transport& transport, ByteSpan datagram) {
  if (!IsRtp(datagram)) return;
  const auto opened = transport.srtp->UnprotectRtp(datagram);
  const auto* const size = std::get_if<size_t>(&opened);
  if (size == nullptr) return;
  const auto found = std::ranges::find(transport.ssrcs, SsrcOf(datagram));
  if (found == transport.ssrcs.end()) return;
  const size_t source = transport.sources[static_cast<size_t>(found - transport.ssrcs.begin())];
  if (forwarder_->waiting() == BareForwarder::kMaxPackets) forwarder_->Flush();
  forwarder_->Push(source, datagram.first(*size));
}

void MediaServer::Flush() {
  forwarder_->Flush();
  receiver_.Release();
  deadline_ns_.reset();
}

}  // namespace sluice::bench
