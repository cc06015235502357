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
using ::testing::Optional;
using ::testing::SizeIs;
using ::testing::StartsWith;

const Timestamp kNow(seconds(10));

class LogTest : public ::testing::Test {
 protected:
  LogTest() : log_(Open(), LogLevel::kError) {}

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

TEST(LogLevelTest, NamesAreReadAsTheyAreWritten) {
  for (const char* name : {"none", "error", "warn", "debug"}) {
    const std::optional<LogLevel> level = ParseLogLevel(name);
    ASSERT_TRUE(level) << name;
    EXPECT_EQ(LogLevelName(*level), name);
  }
  EXPECT_THAT(ParseLogLevel("warn"), Optional(LogLevel::kWarn));
  for (const char* other : {"", "Warn", "warning", "2"}) {
    EXPECT_EQ(ParseLogLevel(other), std::nullopt) << other;
  }
}

TEST_F(LogTest, WritesLevelAndMessageInOneLine) {
  log_.set_level(LogLevel::kDebug);
  log_.Error(kNow, "it broke");
  log_.Warn(kNow, "it may break");
  log_.Debug(kNow, "it moved");
  EXPECT_EQ(Written(), "error it broke\nwarn it may break\ndebug it moved\n");
}

TEST_F(LogTest, SaysNothingBelowItsLevel) {
  log_.set_level(LogLevel::kWarn);
  log_.Debug(kNow, "detail");
  EXPECT_EQ(Written(), "");
  log_.set_level(LogLevel::kNone);
  log_.Error(kNow, "it broke");
  EXPECT_EQ(Written(), "");
  EXPECT_EQ(log_.suppressed(), 0u);
}

TEST_F(LogTest, OneEventIsOneLineWhateverItSays) {
  log_.Error(kNow, "name 'a\nerror forged\r\x1b[2J\x7f'");
  EXPECT_EQ(Written(), "error name 'a?error forged??[2J?'\n");
}

TEST_F(LogTest, CutsLongLines) {
  log_.Error(kNow, std::string(100'000, 'x'));
  const std::string line = Written();
  EXPECT_THAT(line, SizeIs(Log::kMaxLine));
  EXPECT_THAT(line, EndsWith("x\n"));
}

TEST_F(LogTest, RationsLinesAndTellsHowManyWereLeftOut) {
  for (int i = 0; i < Log::kMaxLinesPerSecond + 7; ++i) log_.Error(kNow, "again");
  EXPECT_THAT(Written(), SizeIs(Log::kMaxLinesPerSecond * std::string("error again\n").size()));
  EXPECT_EQ(log_.suppressed(), 7u);

  log_.Error(kNow + milliseconds(999), "again");
  EXPECT_EQ(Written(), "");
  log_.Error(kNow + seconds(1), "fresh");
  EXPECT_EQ(Written(), "warn 8 log lines were suppressed\nerror fresh\n");
  EXPECT_EQ(log_.suppressed(), 0u);
}

TEST_F(LogTest, AReaderThatStopsReadingDoesNotStopTheWorker) {
  const std::string filler(4096, 'f');
  while (write(write_.get(), filler.data(), filler.size()) > 0) continue;
  // From here on a write would wait if it were tried.
  ASSERT_EQ(fcntl(write_.get(), F_SETFL, 0), 0);
  log_.Error(kNow, "nobody sees this");
  EXPECT_EQ(log_.suppressed(), 1u);

  while (!Written().empty()) continue;
  log_.Error(kNow + seconds(1), "fresh");
  EXPECT_THAT(Written(), StartsWith("warn 1 log lines"));
}

TEST_F(LogTest, ADescriptorThatIsGoneIsNoError) {
  write_.Close();
  log_.Error(kNow, "nobody sees this");
  EXPECT_EQ(log_.suppressed(), 1u);
}

}  // namespace
}  // namespace sluice::worker
