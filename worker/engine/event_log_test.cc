#include "worker/engine/event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "control-api/schema/message_generated.h"

namespace sluice::worker {
namespace {

using namespace std::chrono_literals;
using schema::LogLevel;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr LogTag kTag = LogTag::Ice;

class EventLogTest : public testing::Test {
 protected:
  std::vector<std::string> Told() {
    std::vector<std::string> lines;
    for (ByteView frame = outbox_.Poll(); !frame.empty(); frame = outbox_.Poll()) {
      const schema::Message* message = schema::GetMessage(frame.data());
      const schema::Log* log = message->body_as_Notification()->body_as_Log();
      EXPECT_EQ(log->tag(), kTag);
      lines.push_back(log->text()->str());
    }
    return lines;
  }

  Outbox outbox_;
  EventLog log_{{.level = LogLevel::Debug, .tags = EventLog::BitsOf({kTag})}};
  Timestamp now_{10s};
};

TEST_F(EventLogTest, WantsItsTagsUpToItsLevel) {
  EXPECT_TRUE(log_.Debugs(kTag));
  EXPECT_TRUE(log_.Warns(kTag));
  EXPECT_FALSE(log_.Warns(LogTag::Dtls));
  log_.Set({.level = LogLevel::Warn, .tags = EventLog::BitsOf({kTag, LogTag::Message})});
  EXPECT_FALSE(log_.Debugs(kTag));
  EXPECT_TRUE(log_.Warns(LogTag::Message));
  log_.Set({.level = LogLevel::None, .tags = ~0u});
  EXPECT_FALSE(log_.Warns(kTag));
}

TEST_F(EventLogTest, EventIsOneLineWhoeverChoseTheWords) {
  log_.Warn(now_, outbox_, kTag, "peer said \"a\r\nb\"");
  log_.Debug(now_, outbox_, kTag, std::string(5'000, 'x'));
  EXPECT_THAT(Told(), ElementsAre("peer said \"a??b\"", SizeIs(EventLog::kMaxLine)));
}

TEST_F(EventLogTest, WhatIsTooMuchForASecondIsCountedAndTold) {
  for (int i = 0; i < EventLog::kMaxLinesPerSecond + 7; ++i) {
    log_.Debug(now_, outbox_, kTag, "line");
  }
  EXPECT_THAT(Told(), SizeIs(EventLog::kMaxLinesPerSecond));
  EXPECT_EQ(log_.suppressed(), 7u);
  log_.Debug(now_ + 1s, outbox_, kTag, "next");
  EXPECT_THAT(Told(), ElementsAre(HasSubstr("7 log lines were suppressed"), "next"));
  EXPECT_EQ(log_.suppressed(), 0u);
}

}  // namespace
}  // namespace sluice::worker
