// All media sockets of a worker: opens them for the engine, reads whichever have something, sends
// through each what is meant for it. UDP sockets are kept here, TCP ones in TcpConnections.
//
// The sockets are gathered under one descriptor (epoll(7)) that is readable when any of them is, so
// that the loop watches one thing however many sockets come and go.

#ifndef SLUICE_WORKER_IO_SOCKET_TABLE_H_
#define SLUICE_WORKER_IO_SOCKET_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/entropy.h"
#include "base/packet_pool.h"
#include "worker/engine/sockets.h"
#include "worker/engine/transmit_batch.h"
#include "worker/io/clock.h"
#include "worker/io/log.h"
#include "worker/io/receive_batch.h"
#include "worker/io/send_batch.h"
#include "worker/io/tcp_connections.h"
#include "worker/io/udp_socket.h"

namespace sluice::worker {

class SocketTable : public Sockets {
 public:
  // Everything referred to must outlive the table.
  struct Options {
    PacketPool& pool;
    Entropy& entropy;
    Log& log;
    // Taken where a request names neither a port nor a range; 0 and 0 for any port at all.
    uint16_t port_min = 0;
    uint16_t port_max = 0;
    // See SendBatch.
    bool forms_trains = true;
    // See TcpConnections.
    size_t max_tcp_connections = TcpConnections::kMaxConnections;
  };

  // What the shell lost since it was last asked.
  struct Drops {
    uint64_t truncated = 0;
    uint64_t pool_exhausted = 0;
    uint64_t socket_full = 0;
    uint64_t socket_error = 0;
  };

  // The most datagrams read in one turn: about 5 ms of work, after which requests and deadlines
  // have their turn. The rest stays in the kernel.
  static constexpr size_t kDatagramsPerTurn = 1024;

  static absl::StatusOr<std::unique_ptr<SocketTable>> Create(const Options& options);

  absl::StatusOr<BoundSocket> Open(const ListenOptions& options) override;
  void Close(SocketId socket) override;
  void Keep(const Path& path) override { tcp_.Keep(path); }
  void Release(const Path& path) override { tcp_.Release(path); }
  // Of UDP.
  size_t size() const { return sockets_.size(); }

  // Readable when a socket is.
  int ready_fd() const { return epoll_.get(); }

  // Begins a turn; NextBatch() then gives what has come, one batch of one socket at a time, until
  // nothing is left or the turn's share, that many datagrams, is used up. Empty says so.
  void BeginTurn(const TurnTime& turn, size_t share = kDatagramsPerTurn);
  std::span<InboundDatagram> NextBatch();
  // A TCP connection over which somebody was heard, and which has ended.
  std::optional<Path> NextEnded() { return tcp_.NextEnded(); }

  // For strangers on TCP.
  void HandleTimeout(Timestamp now) { tcp_.HandleTimeout(now); }
  std::optional<Timestamp> NextTimeout() const { return tcp_.NextTimeout(); }

  void Send(const TransmitBatch& batch);
  // Datagrams of one destination and size leave together; see SendBatch.
  bool forms_trains() const { return send_.forms_trains(); }

  Drops TakeDrops();
  // All that was sent so far.
  const SendOutcome& sent() const { return sent_; }
  Engine::TcpUse tcp_use() const { return tcp_.use(); }

 private:
  SocketTable(const Options& options, Descriptor epoll);

  absl::StatusOr<Endpoint> OpenUdp(SocketId id, const ListenOptions& options);
  ReceiveBatch::Taken Serve(uint64_t key);
  void ReportBuffers(const UdpSocket& socket, const ListenOptions& options);

  const Options options_;
  Descriptor epoll_;
  std::unordered_map<uint32_t, UdpSocket> sockets_;
  uint32_t last_id_ = 0;
  ReceiveBatch receive_;
  SendBatch send_;
  TcpConnections tcp_;
  SendOutcome outcome_;  // since TakeDrops
  SendOutcome sent_;

  // Of this turn: sockets that may have more, whose turn it is, and how much may still be read.
  TurnTime turn_;
  std::vector<uint64_t> ready_;
  size_t next_ready_ = 0;
  size_t share_ = 0;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_SOCKET_TABLE_H_
