#include "worker/io/socket_table.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace sluice::worker {
namespace {

// More sockets than this that are ready at once have to wait a turn; the kernel puts those that
// were read to the end of its list.
constexpr size_t kReadyPerTurn = 64;

}  // namespace

absl::StatusOr<std::unique_ptr<SocketTable>> SocketTable::Create(const Options& options) {
  Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) {
    return absl::Status(absl::StatusCode::kUnavailable,
                        std::string("cannot watch sockets: ") + std::strerror(errno));
  }
  return std::unique_ptr<SocketTable>(new SocketTable(options, std::move(epoll)));
}

SocketTable::SocketTable(const Options& options, Descriptor epoll)
    : options_(options),
      epoll_(std::move(epoll)),
      receive_(options.pool),
      tcp_({options.pool, options.entropy, epoll_.get(), options.max_tcp_connections}) {
  ready_.reserve(kReadyPerTurn);
  send_.set_trains(options.forms_trains);
}

absl::StatusOr<BoundSocket> SocketTable::Open(const ListenOptions& options) {
  ListenOptions wanted = options;
  if (wanted.port == 0 && wanted.port_min == 0 && wanted.port_max == 0) {
    wanted.port_min = options_.port_min;
    wanted.port_max = options_.port_max;
  }
  // Ids are not used again, so that nobody takes a new socket for an old one. Four thousand million
  // sockets later the count begins anew, and passes over those that are still open.
  do {
    ++last_id_;
  } while (last_id_ == 0 || sockets_.contains(last_id_) || tcp_.Owns(SocketId(last_id_)));
  const SocketId id(last_id_);
  const absl::StatusOr<Endpoint> local =
      wanted.protocol == TransportProtocol::kTcp ? tcp_.Listen(id, wanted) : OpenUdp(id, wanted);
  if (!local.ok()) return local.status();
  return BoundSocket{id, *local};
}

absl::StatusOr<Endpoint> SocketTable::OpenUdp(SocketId id, const ListenOptions& options) {
  absl::StatusOr<UdpSocket> opened = UdpSocket::Open(options, options_.entropy);
  if (!opened.ok()) return opened.status();
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = id.value();
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, opened->fd(), &event) != 0) {
    return absl::Status(absl::StatusCode::kUnavailable,
                        "cannot watch " + opened->local().ToString() + ": " + std::strerror(errno));
  }
  ReportBuffers(*opened, options);
  const Endpoint local = opened->local();
  sockets_.emplace(id.value(), *std::move(opened));
  return local;
}

void SocketTable::Close(SocketId socket) {
  const auto found = sockets_.find(socket.value());
  if (found == sockets_.end()) {
    tcp_.Close(socket);
    return;
  }
  options_.log.Debug(turn_.now, "closed " + found->second.local().ToString());
  // Closing the descriptor takes it out of the epoll set as well.
  sockets_.erase(found);
}

void SocketTable::BeginTurn(const TurnTime& turn, size_t share) {
  turn_ = turn;
  share_ = share;
  next_ready_ = 0;
  ready_.clear();
  std::array<epoll_event, kReadyPerTurn> events;
  const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    // By value: epoll_event is packed, and nothing may refer into it.
    const uint64_t key = events[static_cast<size_t>(i)].data.u64;
    ready_.push_back(key);
  }
}

// Goes round the ready sockets, so that a flooded one does not keep the others from being read.
std::span<InboundDatagram> SocketTable::NextBatch() {
  while (!ready_.empty() && share_ != 0) {
    if (next_ready_ >= ready_.size()) next_ready_ = 0;
    const uint64_t key = ready_[next_ready_];
    const ReceiveBatch::Taken taken = Serve(key);
    share_ -= std::min(share_, taken.datagrams);
    if (taken.messages < ReceiveBatch::kSize) {
      ready_[next_ready_] = ready_.back();
      ready_.pop_back();
    } else {
      ++next_ready_;
    }
    const bool is_udp = key <= UINT32_MAX;
    const std::span<InboundDatagram> came = is_udp ? receive_.datagrams() : tcp_.datagrams();
    if ((taken.messages != 0 || !is_udp) && !came.empty()) return came;
  }
  return {};
}

ReceiveBatch::Taken SocketTable::Serve(uint64_t key) {
  if (key > UINT32_MAX) return tcp_.Serve(key, turn_);
  const auto found = sockets_.find(static_cast<uint32_t>(key));
  if (found == sockets_.end()) return {};
  return receive_.Receive(found->second.fd(), SocketId(static_cast<uint32_t>(key)), turn_);
}

void SocketTable::Send(const TransmitBatch& batch) {
  std::span<const TransmitBatch::Entry> rest = batch.entries();
  while (!rest.empty()) {
    const SocketId socket = rest.front().path.socket;
    size_t count = 1;
    while (count < rest.size() && rest[count].path.socket == socket) ++count;
    const auto found = sockets_.find(socket.value());
    if (tcp_.Owns(socket)) {
      outcome_ += tcp_.Send(batch, rest.first(count));
    } else if (found == sockets_.end()) {
      outcome_.failed += count;
    } else {
      outcome_ += send_.Send(found->second.fd(), found->second.family(), batch, rest.first(count));
    }
    rest = rest.subspan(count);
  }
}

SocketTable::Drops SocketTable::TakeDrops() {
  ReceiveBatch::Drops received = receive_.TakeDrops();
  const ReceiveBatch::Drops by_tcp = tcp_.TakeDrops();
  received.truncated += by_tcp.truncated;
  received.pool_exhausted += by_tcp.pool_exhausted;
  sent_ += outcome_;
  const SendOutcome sent = std::exchange(outcome_, {});
  return {received.truncated, received.pool_exhausted, sent.full, sent.failed};
}

void SocketTable::ReportBuffers(const UdpSocket& socket, const ListenOptions& options) {
  const uint32_t wanted =
      options.receive_buffer == 0 ? UdpSocket::kDefaultBuffer : options.receive_buffer;
  const std::string sizes = std::to_string(socket.receive_buffer() / 1024) + " KiB to receive, " +
                            std::to_string(socket.send_buffer() / 1024) + " KiB to send";
  options_.log.Debug(turn_.now, "listening on " + socket.local().ToString() + " with " + sizes);
  // A small receive buffer loses packets in bursts, and nobody sees where.
  if (socket.receive_buffer() >= wanted) return;
  options_.log.Warn(turn_.now, "the kernel grants " + socket.local().ToString() + " only " + sizes +
                                   "; raise net.core.rmem_max and net.core.wmem_max");
}

}  // namespace sluice::worker
