// The whole SFU as one value: it takes datagrams, requests and the time, and gives back datagrams,
// messages and the next moment it wants to be called.
//
// The engine holds no socket, no clock and no entropy of its own. The shell (worker/io) calls
// HandleDatagram, HandleFrame and HandleTimeout in any order with a `now` that never goes back,
// then drains PollMessage and PollTransmit, then sleeps until NextTimeout. It is not thread-safe
// and no call re-enters.

#ifndef SLUICE_WORKER_ENGINE_ENGINE_H_
#define SLUICE_WORKER_ENGINE_ENGINE_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/drop_reason.h"
#include "base/endpoint.h"
#include "base/entropy.h"
#include "base/packet_pool.h"
#include "base/time.h"
#include "dtls/bulk_cipher.h"
#include "dtls/context.h"
#include "worker/engine/estimate_traces.h"
#include "worker/engine/event_log.h"
#include "worker/engine/process_usage.h"
#include "worker/engine/sockets.h"
#include "worker/engine/transmit_batch.h"

namespace sluice::worker {

class Dispatcher;
struct Workspace;

class Engine {
 public:
  // Everything referred to must outlive the engine.
  struct Options {
    PacketPool& pool;
    Entropy& entropy;
    Sockets& sockets;
    const dtls::Context& dtls;
    ProcessUsage& usage;
    // Seals and opens SRTP; null leaves it to OpenSSL.
    dtls::BulkCipher* cipher = nullptr;
    // What to add to a timestamp to get the time since 1970; used for NTP times only.
    Duration unix_offset{0};
    uint32_t pid = 0;
    // Estimates of paths bound what is sent. Otherwise they are only told.
    bool adapts_to_bandwidth = true;
    // Null: what estimators are told is not written down.
    EstimateTraces* estimate_traces = nullptr;
    // Binding requests of anybody are answered (see ice::BindingResponder), not only checks.
    bool answers_stun = false;
    // What is told of single objects, and how much, until the application says otherwise.
    EventLog::Settings log = {};
  };

  explicit Engine(const Options& options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // `packet` holds the datagram and the kernel's receive time in the clock of `now`. The engine
  // decrypts it in place, so nobody else may hold a reference.
  void HandleDatagram(Timestamp now, SocketId socket, const Endpoint& remote, PacketRef packet);

  // A TCP connection has ended over which datagrams had come: nothing can be sent there any more.
  void HandleDisconnected(Timestamp now, const Path& path);

  // One control frame without its length. Whatever it holds, the answer is a message.
  void HandleFrame(Timestamp now, ByteView frame);

  void HandleTimeout(Timestamp now);
  std::optional<Timestamp> NextTimeout() const;

  // Media that has come in and has not been polled yet.
  struct Waiting {
    // If everybody took everything.
    size_t datagrams = 0;
    // More of a picture is to come.
    bool picture_is_open = false;
  };
  Waiting waiting() const;
  // Media that has left: datagrams, and how often somebody was given some. Never goes back.
  struct Departed {
    uint64_t datagrams = 0;
    uint64_t visits = 0;
  };
  Departed departed() const;

  // Appends datagrams to `batch`. True if there is more than fitted: flush, clear and call again.
  bool PollTransmit(Timestamp now, TransmitBatch& batch);

  // The next outgoing control message without its length, valid until the next call of any method;
  // empty if there is none.
  ByteView PollMessage();

  // How the shell sends, since it started; told in the worker's statistics.
  struct Sending {
    uint64_t sends = 0;  // single datagrams, and trains
    uint64_t calls = 0;
    uint64_t trains_refused = 0;
    uint64_t holds = 0;
    Duration held{0};
  };
  void RecordSending(const Sending& sending);
  // How TCP is used; told in the worker's statistics.
  struct TcpUse {
    uint64_t connections = 0;
    uint64_t strangers = 0;  // of these, those over which nobody has proved who he is
    // Since the worker started.
    uint64_t accepted = 0;
    uint64_t refused = 0;   // over a limit, or descriptors had run out
    uint64_t expired = 0;   // strangers whose time was over, or who had to make room
    uint64_t expelled = 0;  // strangers who said what strangers may not
    uint64_t late = 0;      // packets that were dropped because a peer did not read
  };
  void RecordTcp(const TcpUse& use);

  // Counts what the shell had to drop before the engine saw it or after the engine let it go.
  void RecordDrop(DropReason reason, uint64_t packets = 1);

  // Closes every router. Peers are told (close_notify); drain PollTransmit afterwards.
  void Close(Timestamp now);

  // "none", "error", "warn" or "debug" as last set through the control channel, if it was.
  std::optional<int> TakeLogLevel();

 private:
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_ENGINE_H_
