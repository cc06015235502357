#include "base/drop_reason.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "gtest/gtest.h"

namespace sluice {
namespace {

constexpr DropReason At(size_t i) { return static_cast<DropReason>(i); }

TEST(DropReasonTest, NamesAreThereUniqueAndCamelCase) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    const std::string_view name = DropReasonName(At(i));
    ASSERT_FALSE(name.empty()) << "reason " << i;
    EXPECT_TRUE(name.front() >= 'a' && name.front() <= 'z') << name;
    EXPECT_TRUE(std::ranges::all_of(name, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    })) << name;
    EXPECT_TRUE(names.insert(name).second) << name << " twice";
  }
}

// The order of the names is tied to the numbers, which are part of the control API.
TEST(DropReasonTest, NamesStandAtTheirNumbers) {
  EXPECT_EQ(DropReasonName(DropReason::kUnknownProtocol), "unknownProtocol");
  EXPECT_EQ(DropReasonName(DropReason::kIceTooManyPaths), "iceTooManyPaths");
  EXPECT_EQ(DropReasonName(DropReason::kSrtpReplay), "srtpReplay");
  EXPECT_EQ(DropReasonName(DropReason::kProducerPaused), "producerPaused");
  EXPECT_EQ(DropReasonName(DropReason::kQueueFull), "queueFull");
  EXPECT_EQ(DropReasonName(DropReason::kTransportClosed), "transportClosed");
  EXPECT_EQ(static_cast<int>(DropReason::kTransportClosed), 41);
}

TEST(DropCountersTest, CountAndAdd) {
  DropCounters a;
  a.Count(DropReason::kSrtpReplay);
  a.Count(DropReason::kSrtpReplay, 4);
  DropCounters b;
  b.Count(DropReason::kTooLate);
  b.Add(a);
  EXPECT_EQ(b[DropReason::kSrtpReplay], 5u);
  EXPECT_EQ(b[DropReason::kTooLate], 1u);
  EXPECT_EQ(b.total(), 6u);
  EXPECT_EQ(a.total(), 5u);
}

}  // namespace
}  // namespace sluice
