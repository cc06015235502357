#include "bench/traffic/record/recording_worker.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <memory>
#include <optional>
#include <utility>

#include "base/packet_pool.h"
#include "bench/traffic/record/recording.h"
#include "dtls/context.h"
#include "worker/engine/engine.h"
#include "worker/engine/transmit_batch.h"
#include "worker/io/clock.h"
#include "worker/io/control_pipe.h"
#include "worker/io/log.h"
#include "worker/io/socket_table.h"
#include "worker/io/system_entropy.h"
#include "worker/io/system_usage.h"

namespace sluice::bench {
namespace {

using worker::ControlPipe;
using worker::Descriptor;
using worker::Engine;
using worker::SocketTable;
using worker::TurnTime;

// As sluice-worker has them by default.
constexpr int kRequests = 3, kMessages = 4;
constexpr uint16_t kPortMin = 10'000, kPortMax = 59'999;
// A turn that has nothing to do comes at least so often.
constexpr int64_t kLongestWaitMs = 100;

// RFC 7983 §7 and RFC 5761 §4.
bool IsRtp(ByteView bytes) {
  return bytes.size() > 12 && bytes[0] >> 6 == 2 && (bytes[1] < 192 || bytes[1] > 223);
}

class RecordingLoop {
 public:
  RecordingLoop(Engine& engine, SocketTable& sockets, ControlPipe pipe, RecordingWriter& recording)
      : engine_(engine), sockets_(sockets), pipe_(std::move(pipe)), recording_(recording) {}

  void Run() {
    while (pipe_.state() == ControlPipe::State::kOpen) {
      Wait();
      const TurnTime turn = clock_.Read();
      pipe_.BeginTurn();
      while (const auto frame = pipe_.NextFrame()) {
        engine_.HandleFrame(turn.now, *frame);
        WriteMessages();
      }
      ServeMedia(turn);
      engine_.HandleTimeout(turn.now);
      WriteMessages();
      SendMedia(turn.now);
      WriteMessages();
    }
  }

 private:
  void Wait() {
    std::array<pollfd, 2> ready{{{pipe_.read_fd(), POLLIN, 0}, {sockets_.ready_fd(), POLLIN, 0}}};
    int64_t wait_ms = pipe_.has_unread() ? 0 : kLongestWaitMs;
    if (const auto due = engine_.NextTimeout()) {
      const auto rest = std::chrono::ceil<std::chrono::milliseconds>(*due - clock_.Read().now);
      wait_ms = std::clamp<int64_t>(rest.count(), 0, wait_ms);
    }
    poll(ready.data(), ready.size(), static_cast<int>(wait_ms));
  }

  // The engine decrypts in place and makes the packet shorter by its tag; what kept its length was
  // not authentic.
  void ServeMedia(const TurnTime& turn) {
    sockets_.BeginTurn(turn);
    for (auto batch = sockets_.NextBatch(); !batch.empty(); batch = sockets_.NextBatch()) {
      for (worker::InboundDatagram& datagram : batch) {
        const PacketRef seen = datagram.packet;
        const size_t size = seen.size();
        const bool rtp = IsRtp(seen.bytes());
        engine_.HandleDatagram(turn.now, datagram.socket, datagram.remote,
                               std::move(datagram.packet));
        if (!rtp || seen.size() >= size) continue;
        recording_.Write(seen.arrival().time_since_epoch() + turn.unix_offset, seen.bytes());
      }
    }
  }

  void SendMedia(Timestamp now) {
    for (bool more = true; more;) {
      more = engine_.PollTransmit(now, batch_);
      sockets_.Send(batch_);
      batch_.Clear();
    }
  }

  void WriteMessages() {
    for (ByteView message = engine_.PollMessage(); !message.empty();
         message = engine_.PollMessage()) {
      pipe_.Write(message);
    }
    pipe_.Flush();
  }

  Engine& engine_;
  SocketTable& sockets_;
  ControlPipe pipe_;
  RecordingWriter& recording_;
  worker::Clock clock_;
  worker::TransmitBatch batch_;
};

}  // namespace

absl::Status RunRecordingWorker(const std::string& recording_path) {
  std::signal(SIGPIPE, SIG_IGN);
  auto pipe = ControlPipe::Adopt(Descriptor(kRequests), Descriptor(kMessages));
  if (!pipe.ok()) return pipe.status();
  RecordingWriter recording(recording_path);
  if (!recording.ok()) {
    return absl::Status(absl::StatusCode::kUnavailable, "cannot write " + recording_path);
  }
  const auto context = dtls::Context::Create();
  if (!context.ok()) return context.status();
  worker::Log log(STDERR_FILENO, worker::LogLevel::kWarn);
  PacketPool pool;
  worker::SystemEntropy entropy;
  worker::SystemUsage usage;
  const auto sockets = SocketTable::Create({pool, entropy, log, kPortMin, kPortMax});
  if (!sockets.ok()) return sockets.status();
  Engine engine({pool, entropy, **sockets, **context, usage, nullptr,
                 worker::Clock().Read().unix_offset, static_cast<uint32_t>(getpid())});
  RecordingLoop(engine, **sockets, *std::move(pipe), recording).Run();
  return absl::OkStatus();
}

}  // namespace sluice::bench
