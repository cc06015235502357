#include "worker/io/event_loop.h"

#include <time.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <utility>

#include "base/check.h"

namespace sluice::worker {
namespace {

// Requests answered in one turn. Each takes microseconds, the slowest (a dump of everything) some
// milliseconds.
constexpr int kRequestsPerTurn = 64;

// Batches sent in one turn: 16,384 datagrams. An overloaded worker must still read what tells it to
// stop.
constexpr int kFlushesPerTurn = 64;

absl::Status Failure(const char* what, int error) {
  return absl::Status(absl::StatusCode::kUnavailable,
                      std::string(what) + ": " + uv_strerror(error));
}

}  // namespace

absl::StatusOr<std::unique_ptr<EventLoop>> EventLoop::Create(const Options& options) {
  std::unique_ptr<EventLoop> loop(new EventLoop(options));
  if (absl::Status status = loop->Init(); !status.ok()) return status;
  return loop;
}

absl::Status EventLoop::Init() {
  std::signal(SIGPIPE, SIG_IGN);
  if (int error = uv_loop_init(&loop_); error != 0) return Failure("cannot start a loop", error);
  loop_open_ = true;
  check_.data = timer_.data = terminate_.data = interrupt_.data = this;
  uv_check_init(&loop_, &check_);
  uv_timer_init(&loop_, &timer_);
  uv_idle_init(&loop_, &idle_);
  uv_check_start(&check_, &EventLoop::OnCheck);
  for (const auto& [handle, number] : {std::pair(&terminate_, SIGTERM), {&interrupt_, SIGINT}}) {
    int error = uv_signal_init(&loop_, handle);
    if (error == 0) error = uv_signal_start(handle, &EventLoop::OnSignal, number);
    if (error != 0) return Failure("cannot wait for signals", error);
  }
  if (int error = media_ready_.Open(loop_, options_.sockets.ready_fd()); error != 0) {
    return Failure("cannot wait for datagrams", error);
  }
  media_ready_.Watch(UV_READABLE);
  return absl::OkStatus();
}

EventLoop::~EventLoop() {
  if (!loop_open_) return;
  uv_walk(
      &loop_,
      [](uv_handle_t* handle, void*) {
        if (!uv_is_closing(handle)) uv_close(handle, nullptr);
      },
      nullptr);
  uv_run(&loop_, UV_RUN_DEFAULT);
  SLUICE_CHECK(uv_loop_close(&loop_) == 0);
}

absl::Status EventLoop::Serve(ControlPipe pipe) {
  control_.emplace(std::move(pipe));
  return WatchPipe();
}

absl::Status EventLoop::Serve(ControlListener listener) {
  listener_.emplace(std::move(listener));
  if (int error = client_ready_.Open(loop_, listener_->fd()); error != 0) {
    return Failure("cannot wait for a client", error);
  }
  client_ready_.Watch(UV_READABLE);
  return absl::OkStatus();
}

absl::Status EventLoop::WatchPipe() {
  if (int error = request_ready_.Open(loop_, control_->read_fd()); error != 0) {
    return Failure("the control channel cannot be read from", error);
  }
  if (int error = answer_ready_.Open(loop_, control_->write_fd()); error != 0) {
    return Failure("the control channel cannot be written to", error);
  }
  return absl::OkStatus();
}

int EventLoop::Run() {
  // What the engine has to say before anything happened.
  WaitFor(std::nullopt, true);
  uv_run(&loop_, UV_RUN_DEFAULT);
  return exit_code_;
}

// libuv runs timers before it polls. The turn comes after polling (OnCheck), so all there is to do
// here is not to wait in between.
void EventLoop::OnTimer(uv_timer_t* timer) { static_cast<EventLoop*>(timer->data)->Hurry(); }

void EventLoop::OnCheck(uv_check_t* check) { static_cast<EventLoop*>(check->data)->Turn(); }

void EventLoop::OnSignal(uv_signal_t* signal, int) {
  static_cast<EventLoop*>(signal->data)->told_to_stop_ = true;
}

// The order is the design: requests first, input before output, messages before media. Input is
// drained before anything is sent, so one wake-up that brings thirty datagrams ends in one flush
// rather than thirty.
void EventLoop::Turn() {
  TurnTime turn = clock_.Read();
  const Timestamp began = turn.now;
  std::optional<Duration> late;
  if (due_ && began >= *due_) late = began - *due_;

  AcceptClient(began);
  const bool more_requests = ServeControl(began);
  if (told_to_stop_) BeginClosing(began, kClosed);
  ServeMedia(turn);
  turn = GatherMedia(turn);
  const Timestamp now = turn.now;
  options_.engine.HandleTimeout(now);

  WriteMessages(now);
  const bool more_media = SendMedia(now);
  WriteMessages(now);  // Sending may have had news.
  RecordDrops();
  // Writing may have found that nobody reads any more; the next turn draws the conclusion.
  const bool ended = control_ && control_->state() != ControlPipe::State::kOpen;
  const bool more_work = more_requests || more_media || (ended && !closing_deadline_);
  gathering_.End(now, options_.engine.departed());
  const std::optional<Timestamp> deadline =
      Earlier(options_.engine.NextTimeout(), options_.sockets.NextTimeout());
  WaitFor(Earlier(deadline, closing_deadline_), more_work);
  StopIfDone(now, more_media);
  const Timestamp finished = clock_.Read().now;
  const Duration busy = finished - began - waited_;
  gathering_.RecordBusy(finished, busy);
  options_.engine.RecordTurn({.busy = busy, .late = late});
  intake_.RecordTurn(busy);
}

void EventLoop::AcceptClient(Timestamp now) {
  if (!listener_ || closing_deadline_) return;
  absl::StatusOr<std::optional<ControlPipe>> accepted = listener_->Accept();
  if (!accepted.ok()) {
    options_.log.Error(now, std::string(accepted.status().message()));
    BeginClosing(now, kFailed);
  } else if (accepted->has_value()) {
    client_ready_.Close();
    listener_.reset();
    if (absl::Status status = Serve(**std::move(accepted)); !status.ok()) {
      options_.log.Error(now, std::string(status.message()));
      BeginClosing(now, kFailed);
    }
  }
}

// True if there are requests left that nothing will announce.
bool EventLoop::ServeControl(Timestamp now) {
  if (!control_ || closing_deadline_) return false;
  control_->BeginTurn();
  // A turn that media has woken up need not ask the kernel for requests.
  const int most = request_ready_.TakeReported() || control_->has_unread() ? kRequestsPerTurn : 0;
  for (int i = 0; i < most && control_->HasRoom(); ++i) {
    const std::optional<ByteView> frame = control_->NextFrame();
    if (!frame) break;
    options_.engine.HandleFrame(now, *frame);
    FinishClosing(now);
    WriteMessages(now);
  }
  if (std::optional<int> level = options_.engine.TakeLogLevel()) {
    // An application newer than the worker may know more levels.
    options_.log.set_level(static_cast<LogLevel>(std::clamp(*level, 0, 3)));
  }
  JudgeControl(now);
  const bool open = !closing_deadline_ && control_->HasRoom();
  request_ready_.Watch(open ? UV_READABLE : 0);
  return open && control_->has_unread();
}

// Sockets that a request has closed stay open until the last words of their transports have left.
// That happens before the answer leaves, so that an application which has it can use the ports
// again.
void EventLoop::FinishClosing(Timestamp now) {
  const std::optional<Timestamp> due = options_.engine.NextTimeout();
  if (!due || *due > now) return;
  SendMedia(now);
  options_.engine.HandleTimeout(now);
}

void EventLoop::JudgeControl(Timestamp now) {
  switch (control_->state()) {
    case ControlPipe::State::kOpen:
      break;
    case ControlPipe::State::kEnded:
      if (control_->ended_mid_frame()) {
        options_.log.Warn(now, "the control channel ended in the middle of a request");
      }
      BeginClosing(now, kClosed);
      break;
    case ControlPipe::State::kOutOfStep:
      options_.log.Error(now, "the control channel is out of step: a frame of " +
                                  std::to_string(control_->announced_size()) +
                                  " bytes was announced, the limit is " +
                                  std::to_string(control::kMaxFrameSize));
      BeginClosing(now, kOutOfStep);
      break;
  }
}

void EventLoop::ServeMedia(const TurnTime& turn) {
  options_.sockets.HandleTimeout(turn.now);
  options_.sockets.BeginTurn(turn, intake_.share());
  for (auto batch = options_.sockets.NextBatch(); !batch.empty();
       batch = options_.sockets.NextBatch()) {
    for (InboundDatagram& datagram : batch) {
      options_.engine.HandleDatagram(turn.now, datagram.socket, datagram.remote,
                                     std::move(datagram.packet));
    }
  }
  while (const std::optional<Path> path = options_.sockets.NextEnded()) {
    options_.engine.HandleDisconnected(turn.now, *path);
  }
  // Again and again, because libuv stops watching what has an error.
  media_ready_.Watch(UV_READABLE);
}

// The loop itself waits in milliseconds.
TurnTime EventLoop::GatherMedia(TurnTime turn) {
  waited_ = Duration(0);
  gathering_.Begin(turn.now);
  for (;;) {
    const Duration wait = gathering_.Wait(turn.now, options_.engine.waiting());
    if (wait <= Duration(0)) return turn;
    const timespec span{0, static_cast<long>(std::chrono::nanoseconds(wait).count())};
    nanosleep(&span, nullptr);
    const TurnTime later = clock_.Read();
    waited_ += later.now - turn.now;
    turn = later;
    ServeMedia(turn);
  }
}

// As far as the application reads them. The rest stays with the engine, which bounds it.
void EventLoop::WriteMessages(Timestamp now) {
  if (!control_) return;
  while (control_->HasRoom()) {
    const ByteView message = options_.engine.PollMessage();
    if (message.empty()) break;
    if (!control_->Write(message) && control_->state() == ControlPipe::State::kOpen) {
      options_.log.Error(now, "a message of " + std::to_string(message.size()) +
                                  " bytes is too large for the control channel and was dropped");
    }
  }
  control_->Flush();
  answer_ready_.Watch(control_->backlog() == 0 ? 0 : UV_WRITABLE);
}

// True if this turn's share was not enough.
bool EventLoop::SendMedia(Timestamp now) {
  bool more = true;
  batch_.set_forms_trains(options_.sockets.forms_trains());
  for (int i = 0; i < kFlushesPerTurn && more; ++i) {
    more = options_.engine.PollTransmit(now, batch_);
    options_.sockets.Send(batch_);
    if (!batch_.empty()) options_.engine.RecordHandOver(clock_.Read().now);
    batch_.Clear();
  }
  return more;
}

void EventLoop::RecordDrops() {
  const SocketTable::Drops drops = options_.sockets.TakeDrops();
  const std::pair<DropReason, uint64_t> counts[] = {
      {DropReason::kTruncated, drops.truncated},
      {DropReason::kPoolExhausted, drops.pool_exhausted},
      {DropReason::kSocketFull, drops.socket_full},
      {DropReason::kSocketError, drops.socket_error},
  };
  for (const auto& [reason, packets] : counts) {
    if (packets != 0) options_.engine.RecordDrop(reason, packets);
  }
  const SendOutcome& sent = options_.sockets.sent();
  options_.engine.RecordSending({.sends = sent.messages,
                                 .calls = sent.calls,
                                 .trains_refused = sent.refused,
                                 .holds = gathering_.holds(),
                                 .held = gathering_.held()});
  options_.engine.RecordTcp(options_.sockets.tcp_use());
}

void EventLoop::BeginClosing(Timestamp now, int exit_code) {
  if (closing_deadline_) return;
  closing_deadline_ = now + kFarewell;
  exit_code_ = exit_code;
  request_ready_.Watch(0);
  options_.engine.Close(now);
}

void EventLoop::StopIfDone(Timestamp now, bool more_media) {
  if (!closing_deadline_) return;
  const bool said_goodbye = !more_media && (!control_ || control_->backlog() == 0);
  if (said_goodbye || now >= *closing_deadline_) uv_stop(&loop_);
}

void EventLoop::Hurry() {
  uv_idle_start(&idle_, [](uv_idle_t*) {});
}

void EventLoop::WaitFor(std::optional<Timestamp> deadline, bool more_work) {
  // libuv counts the milliseconds of the same clock. Rounded up, because a deadline that is looked
  // at too early has to be looked at again.
  const uint64_t loop_ms = uv_now(&loop_);
  uint64_t deadline_ms = 0;
  if (deadline) {
    const auto since_boot =
        std::chrono::ceil<std::chrono::milliseconds>(deadline->time_since_epoch());
    deadline_ms = static_cast<uint64_t>(std::max<int64_t>(since_boot.count(), 0));
  }
  // The beginning of time stands for "at once", for which nobody can be late.
  due_ = deadline && *deadline > Timestamp() ? deadline : std::nullopt;
  if (more_work || (deadline && deadline_ms <= loop_ms)) return Hurry();
  uv_idle_stop(&idle_);
  if (deadline) {
    uv_timer_start(&timer_, &EventLoop::OnTimer, deadline_ms - loop_ms, 0);
  } else {
    uv_timer_stop(&timer_);
  }
}

}  // namespace sluice::worker
