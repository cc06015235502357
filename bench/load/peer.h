// A media server under load, seen from its signalling: it is started, told who sends and who
// receives, and stopped. What it is made of is for its implementations to know.
//
// Requests are submitted and answered one after another, without anybody waiting: while somebody
// joins, media goes on.

#ifndef SLUICE_BENCH_LOAD_PEER_H_
#define SLUICE_BENCH_LOAD_PEER_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/load/link.h"
#include "bench/load/receive_stream.h"
#include "bench/load/send_track.h"
#include "dtls/fingerprint.h"
#include "dtls/srtp_keys.h"
#include "ice/credentials.h"

namespace sluice::load {

// Who asks for a transport.
struct ClientSide {
  std::string room;
  std::string name;
  ice::Credentials credentials;
  dtls::Fingerprint fingerprint;
  uint16_t port = 0;  // of 127.0.0.1
};

struct RoomRequest {
  std::string room;
};
// A transport that sends.
struct SendRequest {
  ClientSide client;
  std::vector<TrackDescription> tracks;
};
// A transport that receives all tracks of some senders.
struct ReceiveRequest {
  struct From {
    std::string sender;
    // The largest picture of a simulcast, or the smallest.
    bool largest = true;
  };
  ClientSide client;
  std::vector<From> from;
};
// ICE and DTLS are up.
struct ConnectedRequest {
  std::string transport;
};
struct CloseRequest {
  std::string transport;
};
struct CountersRequest {};
using Request = std::variant<RoomRequest, SendRequest, ReceiveRequest, ConnectedRequest,
                             CloseRequest, CountersRequest>;

struct Answer {
  // Empty if all is well.
  std::string error;
  // To SendRequest and ReceiveRequest.
  std::string transport;
  Link::Remote remote;
  std::vector<StreamDescription> streams;
  uint8_t twcc_id = 0;
  // Which of several workers has the transport.
  size_t worker = 0;
  // To CountersRequest.
  std::map<std::string, uint64_t> counters;
};

struct PeerIdentity {
  std::string name;
  std::string version;
  // The processes that are measured, of each worker. Most servers have one worker.
  std::vector<std::vector<pid_t>> workers;

  std::vector<pid_t> pids() const {
    std::vector<pid_t> all;
    for (const auto& worker : workers) all.insert(all.end(), worker.begin(), worker.end());
    return all;
  }
};

class Peer {
 public:
  virtual ~Peer() = default;

  // Unavailable means that this machine does not have it; the message says what is missing.
  virtual absl::StatusOr<PeerIdentity> Start() = 0;
  virtual void Submit(const Request& request) = 0;
  // The next answer, in the order of the requests. Nothing yet if it has not come.
  virtual std::optional<Answer> Poll() = 0;
  virtual void Stop() = 0;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_PEER_H_
