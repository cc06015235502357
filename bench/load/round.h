// One server, started afresh, under one profile's load: the figures of a line of the output.

#ifndef SLUICE_BENCH_LOAD_ROUND_H_
#define SLUICE_BENCH_LOAD_ROUND_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/entropy.h"
#include "bench/load/json.h"
#include "bench/load/measurement.h"
#include "bench/load/media_library.h"
#include "bench/load/options.h"
#include "bench/load/peer.h"
#include "bench/load/process_meter.h"
#include "bench/load/progress_line.h"
#include "bench/load/scene.h"
#include "bench/load/stage.h"
#include "dtls/context.h"

namespace sluice::load {

class Round {
 public:
  // The peer runs already. What is referred to must outlive the round.
  struct Setting {
    const Options& options;
    const MediaLibrary& library;
    Peer& peer;
    const PeerIdentity& identity;
    const dtls::Context& context;
    Entropy& entropy;
    ProgressLine& progress;
  };

  explicit Round(const Setting& setting);

  // The figures, with what identifies them first.
  absl::StatusOr<Json> Run();

 private:
  static ServerMeter MeterOf(const Setting& setting);

  absl::Status RunTraffic(Json& out);
  absl::Status RunIdle(Json& out);
  absl::Status RunJoin(Json& out);
  absl::Status RunRate(Json& out);

  // Rooms and senders, with media flowing; then the server's memory is read.
  absl::Status BeginMedia();
  // All receivers of the scene, and some time for the server to find its rhythm.
  absl::Status LetReceiversIn();
  // What the server itself and the sample say at the end.
  absl::Status Finish(Json& out);
  absl::Status RunFor(const char* what, Duration time);
  absl::Status Settle(const char* what, size_t clients);

  // Of profile join: everybody comes, everybody goes. Adds to what cycles have shown so far.
  struct Storms {
    double seconds = 0;
    uint64_t joined = 0;
    Json rss = Json::Array();
    double first_rss = 0;
    double last_rss = 0;
  };
  absl::Status RunCycle(uint32_t cycle, Storms& storms);

  // Of profile rate: one offered rate.
  struct Step {
    double speed = 0;
    Interval interval;
    bool clean = false;
  };
  absl::StatusOr<Step> TryRate(double speed, Duration time, Json& steps);
  // After losses, as slowly as a server's estimates of its receivers' paths recover.
  absl::Status Climb(double speed);
  absl::StatusOr<Step> TryTwice(double speed, Json& steps);
  absl::StatusOr<Step> FindRate(Json& steps);

  Duration measured() const;
  void ShowState(const char* what);

  const Setting setting_;
  const Options& options_;
  const ServerMeter meter_;
  Scene scene_;
  Stage stage_;
  uint64_t rss_before_ = 0;
  // The speed at which media flows well since the last loss; 0: there was none.
  double recovered_ = 0;
  const char* doing_ = "";
  uint64_t last_packets_ = 0;
  Timestamp last_shown_;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_ROUND_H_
