#include "bench/limit/train_aim.h"

#include "gtest/gtest.h"

namespace sluice::bench {
namespace {

struct Sent {
  int packets = 0;
  int trains = 0;
};

// One train of up to `count` packets, in as many pieces as the aim makes of it.
void SendTrain(TrainAim& aim, int count, Sent& sent) {
  for (int i = 0; i < count; ++i) {
    if (i > 0 && aim.MayJoin()) {
      aim.RecordJoin();
    } else {
      aim.RecordTrain();
      ++sent.trains;
    }
    ++sent.packets;
  }
}

TEST(TrainAimTest, LongTrainsAreCutToTheMean) {
  TrainAim aim(2.5);
  Sent sent;
  for (int i = 0; i < 1000; ++i) SendTrain(aim, 1 + i % 20, sent);
  EXPECT_NEAR(static_cast<double>(sent.packets) / sent.trains, 2.5, 0.01);
}

TEST(TrainAimTest, MeanOfOneMeansSinglePackets) {
  TrainAim aim(1);
  Sent sent;
  SendTrain(aim, 10, sent);
  EXPECT_EQ(sent.trains, 10);
}

TEST(TrainAimTest, WithoutAMeanTrainsAreAsTheyCome) {
  TrainAim aim(0);
  Sent sent;
  SendTrain(aim, 64, sent);
  EXPECT_EQ(sent.trains, 1);
  EXPECT_EQ(aim.Hold(), Duration(0));
}

// A packet a millisecond: who waits for so long gets so many of them into a train.
TEST(TrainAimTest, WaitBecomesWhatMakesTheMean) {
  TrainAim aim(3);
  Sent sent;
  double late_packets = 0;
  double late_trains = 0;
  for (int i = 0; i < 2000; ++i) {
    const Sent before = sent;
    SendTrain(aim, 1 + static_cast<int>(aim.Hold().count() / 1000), sent);
    if (i < 1000) continue;
    late_packets += sent.packets - before.packets;
    late_trains += sent.trains - before.trains;
  }
  EXPECT_NEAR(late_packets / late_trains, 3, 0.05);
}

TEST(TrainAimTest, WaitIsBoundedWhereNoTrainsForm) {
  TrainAim aim(8);
  Sent sent;
  for (int i = 0; i < 10'000; ++i) SendTrain(aim, 1, sent);
  EXPECT_EQ(aim.Hold(), TrainAim::kMaxHold);
}

TEST(TrainAimTest, TurnOfManyReceiversMovesTheWaitNoFurtherThanOneOfFew) {
  TrainAim few(3);
  TrainAim many(3);
  many.SetReceivers(100);
  Sent sent;
  SendTrain(few, 1, sent);
  for (int i = 0; i < 100; ++i) SendTrain(many, 1, sent);
  EXPECT_EQ(many.Hold(), few.Hold());
}

}  // namespace
}  // namespace sluice::bench
