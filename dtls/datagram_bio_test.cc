#include "dtls/datagram_bio.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>

#include <string>
#include <string_view>

namespace sluice::dtls {
namespace {

using testing::ElementsAre;

class DatagramBioTest : public testing::Test {
 protected:
  void Write(std::string_view text) {
    EXPECT_EQ(BIO_write(bio_.get(), text.data(), static_cast<int>(text.size())),
              static_cast<int>(text.size()));
  }

  std::string Pop(size_t room = 100) {
    std::vector<uint8_t> out(room);
    out.resize(queue_.Pop(out));
    return std::string(AsText(out));
  }

  std::string Read(int room) {
    std::string out(static_cast<size_t>(room), '\0');
    const int count = BIO_read(bio_.get(), out.data(), room);
    out.resize(count > 0 ? static_cast<size_t>(count) : 0);
    return out;
  }

  DropCounters drops_;
  DatagramQueue queue_{1200, drops_};
  BioPtr bio_ = queue_.NewBio();
};

TEST_F(DatagramBioTest, EachWriteIsADatagram) {
  Write("one");
  Write("two");
  EXPECT_EQ(Pop(), "one");
  EXPECT_EQ(Pop(), "two");
  EXPECT_EQ(Pop(), "");
  EXPECT_TRUE(queue_.empty());
}

TEST_F(DatagramBioTest, OneReadTakesTheDatagramAndLeavesNothing) {
  queue_.SetIncoming(AsBytes("datagram"));
  EXPECT_EQ(Read(4), "data");
  EXPECT_EQ(Read(100), "");
  EXPECT_TRUE(BIO_should_retry(bio_.get()));
}

TEST_F(DatagramBioTest, EmptyInputAsksToTryAgain) {
  EXPECT_EQ(Read(10), "");
  EXPECT_TRUE(BIO_should_read(bio_.get()));
}

TEST_F(DatagramBioTest, QueueIsBoundedAndLosesTheNewest) {
  for (size_t i = 0; i < DatagramQueue::kMaxQueued + 5; ++i) Write(std::to_string(i));
  EXPECT_EQ(drops_[DropReason::kQueueFull], 5u);
  for (size_t i = 0; i < DatagramQueue::kMaxQueued; ++i) EXPECT_EQ(Pop(), std::to_string(i));
  EXPECT_TRUE(queue_.empty());
}

TEST_F(DatagramBioTest, WhatDoesNotFitIsLostAndTheNextOneComes) {
  Write("too long for that");
  Write("short");
  EXPECT_EQ(Pop(10), "short");
  EXPECT_EQ(drops_[DropReason::kTooLarge], 1u);
}

TEST_F(DatagramBioTest, FlightIsWhatWasWrittenSinceTheMark) {
  Write("old");
  queue_.MarkFlight();
  Write("a");
  Write("b");
  queue_.Clear();
  queue_.RepeatFlight();
  EXPECT_EQ(Pop(), "a");
  EXPECT_EQ(Pop(), "b");
  EXPECT_EQ(Pop(), "");
}

TEST_F(DatagramBioTest, FlightLastsUntilTheNextOneBegins) {
  Write("a");
  queue_.MarkFlight();
  queue_.Clear();
  queue_.RepeatFlight();
  EXPECT_EQ(Pop(), "a");
  Write("b");
  queue_.Clear();
  queue_.RepeatFlight();
  EXPECT_EQ(Pop(), "b");
  EXPECT_EQ(Pop(), "");
}

TEST_F(DatagramBioTest, RepeatingNeverOverfillsTheQueue) {
  for (size_t i = 0; i < 20; ++i) Write("x");
  queue_.RepeatFlight();
  queue_.RepeatFlight();
  size_t count = 0;
  while (!Pop().empty()) ++count;
  EXPECT_EQ(count, DatagramQueue::kMaxQueued);
  EXPECT_EQ(drops_[DropReason::kQueueFull], 60u - DatagramQueue::kMaxQueued);
}

}  // namespace
}  // namespace sluice::dtls
