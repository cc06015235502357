#include "base/ids.h"

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using ::testing::UnorderedElementsAre;

static_assert(!std::is_convertible_v<uint32_t, Ssrc>);
static_assert(!std::is_convertible_v<Ssrc, uint32_t>);
static_assert(!std::is_same_v<Ssrc, SocketId>);

TEST(StrongIdTest, ComparesByValue) {
  EXPECT_EQ(Ssrc(7), Ssrc(7));
  EXPECT_NE(Ssrc(7), Ssrc(8));
  EXPECT_LT(Ssrc(7), Ssrc(8));
  EXPECT_EQ(Ssrc().value(), 0u);
}

TEST(HandleTest, DefaultNamesNothing) {
  SlotMap<int> map;
  EXPECT_FALSE(Handle<int>());
  EXPECT_EQ(map.Find(Handle<int>()), nullptr);
  map.Emplace(1);
  EXPECT_EQ(map.Find(Handle<int>()), nullptr);
}

TEST(SlotMapTest, FindsWhatWasPutIn) {
  SlotMap<std::string> map;
  const auto a = map.Emplace("a");
  const auto b = map.Emplace("b");
  EXPECT_TRUE(a);
  EXPECT_NE(a, b);
  EXPECT_EQ(*map.Find(a), "a");
  EXPECT_EQ(*std::as_const(map).Find(b), "b");
  EXPECT_EQ(map.size(), 2u);
}

TEST(SlotMapTest, StaleHandleFindsNothingEvenIfTheSlotHasANewTenant) {
  SlotMap<std::string> map;
  const auto old = map.Emplace("old");
  EXPECT_TRUE(map.Erase(old));
  EXPECT_EQ(map.Find(old), nullptr);
  const auto fresh = map.Emplace("new");
  EXPECT_EQ(fresh.slot, old.slot);
  EXPECT_EQ(map.Find(old), nullptr);
  EXPECT_EQ(*map.Find(fresh), "new");
  EXPECT_FALSE(map.Erase(old));
  EXPECT_EQ(map.size(), 1u);
}

TEST(SlotMapTest, ForgedHandlesFindNothing) {
  SlotMap<int> map;
  const auto real = map.Emplace(1);
  EXPECT_EQ(map.Find({real.slot + 1, real.generation}), nullptr);
  EXPECT_EQ(map.Find({real.slot, real.generation + 1}), nullptr);
  EXPECT_EQ(map.Find({0xffffffff, 1}), nullptr);
  EXPECT_FALSE(map.Erase({5, 1}));
}

// References are borrowed for the length of a call, in which others may be created.
TEST(SlotMapTest, PointersSurviveGrowthAndOtherErasures) {
  SlotMap<int> map;
  const auto first = map.Emplace(42);
  const int* const pointer = map.Find(first);
  std::vector<Handle<int>> others;
  for (int i = 0; i < 1000; ++i) others.push_back(map.Emplace(i));
  for (const auto& other : others) map.Erase(other);
  EXPECT_EQ(map.Find(first), pointer);
  EXPECT_EQ(*pointer, 42);
}

TEST(SlotMapTest, VisitsEveryObjectOnceWithItsHandle) {
  SlotMap<int> map;
  const auto gone = map.Emplace(1);
  map.Emplace(2);
  map.Emplace(3);
  map.Erase(gone);
  std::vector<int> seen;
  map.ForEach([&](Handle<int> handle, int& value) {
    EXPECT_EQ(map.Find(handle), &value);
    seen.push_back(value);
  });
  EXPECT_THAT(seen, UnorderedElementsAre(2, 3));
}

TEST(SlotMapTest, DestroysWhatIsErased) {
  struct Counted {
    explicit Counted(int* alive_in) : alive(alive_in) { ++*alive; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --*alive; }
    int* alive;
  };
  int alive = 0;
  {
    SlotMap<Counted> map;
    const auto first = map.Emplace(&alive);
    map.Emplace(&alive);
    map.Erase(first);
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace sluice
