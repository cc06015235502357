#include "worker/io/event_loop.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "worker/io/system_entropy.h"
#include "worker/io/system_usage.h"

namespace sluice::worker {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

// A frame that is no request, so that its answer is a refusal: one message per frame.
std::string Nonsense() { return std::string("\4\0\0\0nope", 8); }

// What the loop does with its surroundings. All input is there before it runs, so that nothing has
// to be waited for; the process as a whole is tested in tests/interop.
class EventLoopTest : public ::testing::Test {
 protected:
  EventLoopTest() {
    dtls_ = *dtls::Context::Create();
    sockets_ = *SocketTable::Create({pool_, entropy_, log_, 0, 0});
    engine_ = std::make_unique<Engine>(
        Engine::Options{pool_, entropy_, *sockets_, *dtls_, usage_, nullptr, Duration(0), 1});
    absl::StatusOr<std::unique_ptr<EventLoop>> loop =
        EventLoop::Create({*engine_, *sockets_, log_});
    EXPECT_TRUE(loop.ok()) << loop.status();
    loop_ = *std::move(loop);
  }

  void ServePipe() {
    int requests[2];
    int answers[2];
    ASSERT_EQ(pipe(requests), 0);
    ASSERT_EQ(pipe(answers), 0);
    to_loop_ = Descriptor(requests[1]);
    from_loop_ = Descriptor(answers[0]);
    absl::StatusOr<ControlPipe> adopted =
        ControlPipe::Adopt(Descriptor(requests[0]), Descriptor(answers[1]));
    ASSERT_TRUE(adopted.ok());
    ASSERT_TRUE(loop_->Serve(*std::move(adopted)).ok());
  }

  void Send(std::string_view bytes) {
    ASSERT_EQ(write(to_loop_.get(), bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }

  // All messages the loop wrote. It must have ended, or this waits.
  std::vector<std::string> Messages() {
    loop_.reset();
    std::string all;
    char part[4096];
    for (ssize_t size; (size = read(from_loop_.get(), part, sizeof(part))) > 0;) {
      all.append(part, static_cast<size_t>(size));
    }
    std::vector<std::string> messages;
    while (all.size() >= 4) {
      const size_t size = static_cast<uint8_t>(all[0]) | static_cast<size_t>(all[1]) << 8;
      messages.push_back(all.substr(4, size));
      all.erase(0, 4 + size);
    }
    EXPECT_THAT(all, IsEmpty());
    return messages;
  }

  PacketPool pool_;
  SystemEntropy entropy_;
  SystemUsage usage_;
  Log log_{-1, LogLevel::kNone};
  std::unique_ptr<dtls::Context> dtls_;
  std::unique_ptr<SocketTable> sockets_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<EventLoop> loop_;
  Descriptor to_loop_;
  Descriptor from_loop_;
};

TEST_F(EventLoopTest, TheEndOfTheChannelEndsTheLoopAfterTheLastAnswer) {
  ServePipe();
  Send(Nonsense() + Nonsense() + Nonsense());
  to_loop_.Close();
  EXPECT_EQ(loop_->Run(), EventLoop::kClosed);
  // The greeting comes first.
  EXPECT_THAT(Messages(), SizeIs(4));
}

TEST_F(EventLoopTest, MoreRequestsThanATurnTakesAreAllAnswered) {
  ServePipe();
  std::string requests;
  for (int i = 0; i < 500; ++i) requests += Nonsense();
  Send(requests);
  to_loop_.Close();
  ASSERT_GE(fcntl(from_loop_.get(), F_SETPIPE_SZ, 1 << 18), 1 << 18);
  EXPECT_EQ(loop_->Run(), EventLoop::kClosed);
  EXPECT_THAT(Messages(), SizeIs(501));
}

TEST_F(EventLoopTest, AnEmptyFrameIsAnsweredAndTheStreamGoesOn) {
  ServePipe();
  Send(std::string(4, '\0') + Nonsense());
  to_loop_.Close();
  EXPECT_EQ(loop_->Run(), EventLoop::kClosed);
  EXPECT_THAT(Messages(), SizeIs(3));
}

TEST_F(EventLoopTest, AStreamOutOfStepEndsTheLoopWithItsOwnCode) {
  ServePipe();
  Send(Nonsense() + "\xff\xff\xff\xff" + Nonsense());
  EXPECT_EQ(loop_->Run(), EventLoop::kOutOfStep);
  EXPECT_THAT(Messages(), SizeIs(2));
}

TEST_F(EventLoopTest, AReaderThatIsGoneEndsTheLoop) {
  ServePipe();
  from_loop_.Close();
  // Not by the alarm, which ends the test if the loop does not end by itself.
  alarm(10);
  EXPECT_EQ(loop_->Run(), EventLoop::kClosed);
  alarm(0);
}

TEST_F(EventLoopTest, AReaderThatNeverReadsDoesNotKeepTheLoopFromStopping) {
  ServePipe();
  // Full, so that not even the greeting leaves.
  const std::string filler(4096, 'f');
  const Descriptor same(
      open(("/proc/self/fd/" + std::to_string(from_loop_.get())).c_str(), O_WRONLY | O_NONBLOCK));
  ASSERT_TRUE(same);
  while (write(same.get(), filler.data(), filler.size()) > 0) continue;
  to_loop_.Close();
  const Timestamp start = Clock().Read().now;
  EXPECT_EQ(loop_->Run(), EventLoop::kClosed);
  EXPECT_LT(Clock().Read().now - start, 2 * EventLoop::kFarewell);
}

TEST_F(EventLoopTest, SignalsEndTheLoopWithTheChannelOpen) {
  for (int number : {SIGTERM, SIGINT}) {
    SCOPED_TRACE(number);
    ServePipe();
    std::raise(number);
    EXPECT_EQ(loop_->Run(), EventLoop::kClosed);
    loop_ = *EventLoop::Create({*engine_, *sockets_, log_});
  }
}

TEST_F(EventLoopTest, ASignalEndsAWorkerThatNobodyHasConnectedTo) {
  std::string pattern = ::testing::TempDir() + "sluice-XXXXXX";
  const std::string folder = mkdtemp(pattern.data());
  absl::StatusOr<ControlListener> listener = ControlListener::Listen(folder + "/control");
  ASSERT_TRUE(listener.ok());
  ASSERT_TRUE(loop_->Serve(*std::move(listener)).ok());
  std::raise(SIGTERM);
  EXPECT_EQ(loop_->Run(), EventLoop::kClosed);
  loop_.reset();
  // Succeeds only if the socket has gone with the loop.
  EXPECT_EQ(rmdir(folder.c_str()), 0);
}

TEST_F(EventLoopTest, ServesTheClientOfAUnixSocket) {
  std::string pattern = ::testing::TempDir() + "sluice-XXXXXX";
  const std::string folder = mkdtemp(pattern.data());
  const std::string path = folder + "/control";
  absl::StatusOr<ControlListener> listener = ControlListener::Listen(path);
  ASSERT_TRUE(listener.ok());
  ASSERT_TRUE(loop_->Serve(*std::move(listener)).ok());

  from_loop_ = Descriptor(socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, path.size());
  ASSERT_EQ(connect(from_loop_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
            0);
  ASSERT_EQ(write(from_loop_.get(), Nonsense().data(), 8), 8);
  ASSERT_EQ(shutdown(from_loop_.get(), SHUT_WR), 0);
  EXPECT_EQ(loop_->Run(), EventLoop::kClosed);
  EXPECT_THAT(Messages(), SizeIs(2));
  EXPECT_EQ(rmdir(folder.c_str()), 0);
}

TEST_F(EventLoopTest, ADescriptorThatCannotBeWaitedForIsRefused) {
  Descriptor nothing(open("/dev/null", O_RDWR));
  Descriptor same(dup(nothing.get()));
  absl::StatusOr<ControlPipe> adopted = ControlPipe::Adopt(std::move(nothing), std::move(same));
  ASSERT_TRUE(adopted.ok());
  const absl::Status status = loop_->Serve(*std::move(adopted));
  EXPECT_THAT(std::string(status.message()), StartsWith("the control channel cannot be read"));
}

}  // namespace
}  // namespace sluice::worker
