#include "worker/io/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "worker/io/descriptor.h"

namespace sluice::worker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::EndsWith;
using ::testing::SizeIs;
using ::testing::StartsWith;

class LogTest : public ::testing::Test {
 protected:
  LogTest() : log_(Open()) {}

  int Open() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_NONBLOCK), 0);
    read_ = Descriptor(ends[0]);
    write_ = Descriptor(ends[1]);
    return write_.get();
  }

  std::string Written() {
    std::string text(1 << 20, '\0');
    const ssize_t size = read(read_.get(), text.data(), text.size());
    text.resize(size < 0 ? 0 : static_cast<size_t>(size));
    return text;
  }

  Descriptor read_;
  Descriptor write_;
  Log log_;
};

TEST_F(LogTest, WritesLevelAndMessageInOneLine) {
  log_.set_level(LogLevel::kDebug);
  log_.Error("it broke");
  log_.Warn("it may break");
  log_.Debug("it moved");
  EXPECT_EQ(Written(), "error it broke\nwarn it may break\ndebug it moved\n");
}

TEST_F(LogTest, SaysNothingBelowItsLevel) {
  log_.set_level(LogLevel::kWarn);
  log_.Debug("detail");
  EXPECT_EQ(Written(), "");
  log_.set_level(LogLevel::kNone);
  log_.Error("it broke");
  EXPECT_EQ(Written(), "");
  EXPECT_EQ(log_.suppressed(), 0u);
}

TEST_F(LogTest, OneEventIsOneLineWhateverItSays) {
  log_.Error("name 'a\nerror forged\r\x1b[2J'");
  const std::string line = Written();
  EXPECT_EQ(line, "error name 'a?error forged??[2J'\n");
}

TEST_F(LogTest, CutsLongLines) {
  log_.Error(std::string(100'000, 'x'));
  const std::string line = Written();
  EXPECT_THAT(line, SizeIs(Log::kMaxLine));
  EXPECT_THAT(line, EndsWith("x\n"));
}

TEST_F(LogTest, RationsLinesAndTellsHowManyWereLeftOut) {
  log_.set_level(LogLevel::kWarn);
  log_.BeginTurn(Timestamp(seconds(10)));
  for (size_t i = 0; i < Log::kLinesPerSecond + 7; ++i) log_.Error("again");
  EXPECT_THAT(Written(), SizeIs(Log::kLinesPerSecond * std::string("error again\n").size()));
  EXPECT_EQ(log_.suppressed(), 7u);

  log_.BeginTurn(Timestamp(seconds(10) + milliseconds(999)));
  EXPECT_EQ(Written(), "");
  log_.BeginTurn(Timestamp(seconds(11)));
  EXPECT_EQ(Written(), "warn 7 log lines were suppressed\n");
  log_.Error("fresh");
  EXPECT_EQ(Written(), "error fresh\n");
}

TEST_F(LogTest, AReaderThatStopsReadingDoesNotStopTheWorker) {
  // From here on a write would block if it were tried.
  const std::string filler(4096, 'f');
  while (write(write_.get(), filler.data(), filler.size()) > 0) continue;
  ASSERT_EQ(fcntl(write_.get(), F_SETFL, 0), 0);

  log_.BeginTurn(Timestamp(seconds(10)));
  log_.Error("nobody sees this");
  EXPECT_EQ(log_.suppressed(), 1u);

  while (Written().size() == size_t{1} << 20) continue;
  log_.BeginTurn(Timestamp(seconds(11)));
  EXPECT_THAT(Written(), StartsWith("warn 1 log lines"));
}

TEST_F(LogTest, ADescriptorThatIsGoneIsNoError) {
  write_.Close();
  log_.Error("nobody sees this");
  EXPECT_EQ(log_.suppressed(), 1u);
}

}  // namespace
}  // namespace sluice::worker
