// All TCP of a worker: who listens, who is connected, and for how long somebody may be connected
// who has not shown that he belongs here.
//
// To the rest of the worker a connection is a path like any other: the listener's socket and the
// remote endpoint. The engine says when somebody has proved that the path is his (Keep) and when
// nobody wants it any more (Release); this class says when it has ended (NextEnded). Until it is
// kept, a connection is a stranger's: it has a few seconds, may send checks and nothing else, and
// there is room for so many of them altogether and so many from one address. When there is no room,
// the oldest stranger goes: somebody who belongs here has proved it within a round trip.

#ifndef SLUICE_WORKER_IO_TCP_CONNECTIONS_H_
#define SLUICE_WORKER_IO_TCP_CONNECTIONS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/entropy.h"
#include "base/packet_pool.h"
#include "base/time.h"
#include "worker/engine/engine.h"
#include "worker/engine/sockets.h"
#include "worker/engine/transmit_batch.h"
#include "worker/io/clock.h"
#include "worker/io/receive_batch.h"
#include "worker/io/tcp_connection.h"
#include "worker/io/tcp_listener.h"

namespace sluice::worker {

class TcpConnections {
 public:
  // More connections than this serve nobody: they are as many as a worker has transports at most.
  static constexpr size_t kMaxConnections = 20'000;
  // Strangers at one time. Each costs a descriptor and, since it may send only checks, a few KiB.
  static constexpr size_t kMaxStrangers = 512;
  // From one address (IPv4) or one /64 (IPv6), which is what one household has. An office behind
  // one address that joins all at once is back after a repetition of TCP's.
  static constexpr size_t kMaxStrangersPerAddress = 64;
  // Browsers check as soon as they are connected; a path that loses three segments in a row takes
  // seven seconds.
  static constexpr Duration kStrangerTime = std::chrono::seconds(10);
  // Datagrams of a stranger: checks, repeated until the application has told both sides of each
  // other.
  static constexpr uint32_t kStrangerDatagrams = 100;
  // How long nobody is accepted after descriptors ran out.
  static constexpr Duration kPause = std::chrono::seconds(1);

  // Everything referred to must outlive this. `epoll` watches what is opened here; events carry
  // ListenerKey or a key of ours with kConnectionBit.
  struct Options {
    PacketPool& pool;
    Entropy& entropy;
    int epoll = -1;
    size_t max_connections = kMaxConnections;
  };

  static constexpr uint64_t kListenerBit = uint64_t{1} << 32;
  static constexpr uint64_t kConnectionBit = uint64_t{1} << 33;

  explicit TcpConnections(const Options& options);

  // Opens a listener by this name. An error names address and port.
  absl::StatusOr<Endpoint> Listen(SocketId id, const ListenOptions& options);
  // With all its connections.
  void Close(SocketId id);
  bool Owns(SocketId id) const { return listeners_.contains(id.value()); }
  const Endpoint& local(SocketId id) const { return listeners_.at(id.value()).socket.local(); }

  void Keep(const Path& path);
  void Release(const Path& path);

  // An event with this key: accepts, writes what waits, and reads once. What came is in datagrams()
  // until the next call.
  ReceiveBatch::Taken Serve(uint64_t key, const TurnTime& turn);
  std::span<InboundDatagram> datagrams() { return received_; }

  // Sends `entries`, all of them through this listener.
  SendOutcome Send(const TransmitBatch& batch, std::span<const TransmitBatch::Entry> entries);

  void HandleTimeout(Timestamp now);
  std::optional<Timestamp> NextTimeout() const;
  // A connection over which something was said, and which has ended since this was last asked. To
  // be asked behind what came in the same turn.
  std::optional<Path> NextEnded();

  size_t size() const { return connections_.size(); }
  size_t strangers() const { return strangers_; }
  // What waits in all of them together.
  size_t backlog() const;
  Engine::TcpUse use() const;
  ReceiveBatch::Drops TakeDrops() { return std::exchange(drops_, {}); }

 private:
  struct Listener {
    TcpListener socket;
    // Nobody is accepted before.
    std::optional<Timestamp> paused_until;
  };
  struct Connection {
    TcpConnection stream;
    Path path;
    // Nothing once it is kept.
    std::optional<Timestamp> stranger_until;
    // While it was a stranger's.
    uint32_t datagrams = 0;
    bool watches_writing = false;
  };

  void Accept(uint32_t listener, Timestamp now);
  void Admit(uint32_t listener, TcpListener::Accepted accepted, Timestamp now);
  bool MakeRoom(const IpAddress& address);
  void Read(uint32_t key, Connection& connection, const TurnTime& turn, ReceiveBatch::Taken& taken);
  // False if a stranger says what a stranger may not.
  bool IsTolerable(Connection& connection, ByteView datagram);
  void WatchWriting(uint32_t key, Connection& connection);
  void NoLongerStranger(Connection& connection);
  // Forgets a connection that has ended, or ends it.
  void Erase(uint32_t key);
  Connection* Find(const Path& path);

  const Options options_;
  absl::flat_hash_map<uint32_t, Listener> listeners_;
  absl::flat_hash_map<uint32_t, std::unique_ptr<Connection>> connections_;
  absl::flat_hash_map<Path, uint32_t> by_path_;
  uint32_t last_key_ = 0;

  size_t strangers_ = 0;
  // By age; some of them are strangers no more, or gone.
  std::deque<uint32_t> by_age_;
  absl::flat_hash_map<IpAddress, uint32_t> strangers_from_;

  std::deque<Path> ended_;
  std::unique_ptr<uint8_t[]> buffer_;
  std::vector<InboundDatagram> received_;
  ReceiveBatch::Drops drops_;
  Engine::TcpUse counts_;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_TCP_CONNECTIONS_H_
