#include "worker/io/system_entropy.h"

#include <array>
#include <set>

#include "gtest/gtest.h"

namespace sluice::worker {
namespace {

TEST(SystemEntropyTest, FillsEveryByte) {
  SystemEntropy entropy;
  // A byte that is never written keeps its zero in all of 64 rounds; by chance that happens once
  // in 2^512.
  std::array<uint8_t, 33> seen{};
  for (int round = 0; round < 64; ++round) {
    std::array<uint8_t, 33> bytes{};
    entropy.Fill(bytes);
    for (size_t i = 0; i < bytes.size(); ++i) seen[i] = static_cast<uint8_t>(seen[i] | bytes[i]);
  }
  for (uint8_t byte : seen) EXPECT_NE(byte, 0);
}

TEST(SystemEntropyTest, DoesNotRepeatItself) {
  SystemEntropy first;
  SystemEntropy second;
  std::set<uint64_t> values;
  for (int i = 0; i < 500; ++i) {
    values.insert(first.U64());
    values.insert(second.U64());
  }
  EXPECT_EQ(values.size(), 1000u);
}

TEST(SystemEntropyTest, NothingToFillIsFine) { SystemEntropy().Fill({}); }

}  // namespace
}  // namespace sluice::worker
