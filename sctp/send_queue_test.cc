#include "sctp/send_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace sluice::sctp {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Timestamp kStart{1s};

SendQueue::Entry Entry(uint8_t mark, std::optional<Timestamp> expires = std::nullopt) {
  return {.expires = expires, .payload = {mark}};
}

std::vector<int> Drain(SendQueue& queue) {
  std::vector<int> order;
  while (const auto head = queue.Front()) {
    order.push_back(head->entry.payload[0]);
    queue.PopFront();
  }
  return order;
}

TEST(SendQueueTest, StreamKeepsItsOrder) {
  SendQueue queue;
  for (uint8_t i = 0; i < 5; ++i) queue.Push(StreamId(7), Entry(i));
  EXPECT_THAT(Drain(queue), ElementsAre(0, 1, 2, 3, 4));
}

TEST(SendQueueTest, StreamsTakeTurns) {
  SendQueue queue;
  for (uint8_t i = 0; i < 3; ++i) queue.Push(StreamId(1), Entry(i));
  for (uint8_t i = 10; i < 12; ++i) queue.Push(StreamId(2), Entry(i));
  queue.Push(StreamId(65'534), Entry(20));
  EXPECT_THAT(Drain(queue), ElementsAre(0, 10, 20, 1, 11, 2));
}

TEST(SendQueueTest, NewcomerIsServedInThisRound) {
  SendQueue queue;
  queue.Push(StreamId(1), Entry(0));
  queue.Push(StreamId(1), Entry(1));
  queue.PopFront();
  queue.Push(StreamId(2), Entry(10));
  EXPECT_THAT(Drain(queue), ElementsAre(10, 1));
}

TEST(SendQueueTest, ExpiredMessagesAreTakenBack) {
  SendQueue queue;
  queue.Push(StreamId(1), Entry(0, kStart + 10ms));
  queue.Push(StreamId(1), Entry(1));
  queue.Push(StreamId(2), Entry(2, kStart + 20ms));
  std::vector<int> dropped;
  const auto drop = [&](StreamId, const SendQueue::Entry& entry) {
    dropped.push_back(entry.payload[0]);
  };
  queue.DropExpired(kStart + 9ms, drop);
  EXPECT_THAT(dropped, IsEmpty());
  queue.DropExpired(kStart + 10ms, drop);
  EXPECT_THAT(dropped, ElementsAre(0));
  queue.DropExpired(kStart + 1s, drop);
  EXPECT_THAT(dropped, ElementsAre(0, 2));
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_FALSE(queue.Has(StreamId(2)));
}

TEST(SendQueueTest, ClearLeavesNothing) {
  SendQueue queue;
  queue.Push(StreamId(1), Entry(0));
  queue.Clear();
  EXPECT_TRUE(queue.empty());
  EXPECT_FALSE(queue.Front());
}

}  // namespace
}  // namespace sluice::sctp
