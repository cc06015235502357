// sluice-worker: options, one event loop, an exit code.

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/packet_pool.h"
#include "worker/engine/engine.h"
#include "worker/io/clock.h"
#include "worker/io/control_listener.h"
#include "worker/io/control_pipe.h"
#include "worker/io/estimate_trace_files.h"
#include "worker/io/event_loop.h"
#include "worker/io/log.h"
#include "worker/io/options.h"
#include "worker/io/socket_table.h"
#include "worker/io/system_entropy.h"
#include "worker/io/system_usage.h"

namespace sluice::worker {
namespace {

constexpr int kCannotStart = 1;
constexpr int kWrongOption = 2;

constexpr unsigned long kTimerSlackNs = 5'000;

static_assert(Options::kMaxTcpConnections == TcpConnections::kMaxConnections);

// Certificates and keys have a few KiB; whatever is larger is something else.
constexpr std::streamsize kMaxPem = 1 << 20;

void Print(std::FILE* out, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), out);
  std::fflush(out);
}

// Said whatever the log level is: the process ends with it.
int CannotStart(const absl::Status& status) {
  Print(stderr, "error " + std::string(status.message()) + "\n");
  return kCannotStart;
}

std::optional<std::string> ReadPem(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(static_cast<size_t>(kMaxPem), '\0');
  file.read(text.data(), kMaxPem);
  if (!file.is_open() || file.bad() || file.gcount() == 0 || !file.eof()) return std::nullopt;
  text.resize(static_cast<size_t>(file.gcount()));
  return text;
}

absl::StatusOr<std::unique_ptr<dtls::Context>> MakeDtlsContext(const Options& options) {
  if (options.dtls_certificate.empty()) return dtls::Context::Create();
  dtls::Context::Pem pem;
  for (const auto& [path, text] : {std::pair(&options.dtls_certificate, &pem.certificate),
                                   {&options.dtls_private_key, &pem.private_key}}) {
    std::optional<std::string> content = ReadPem(*path);
    if (!content) {
      return absl::Status(absl::StatusCode::kInvalidArgument,
                          "cannot read a certificate or key from '" + *path + "'");
    }
    *text = *std::move(content);
  }
  return dtls::Context::Create(std::move(pem));
}

using ControlChannel = std::variant<ControlPipe, ControlListener>;

absl::StatusOr<ControlChannel> OpenControl(const Options& options) {
  if (!options.control_socket.empty()) {
    absl::StatusOr<ControlListener> listener = ControlListener::Listen(options.control_socket);
    if (!listener.ok()) return listener.status();
    return ControlChannel(*std::move(listener));
  }
  Descriptor read(options.control_read_fd);
  // Both directions may be one socket; libuv watches a descriptor once only.
  Descriptor write(options.control_write_fd == options.control_read_fd
                       ? dup(options.control_write_fd)
                       : options.control_write_fd);
  absl::StatusOr<ControlPipe> pipe = ControlPipe::Adopt(std::move(read), std::move(write));
  if (!pipe.ok()) return pipe.status();
  return ControlChannel(*std::move(pipe));
}

EventLog::Settings EventSettings(const Options& options) {
  EventLog::Settings settings{.level = static_cast<schema::LogLevel>(options.log_level)};
  for (const uint8_t tag : options.log_tags) settings.tags |= uint32_t{1} << tag;
  return settings;
}

// Transports with sockets of their own take a descriptor each, and the usual limit of 1,024 is a
// courtesy to programs that use select(2).
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Between the first sign of life and the loop, a signal would end the worker the hard way. Held
// back, it is the first thing that the loop hears.
void HoldSignals(int how) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(how, &signals, nullptr);
}

int Run(const Options& options) {
  HoldSignals(SIG_BLOCK);
  // Otherwise short waits take 50 us longer than asked.
  prctl(PR_SET_TIMERSLACK, kTimerSlackNs);
  // First of all: a descriptor that was not inherited would be given to something of ours.
  absl::StatusOr<ControlChannel> control = OpenControl(options);
  if (!control.ok()) return CannotStart(control.status());
  RaiseDescriptorLimit();
  absl::StatusOr<std::unique_ptr<dtls::Context>> context = MakeDtlsContext(options);
  if (!context.ok()) return CannotStart(context.status());

  Log log(STDERR_FILENO, options.log_level);
  PacketPool pool;
  SystemEntropy entropy;
  SystemUsage usage;
  absl::StatusOr<std::unique_ptr<SocketTable>> sockets =
      SocketTable::Create({pool, entropy, log, options.rtc_min_port, options.rtc_max_port,
                           options.forms_trains, options.max_tcp_connections});
  if (!sockets.ok()) return CannotStart(sockets.status());

  std::unique_ptr<EstimateTraceFiles> traces;
  if (!options.bwe_trace.empty()) {
    absl::StatusOr<std::unique_ptr<EstimateTraceFiles>> opened =
        EstimateTraceFiles::Open(options.bwe_trace);
    if (!opened.ok()) return CannotStart(opened.status());
    traces = *std::move(opened);
  }

  const std::unique_ptr<dtls::BulkCipher> cipher =
      options.uses_bulk_cipher ? dtls::BulkCipher::Create() : nullptr;
  log.Debug(Clock().Read().now,
            "SRTP is sealed by " + std::string(cipher ? cipher->name() : "OpenSSL"));
  Engine engine({pool, entropy, **sockets, **context, usage, cipher.get(),
                 Clock().Read().unix_offset, static_cast<uint32_t>(getpid()),
                 options.adapts_to_bandwidth, traces.get(), options.answers_stun,
                 EventSettings(options)});
  absl::StatusOr<std::unique_ptr<EventLoop>> loop =
      EventLoop::Create({engine, **sockets, log, std::chrono::microseconds(options.max_hold_us)});
  if (!loop.ok()) return CannotStart(loop.status());
  HoldSignals(SIG_UNBLOCK);
  const absl::Status served =
      std::visit([&](auto& channel) { return (*loop)->Serve(std::move(channel)); }, *control);
  if (!served.ok()) return CannotStart(served);
  return (*loop)->Run();
}

int Main(std::span<const char* const> arguments) {
  const std::variant<Options, WrongOption> parsed = ParseOptions(arguments);
  if (const auto* wrong = std::get_if<WrongOption>(&parsed)) {
    Print(stderr, "error " + wrong->sentence + "\n");
    return kWrongOption;
  }
  const Options& options = std::get<Options>(parsed);
  if (options.help) {
    Print(stdout, HelpText());
    return 0;
  }
  if (options.version) {
    Print(stdout, "sluice-worker " SLUICE_VERSION "\n");
    return 0;
  }
  return Run(options);
}

}  // namespace
}  // namespace sluice::worker

int main(int argc, char** argv) {
  // Some systems start a process without even its name.
  const size_t count = argc > 0 ? static_cast<size_t>(argc) - 1 : 0;
  return sluice::worker::Main(std::span<const char* const>(argv + 1, count));
}
