// The loop around the engine: waits for readiness and deadlines (libuv), and takes turns.
//
// One turn: read the clock, give the engine what has come, send what it has to say. libuv only says
// that something is ready; a turn looks for itself. Everything a turn does is bounded, and control
// comes first in it, so that an application can close what floods its worker.

#ifndef SLUICE_WORKER_IO_EVENT_LOOP_H_
#define SLUICE_WORKER_IO_EVENT_LOOP_H_

#include <uv.h>

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "worker/engine/engine.h"
#include "worker/engine/transmit_batch.h"
#include "worker/io/clock.h"
#include "worker/io/control_listener.h"
#include "worker/io/control_pipe.h"
#include "worker/io/gathering.h"
#include "worker/io/intake_share.h"
#include "worker/io/log.h"
#include "worker/io/readiness.h"
#include "worker/io/socket_table.h"

namespace sluice::worker {

class EventLoop {
 public:
  // What Run() returns, and main() in turn.
  static constexpr int kClosed = 0;
  static constexpr int kFailed = 1;
  static constexpr int kOutOfStep = 3;

  // How long a worker that was told to stop may take to say goodbye. Its parent's patience is a
  // second or more.
  static constexpr Duration kFarewell = std::chrono::milliseconds(500);

  // Everything referred to must outlive the loop.
  struct Options {
    Engine& engine;
    SocketTable& sockets;
    Log& log;
    // See Gathering.
    Duration max_hold{0};
  };

  // Also makes SIGTERM and SIGINT end the loop, and SIGPIPE do nothing.
  static absl::StatusOr<std::unique_ptr<EventLoop>> Create(const Options& options);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Where requests come from: one of the two, before Run().
  absl::Status Serve(ControlPipe pipe);
  absl::Status Serve(ControlListener listener);

  // Takes turns until the control channel ends or a signal comes, and returns the exit code.
  int Run();

 private:
  explicit EventLoop(const Options& options) : options_(options), gathering_(options.max_hold) {}

  absl::Status Init();
  absl::Status WatchPipe();
  static void OnTimer(uv_timer_t* timer);
  static void OnCheck(uv_check_t* check);
  static void OnSignal(uv_signal_t* signal, int number);

  void Turn();
  void AcceptClient(Timestamp now);
  bool ServeControl(Timestamp now);
  void FinishClosing(Timestamp now);
  void JudgeControl(Timestamp now);
  void ServeMedia(const TurnTime& turn);
  // Waits, if that is worth it, for more media; the time then.
  TurnTime GatherMedia(TurnTime turn);
  void WriteMessages(Timestamp now);
  bool SendMedia(Timestamp now);
  void RecordDrops();
  // Ends the rooms and says goodbye; the loop stops when that is said, or after kFarewell.
  void BeginClosing(Timestamp now, int exit_code);
  void StopIfDone(Timestamp now, bool more_media);
  // Has libuv poll without waiting.
  void Hurry();
  void WaitFor(std::optional<Timestamp> deadline, bool more_work);

  const Options options_;
  Clock clock_;
  TransmitBatch batch_;
  Gathering gathering_;
  IntakeShare intake_{SocketTable::kDatagramsPerTurn};
  // Of this turn.
  Duration waited_{0};
  // When the next turn is to begin at the latest.
  std::optional<Timestamp> due_;

  uv_loop_t loop_{};
  bool loop_open_ = false;
  uv_check_t check_{};
  uv_timer_t timer_{};
  // Active while there is work that no readiness will announce: libuv then polls without waiting.
  uv_idle_t idle_{};
  uv_signal_t terminate_{};
  uv_signal_t interrupt_{};
  Readiness media_ready_;
  Readiness request_ready_;
  Readiness answer_ready_;
  Readiness client_ready_;

  std::optional<ControlPipe> control_;
  std::optional<ControlListener> listener_;
  bool told_to_stop_ = false;
  std::optional<Timestamp> closing_deadline_;
  int exit_code_ = kClosed;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_EVENT_LOOP_H_
