#include "worker/io/tcp_connections.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "ice/tcp_framing.h"
#include "worker/engine/demux.h"

namespace sluice::worker {
namespace {

// Accepted in one turn; the rest stays with the kernel.
constexpr int kAcceptsPerTurn = 64;

// Who counts as one when strangers are counted.
IpAddress HouseholdOf(const IpAddress& address) {
  if (address.is_v4()) return address;
  std::array<uint8_t, 16> bytes{};
  std::ranges::copy(address.bytes().first(8), bytes.begin());
  return IpAddress::V6(bytes);
}

bool Watch(int epoll, int operation, int fd, uint32_t events, uint64_t key) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = key;
  return epoll_ctl(epoll, operation, fd, &event) == 0;
}

}  // namespace

TcpConnections::TcpConnections(const Options& options)
    : options_(options),
      buffer_(std::make_unique_for_overwrite<uint8_t[]>(TcpConnection::kReadSize)) {}

absl::StatusOr<Endpoint> TcpConnections::Listen(SocketId id, const ListenOptions& options) {
  absl::StatusOr<TcpListener> opened = TcpListener::Open(options, options_.entropy);
  if (!opened.ok()) return opened.status();
  const Endpoint local = opened->local();
  if (!Watch(options_.epoll, EPOLL_CTL_ADD, opened->fd(), EPOLLIN, kListenerBit | id.value())) {
    return absl::Status(absl::StatusCode::kUnavailable, "cannot watch " + local.ToString());
  }
  listeners_.emplace(id.value(), Listener{*std::move(opened), {}});
  return local;
}

void TcpConnections::Close(SocketId id) {
  std::vector<uint32_t> keys;
  for (const auto& [path, key] : by_path_) {
    if (path.socket == id) keys.push_back(key);
  }
  for (uint32_t key : keys) Erase(key);
  std::erase_if(ended_, [&](const Path& path) { return path.socket == id; });
  // Closing the descriptor takes it out of the epoll set as well.
  listeners_.erase(id.value());
}

void TcpConnections::Keep(const Path& path) {
  if (Connection* connection = Find(path)) NoLongerStranger(*connection);
}

void TcpConnections::Release(const Path& path) {
  const auto found = by_path_.find(path);
  if (found == by_path_.end()) return;
  // A stranger is not who was kept, but somebody who came after him from the same port.
  if (connections_.at(found->second)->stranger_until) return;
  Erase(found->second);
}

ReceiveBatch::Taken TcpConnections::Serve(uint64_t key, const TurnTime& turn) {
  received_.clear();
  ReceiveBatch::Taken taken;
  const auto id = static_cast<uint32_t>(key);
  if ((key & kListenerBit) != 0) {
    Accept(id, turn.now);
    return taken;
  }
  const auto found = connections_.find(id);
  if (found == connections_.end()) return taken;
  Connection& connection = *found->second;
  connection.stream.Flush();
  Read(id, connection, turn, taken);
  return taken;
}

void TcpConnections::Accept(uint32_t listener, Timestamp now) {
  const auto found = listeners_.find(listener);
  if (found == listeners_.end() || found->second.paused_until) return;
  const TcpListener& socket = found->second.socket;
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    auto [accepted, refusal] = socket.Accept();
    if (accepted) {
      Admit(listener, *std::move(accepted), now);
    } else if (refusal == TcpListener::Refusal::kNone) {
      return;
    } else if (refusal == TcpListener::Refusal::kNoDescriptors) {
      // The listener stays readable, and would wake the loop for ever.
      ++counts_.refused;
      found->second.paused_until = now + kPause;
      Watch(options_.epoll, EPOLL_CTL_MOD, socket.fd(), 0, kListenerBit | listener);
      return;
    }
  }
}

void TcpConnections::Admit(uint32_t listener, TcpListener::Accepted accepted, Timestamp now) {
  const Path path{SocketId(listener), accepted.remote};
  // The end of an earlier one from there is on its way.
  if (const auto earlier = by_path_.find(path); earlier != by_path_.end()) Erase(earlier->second);
  if (!MakeRoom(accepted.remote.address)) {
    ++counts_.refused;
    return;
  }
  do {
    ++last_key_;
  } while (connections_.contains(last_key_));
  if (!Watch(options_.epoll, EPOLL_CTL_ADD, accepted.descriptor.get(), EPOLLIN,
             kConnectionBit | last_key_)) {
    ++counts_.refused;
    return;
  }
  auto connection = std::make_unique<Connection>(
      Connection{TcpConnection(std::move(accepted.descriptor)), path, now + kStrangerTime});
  connections_.emplace(last_key_, std::move(connection));
  by_path_.emplace(path, last_key_);
  by_age_.push_back(last_key_);
  ++strangers_;
  ++strangers_from_[HouseholdOf(accepted.remote.address)];
  ++counts_.accepted;
}

bool TcpConnections::MakeRoom(const IpAddress& address) {
  if (connections_.size() >= options_.max_connections) return false;
  const auto from = strangers_from_.find(HouseholdOf(address));
  if (from != strangers_from_.end() && from->second >= kMaxStrangersPerAddress) return false;
  while (strangers_ >= kMaxStrangers) {
    const uint32_t oldest = by_age_.front();
    by_age_.pop_front();
    const auto found = connections_.find(oldest);
    if (found == connections_.end() || !found->second->stranger_until) continue;
    ++counts_.expired;
    Erase(oldest);
  }
  return true;
}

void TcpConnections::Read(uint32_t key, Connection& connection, const TurnTime& turn,
                          ReceiveBatch::Taken& taken) {
  ByteView stream = connection.stream.Read(ByteSpan(buffer_.get(), TcpConnection::kReadSize));
  if (stream.size() == TcpConnection::kReadSize) taken.messages = ReceiveBatch::kSize;
  bool tolerable = true;
  while (tolerable) {
    const std::optional<ByteView> datagram = connection.stream.NextDatagram(stream);
    if (!datagram) break;
    ++taken.datagrams;
    tolerable = IsTolerable(connection, *datagram);
    if (!tolerable) break;
    if (PacketRef packet = options_.pool.Copy(*datagram, turn.now)) {
      received_.push_back({connection.path.socket, connection.path.remote, std::move(packet)});
    } else {
      ++drops_.pool_exhausted;
    }
  }
  const uint64_t too_long = connection.stream.TakeTooLong();
  drops_.truncated += too_long;
  if (too_long != 0 && connection.stranger_until) tolerable = false;
  if (!tolerable) ++counts_.expelled;
  if (!tolerable || connection.stream.ended()) {
    taken.messages = 0;
    Erase(key);
    return;
  }
  if (taken.messages == 0 && taken.datagrams != 0) taken.messages = 1;
  WatchWriting(key, connection);
}

bool TcpConnections::IsTolerable(Connection& connection, ByteView datagram) {
  if (!connection.stranger_until) return true;
  // Behind the check that proves him, a peer may send what it likes; what came with it in one piece
  // has not been judged yet.
  if (++connection.datagrams > kStrangerDatagrams) return false;
  return connection.datagrams > 1 || Classify(datagram) == Wire::kStun;
}

void TcpConnections::WatchWriting(uint32_t key, Connection& connection) {
  const bool wanted = connection.stream.waits_to_write();
  if (wanted == connection.watches_writing) return;
  connection.watches_writing = wanted;
  Watch(options_.epoll, EPOLL_CTL_MOD, connection.stream.fd(),
        wanted ? EPOLLIN | EPOLLOUT : EPOLLIN, kConnectionBit | key);
}

SendOutcome TcpConnections::Send(const TransmitBatch& batch,
                                 std::span<const TransmitBatch::Entry> entries) {
  SendOutcome outcome;
  while (!entries.empty()) {
    size_t count = 1;
    while (count < entries.size() && entries[count].path == entries.front().path) ++count;
    const auto found = by_path_.find(entries.front().path);
    if (found == by_path_.end()) {
      outcome.failed += count;
    } else {
      Connection& connection = *connections_.at(found->second);
      outcome += connection.stream.Send(batch, entries.first(count));
      WatchWriting(found->second, connection);
    }
    entries = entries.subspan(count);
  }
  counts_.late += outcome.full;
  return outcome;
}

void TcpConnections::HandleTimeout(Timestamp now) {
  while (!by_age_.empty()) {
    const auto found = connections_.find(by_age_.front());
    const bool is_stranger = found != connections_.end() && found->second->stranger_until;
    if (is_stranger && now < *found->second->stranger_until) break;
    const uint32_t key = by_age_.front();
    by_age_.pop_front();
    if (!is_stranger) continue;
    ++counts_.expired;
    Erase(key);
  }
  for (auto& [id, listener] : listeners_) {
    if (!listener.paused_until || now < *listener.paused_until) continue;
    listener.paused_until.reset();
    Watch(options_.epoll, EPOLL_CTL_MOD, listener.socket.fd(), EPOLLIN, kListenerBit | id);
  }
}

std::optional<Timestamp> TcpConnections::NextTimeout() const {
  std::optional<Timestamp> next;
  for (const auto& [id, listener] : listeners_) next = Earlier(next, listener.paused_until);
  for (uint32_t key : by_age_) {
    const auto found = connections_.find(key);
    if (found == connections_.end() || !found->second->stranger_until) continue;
    return Earlier(next, found->second->stranger_until);
  }
  return next;
}

std::optional<Path> TcpConnections::NextEnded() {
  if (ended_.empty()) return std::nullopt;
  const Path path = ended_.front();
  ended_.pop_front();
  return path;
}

size_t TcpConnections::backlog() const {
  size_t bytes = 0;
  for (const auto& [key, connection] : connections_) bytes += connection->stream.backlog();
  return bytes;
}

Engine::TcpUse TcpConnections::use() const {
  Engine::TcpUse use = counts_;
  use.connections = connections_.size();
  use.strangers = strangers_;
  return use;
}

void TcpConnections::NoLongerStranger(Connection& connection) {
  if (!connection.stranger_until) return;
  connection.stranger_until.reset();
  --strangers_;
  const auto from = strangers_from_.find(HouseholdOf(connection.path.remote.address));
  SLUICE_CHECK(from != strangers_from_.end());
  if (--from->second == 0) strangers_from_.erase(from);
}

void TcpConnections::Erase(uint32_t key) {
  const auto found = connections_.find(key);
  Connection& connection = *found->second;
  // Even of a stranger's: what he said may be about to prove who he is.
  if (connection.datagrams != 0) ended_.push_back(connection.path);
  NoLongerStranger(connection);
  if (!connection.stream.ended()) {
    connection.stream.Shutdown(ByteSpan(buffer_.get(), TcpConnection::kReadSize));
  }
  by_path_.erase(connection.path);
  connections_.erase(found);
}

TcpConnections::Connection* TcpConnections::Find(const Path& path) {
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? nullptr : connections_.at(found->second).get();
}

}  // namespace sluice::worker
