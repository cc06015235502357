#include "control-api/notification.h"

#include <gtest/gtest.h>

#include "control-api/method_names.h"

namespace sluice::control {
namespace {

const schema::Notification* Read(FrameBytes frame) {
  flatbuffers::Verifier verifier(frame.data(), frame.size());
  EXPECT_TRUE(schema::VerifyMessageBuffer(verifier));
  return schema::GetMessage(frame.data())->body_as_Notification();
}

TEST(NotificationTest, FirstMessageOfAWorkerNamesItsSchema) {
  flatbuffers::FlatBufferBuilder builder;
  schema::WorkerRunningT running;
  running.pid = 42;
  running.version = "1.2.3";
  running.schema_version = kSchemaVersion;
  const schema::Notification* notification =
      Read(EncodeNotification(builder, "", NotificationBody(running)));
  ASSERT_NE(notification, nullptr);
  EXPECT_EQ(notification->target(), nullptr);
  ASSERT_NE(notification->body_as_WorkerRunning(), nullptr);
  EXPECT_EQ(notification->body_as_WorkerRunning()->pid(), 42u);
  EXPECT_EQ(notification->body_as_WorkerRunning()->schema_version(), kSchemaVersion);
}

TEST(NotificationTest, TargetIsTheObjectOfTheNews) {
  flatbuffers::FlatBufferBuilder builder;
  const schema::Notification* notification =
      Read(EncodeNotification(builder, "consumer", NotificationBody(schema::ProducerPausedT())));
  EXPECT_EQ(notification->target()->str(), "consumer");
  EXPECT_NE(notification->body_as_ProducerPaused(), nullptr);
}

TEST(MethodNamesTest, EveryNumberHasAName) {
  EXPECT_EQ(MethodName(schema::RequestBody::CreateRouter), "CreateRouter");
  EXPECT_EQ(EventName(schema::NotificationBody::IceStateChange), "IceStateChange");
  for (int number = 0; number < 256; ++number) {
    EXPECT_FALSE(MethodName(static_cast<schema::RequestBody>(number)).empty());
    EXPECT_FALSE(EventName(static_cast<schema::NotificationBody>(number)).empty());
  }
  EXPECT_EQ(MethodName(static_cast<schema::RequestBody>(kMethodTableSize)), "unknown");
  EXPECT_EQ(MethodName(schema::RequestBody::NONE), "unknown");
}

}  // namespace
}  // namespace sluice::control
