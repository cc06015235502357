// Our own worker: started as a child and told what to do over its control channel.

#ifndef SLUICE_BENCH_LOAD_SLUICE_PEER_H_
#define SLUICE_BENCH_LOAD_SLUICE_PEER_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bench/load/child_process.h"
#include "bench/load/peer.h"
#include "control-api/frame.h"
#include "control-api/request.h"

namespace sluice::load {

class SluicePeer : public Peer {
 public:
  struct Options {
    std::string worker;
    std::vector<std::string> arguments;
    bool twcc = true;
    uint32_t server_cpu = 0;
  };

  explicit SluicePeer(Options options) : options_(std::move(options)) {}

  absl::StatusOr<PeerIdentity> Start() override;
  void Submit(const Request& request) override;
  std::optional<Answer> Poll() override;
  void Stop() override { child_.Stop(); }

 private:
  struct Track {
    std::string producer;
    TrackDescription description;
  };
  // A request of ours, and how many responses of the worker it still waits for.
  struct Pending {
    size_t responses = 0;
    Answer answer;
  };

  void SubmitRoom(const RoomRequest& request);
  void SubmitSend(const SendRequest& request);
  void SubmitReceive(const ReceiveRequest& request);
  void SubmitClose(const CloseRequest& request);
  // Of the worker and of every transport.
  void SubmitCounters();

  // Both parts of making a transport.
  void AskTransport(const ClientSide& client, const std::string& id);
  void AskConsume(const std::string& transport, const Track& track, bool largest,
                  StreamDescription& stream);
  template <typename Body>
  void Ask(std::string target, Body body);

  // The worker's next message, if it is here.
  std::unique_ptr<schema::MessageT> NextMessage();
  void Apply(schema::ResponseT& response, Pending& pending);
  static void ReadTransport(const schema::WebRtcTransportCreatedT& created, Answer& answer);
  static void ReadCounters(const schema::WorkerStatsT& stats, Answer& answer);
  static void ReadCounters(const schema::TransportStatsT& stats, Answer& answer);
  absl::StatusOr<std::string> AwaitVersion();
  absl::Status CreateServer();

  const Options options_;
  ChildProcess child_;
  control::FrameReader reader_;
  ByteView unread_;
  uint32_t last_request_ = 0;
  uint32_t last_object_ = 0;
  uint32_t last_ssrc_ = 0;
  // By the sender's room and name.
  std::map<std::pair<std::string, std::string>, std::vector<Track>> senders_;
  std::set<std::string> transports_;
  std::deque<Pending> pending_;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_SLUICE_PEER_H_
