// A real sluice-worker as a child process, with its control channel in our hands.
//
// Everything that waits has a deadline, after which the test fails instead of hanging. The child is
// killed with its owner.

#ifndef SLUICE_TESTS_INTEROP_WORKER_PROCESS_H_
#define SLUICE_TESTS_INTEROP_WORKER_PROCESS_H_

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control-api/frame.h"
#include "control-api/request.h"
#include "gtest/gtest.h"
#include "worker/io/descriptor.h"

namespace sluice::test {

class WorkerProcess {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kPatience{10'000};

  struct Options {
    std::vector<std::string> arguments;
    // Descriptors 3 and 4 of the child; without them it has nothing above 2.
    bool pipes = true;
    rlim_t max_descriptors = 0;
  };

  WorkerProcess() { Start(Options()); }
  explicit WorkerProcess(const Options& options) { Start(options); }
  ~WorkerProcess() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  WorkerProcess(const WorkerProcess&) = delete;

  // --- The process ---

  void Signal(int number) const { kill(pid_, number); }

  // The exit code, negative for a signal; nothing (and a failure) if it does not end in time.
  std::optional<int> Wait() {
    for (const auto deadline = Clock::now() + kPatience; Clock::now() < deadline;) {
      int status = 0;
      if (waitpid(pid_, &status, WNOHANG) == pid_) {
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
      }
      // Its end of the log closes when it ends, which wakes us.
      Collect(errors_, error_text_, 20);
    }
    ADD_FAILURE() << "the worker does not end";
    return std::nullopt;
  }

  bool Alive() const { return pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == 0; }
  size_t RssKib() const {
    std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmRSS:")) return std::strtoul(line.c_str() + 6, nullptr, 10);
    }
    return 0;
  }

  // What it said until it ended.
  std::string ErrorText() { return Drain(errors_, error_text_); }
  std::string OutputText() { return Drain(output_, output_text_); }

  // --- The control channel ---

  // Takes a connected Unix socket for both directions.
  bool Connect(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, path.size());
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    worker::Descriptor client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto deadline = Clock::now() + kPatience;
    while (connect(client.get(), generic, sizeof(address)) != 0) {
      if (Clock::now() > deadline) return false;
      Collect(errors_, error_text_, 10);
    }
    fcntl(client.get(), F_SETFL, O_NONBLOCK);
    from_worker_ = worker::Descriptor(fcntl(client.get(), F_DUPFD_CLOEXEC, 0));
    to_worker_ = std::move(client);
    return true;
  }

  void CloseRequests() { to_worker_.Close(); }
  void CloseAnswers() { from_worker_.Close(); }
  int request_fd() const { return to_worker_.get(); }
  // How many of `bytes` the worker's end took before it took nothing for `patience`.
  size_t SendSome(std::string_view bytes, std::chrono::milliseconds patience = kPatience) {
    size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t size = write(to_worker_.get(), bytes.data() + sent, bytes.size() - sent);
      if (size > 0) {
        sent += static_cast<size_t>(size);
      } else if (errno != EAGAIN || !Await(to_worker_.get(), POLLOUT, patience)) {
        break;
      }
    }
    return sent;
  }

  void Send(std::string_view bytes) { ASSERT_EQ(SendSome(bytes), bytes.size()); }

  // The next message; null (and a failure) if none comes in time or the channel ends.
  std::unique_ptr<schema::MessageT> ReadMessage() {
    for (;;) {
      if (const auto frame = reader_.Next(unread_)) {
        flatbuffers::Verifier verifier(frame->data(), frame->size());
        if (schema::VerifyMessageBuffer(verifier)) return schema::UnPackMessage(frame->data());
        ADD_FAILURE() << "the worker sent " << frame->size() << " bytes that are no message";
        return nullptr;
      }
      input_.resize(1 << 16);
      const ssize_t size = read(from_worker_.get(), input_.data(), input_.size());
      if (size > 0) {
        unread_ = control::FrameBytes(input_).first(static_cast<size_t>(size));
      } else if (size == 0 || errno != EAGAIN || !Await(from_worker_.get(), POLLIN, kPatience)) {
        ADD_FAILURE() << "no message from the worker";
        return nullptr;
      }
    }
  }

  // The next response; notifications before it are passed over.
  schema::ResponseT ReadResponse() {
    for (;;) {
      std::unique_ptr<schema::MessageT> message = ReadMessage();
      if (message == nullptr) return {};
      if (auto* response = message->body.AsResponse()) return std::move(*response);
    }
  }

  // The channel has ended, with nothing more in it.
  bool ReadEnd() {
    char byte = 0;
    return unread_.empty() && Await(from_worker_.get(), POLLIN, kPatience) &&
           read(from_worker_.get(), &byte, 1) == 0;
  }

  template <typename Body>
  static std::string Frame(uint32_t id, std::string target, Body body) {
    schema::RequestT request;
    request.id = id;
    request.target = std::move(target);
    request.body.Set(std::move(body));
    flatbuffers::FlatBufferBuilder builder;
    const control::FrameBytes frame = control::EncodeRequest(builder, request);
    return Framed({reinterpret_cast<const char*>(frame.data()), frame.size()});
  }

  static std::string Framed(std::string_view frame) {
    const auto header = control::FrameHeader(frame.size());
    return std::string(header.begin(), header.end()).append(frame);
  }

  template <typename Body>
  schema::ResponseT Ask(std::string target, Body body) {
    const uint32_t id = ++last_id_;
    Send(Frame(id, std::move(target), std::move(body)));
    schema::ResponseT response = ReadResponse();
    EXPECT_EQ(response.id, id);
    return response;
  }

  // It still answers.
  bool Answers() { return Ask("", schema::GetWorkerStatsT()).code == schema::ResultCode::Ok; }

 private:
  struct Pipe {
    Pipe() {
      int ends[2];
      EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
      read = worker::Descriptor(ends[0]);
      write = worker::Descriptor(ends[1]);
    }
    worker::Descriptor read;
    worker::Descriptor write;
  };

  void Start(const Options& options) {
    std::signal(SIGPIPE, SIG_IGN);
    const char* const program = std::getenv("SLUICE_WORKER_BIN");
    ASSERT_NE(program, nullptr) << "SLUICE_WORKER_BIN names the worker";
    std::vector<char*> arguments{const_cast<char*>(program)};
    for (const std::string& argument : options.arguments) {
      arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);

    Pipe requests;
    Pipe answers;
    Pipe output;
    Pipe errors;
    pid_ = fork();
    ASSERT_GE(pid_, 0);
    if (pid_ == 0) {
      RunChild(options, arguments.data(),
               {requests.read.get(), answers.write.get(), output.write.get(), errors.write.get()});
    }
    to_worker_ = std::move(requests.write);
    from_worker_ = std::move(answers.read);
    output_ = std::move(output.read);
    errors_ = std::move(errors.read);
    for (const auto* end : {&to_worker_, &from_worker_, &output_, &errors_}) {
      fcntl(end->get(), F_SETFL, O_NONBLOCK);
    }
  }

  struct ChildEnds {
    int requests, answers, output, errors;
  };

  // After fork: nothing but system calls.
  [[noreturn]] static void RunChild(const Options& options, char** arguments, ChildEnds ends) {
    // Above all that they are about to become.
    constexpr int kAbove = 10;
    const int requests = fcntl(ends.requests, F_DUPFD_CLOEXEC, kAbove);
    const int answers = fcntl(ends.answers, F_DUPFD_CLOEXEC, kAbove);
    const int output = fcntl(ends.output, F_DUPFD_CLOEXEC, kAbove);
    const int errors = fcntl(ends.errors, F_DUPFD_CLOEXEC, kAbove);
    dup2(output, 1);
    dup2(errors, 2);
    close(3);
    close(4);
    if (options.pipes) {
      dup2(requests, 3);
      dup2(answers, 4);
    }
    if (options.max_descriptors != 0) {
      const rlimit limit{options.max_descriptors, options.max_descriptors};
      setrlimit(RLIMIT_NOFILE, &limit);
    }
    execv(arguments[0], arguments);
    _exit(127);
  }

  static bool Await(int fd, short events, std::chrono::milliseconds patience) {
    pollfd query{fd, events, 0};
    return poll(&query, 1, static_cast<int>(patience.count())) == 1;
  }

  // Reads what is there or comes within `patience_ms`; closes `from` at its end.
  static void Collect(worker::Descriptor& from, std::string& text, int patience_ms) {
    if (!from) {
      poll(nullptr, 0, patience_ms);
      return;
    }
    if (!Await(from.get(), POLLIN, std::chrono::milliseconds(patience_ms))) return;
    char part[4096];
    const ssize_t size = read(from.get(), part, sizeof(part));
    if (size > 0) text.append(part, static_cast<size_t>(size));
    if (size == 0) from.Close();
  }

  static std::string Drain(worker::Descriptor& from, std::string& text) {
    while (from) Collect(from, text, 1000);
    return text;
  }

  pid_t pid_ = -1;
  worker::Descriptor to_worker_;
  worker::Descriptor from_worker_;
  worker::Descriptor output_;
  worker::Descriptor errors_;
  std::string output_text_;
  std::string error_text_;
  std::vector<uint8_t> input_;
  control::FrameBytes unread_;
  control::FrameReader reader_;
  uint32_t last_id_ = 0;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_INTEROP_WORKER_PROCESS_H_
