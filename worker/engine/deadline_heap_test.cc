#include "worker/engine/deadline_heap.h"

#include <map>
#include <random>

#include "gtest/gtest.h"

namespace sluice::worker {
namespace {

Timestamp At(int64_t micros) { return Timestamp(Duration(micros)); }

TEST(DeadlineHeapTest, EmptyHeapNeverCalls) {
  DeadlineHeap heap;
  EXPECT_EQ(heap.Next(), std::nullopt);
  EXPECT_EQ(heap.PopDue(At(1'000'000)), std::nullopt);
}

TEST(DeadlineHeapTest, CancellingTheFirstUncoversTheSecond) {
  DeadlineHeap heap;
  heap.Set(3, At(10));
  heap.Set(7, At(20));
  heap.Set(3, std::nullopt);
  EXPECT_EQ(heap.Next(), At(20));
  EXPECT_FALSE(heap.IsDue(At(19)));
  EXPECT_EQ(heap.PopDue(At(19)), std::nullopt);
  EXPECT_TRUE(heap.IsDue(At(20)));
  EXPECT_EQ(heap.PopDue(At(20)), 7u);
  EXPECT_FALSE(heap.IsDue(At(20)));
  EXPECT_EQ(heap.size(), 0u);
}

TEST(DeadlineHeapTest, TiesAreTakenInOrderOfKeys) {
  DeadlineHeap heap;
  for (uint32_t key : {9u, 2u, 5u}) heap.Set(key, At(1));
  EXPECT_EQ(heap.PopDue(At(1)), 2u);
  EXPECT_EQ(heap.PopDue(At(1)), 5u);
  EXPECT_EQ(heap.PopDue(At(1)), 9u);
}

// Random arming, moving and cancelling against a sorted map.
TEST(DeadlineHeapTest, AgreesWithASortedMap) {
  std::mt19937 random(42);
  DeadlineHeap heap;
  std::map<uint32_t, int64_t> model;
  for (int step = 0; step < 20'000; ++step) {
    const uint32_t key = random() % 64;
    if (random() % 3 == 0) {
      heap.Set(key, std::nullopt);
      model.erase(key);
    } else {
      const auto deadline = static_cast<int64_t>(random() % 1000);
      heap.Set(key, At(deadline));
      model[key] = deadline;
    }
    std::optional<Timestamp> first;
    for (const auto& [unused, deadline] : model) first = Earlier(first, At(deadline));
    ASSERT_EQ(heap.Next(), first) << "step " << step;
    ASSERT_EQ(heap.size(), model.size());
  }
}

}  // namespace
}  // namespace sluice::worker
