// The pacer over random histories: what goes in comes out or is counted, in order, no faster than
// the rate, and what must go is the least important.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "rtp/send/pacer.h"
#include "tests/support/packet_builders.h"

namespace sluice::rtp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kSizes = 5;

class PacerModelTest : public testing::TestWithParam<int> {
 protected:
  PacerModelTest() : random_(static_cast<uint64_t>(GetParam()) * 2 + 1) {
    for (size_t i = 0; i < kSizes; ++i) {
      packets_.push_back(
          test::RtpPacketBuilder().WithPayload(test::Bytes(100 + 250 * i, 0)).Build(pool_));
    }
  }

  int Below(int bound) {
    random_ = random_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<int>((random_ >> 33) % static_cast<uint64_t>(bound));
  }

  // The owner says how important it is; each is a frame of its own.
  Pacer::Item RandomItem() {
    Pacer::Item item;
    item.packet = packets_[static_cast<size_t>(Below(kSizes))];
    item.rewrite.timestamp = ++name_;
    item.padding = Below(12) == 0;
    item.retransmission = !item.padding && Below(6) == 0;
    item.repeats = static_cast<uint8_t>(Below(2));
    item.kind = Below(4) == 0 ? MediaKind::kAudio : MediaKind::kVideo;
    item.temporal = static_cast<uint8_t>(Below(2));
    item.spatial = static_cast<uint8_t>(Below(2));
    item.discardable = Below(8) == 0;
    item.owner = static_cast<uint32_t>(item.importance());
    return item;
  }

  void Push() {
    const Pacer::Item item = RandomItem();
    const std::optional<DropReason> refused = pacer_.Push(now_, item);
    std::array<uint64_t, kImportanceCount> full = TakeEvicted();
    if (refused) {
      ++refused_;
      ++full[item.owner];
    } else {
      ++queued_[item.owner];
    }
    // Whatever went because of room, nothing less important may be left.
    for (size_t i = 0; i < kImportanceCount; ++i) {
      if (full[i] == 0) continue;
      for (size_t less = 0; less < i; ++less) ASSERT_EQ(queued_[less], 0u) << i << " " << less;
    }
    ++pushed_;
  }

  void Pop() {
    const auto item = pacer_.Pop(now_);
    TakeEvicted();
    if (!item) {
      idle_ = true;
      return;
    }
    --queued_[item->owner];
    ++popped_;
    // Pictures are in order for each owner, the others among each other.
    uint32_t& last = last_[ClassOf(*item) == 2 ? item->owner + 10 : ClassOf(*item)];
    ASSERT_LT(last, item->rewrite.timestamp);
    last = item->rewrite.timestamp;
    if (ClassOf(*item) == 0) {
      audio_bytes_ += item->packet.size();
    } else {
      sent_.push_back({now_, item->packet.size()});
    }
  }

  static uint32_t ClassOf(const Pacer::Item& item) {
    if (item.padding) return 3;
    if (item.retransmission) return 1;
    return item.kind == MediaKind::kAudio ? 0 : 2;
  }

  std::array<uint64_t, kImportanceCount> TakeEvicted() {
    std::array<uint64_t, kImportanceCount> full{};
    while (const auto evicted = pacer_.PollEvicted()) {
      evicted_ += evicted->packets;
      queued_[evicted->owner] -= evicted->packets;
      if (evicted->reason == DropReason::kQueueFull) full[evicted->owner] += evicted->packets;
    }
    return full;
  }

  struct Sent {
    Timestamp at;
    size_t bytes;
  };
  PacketPool pool_;
  std::vector<RtpPacket> packets_;
  uint64_t random_;
  Pacer pacer_;
  Timestamp now_{seconds(10)};
  uint32_t name_ = 0;
  std::array<uint64_t, kImportanceCount> queued_{};
  std::map<uint32_t, uint32_t> last_;
  std::vector<Sent> sent_;
  uint64_t pushed_ = 0;
  uint64_t popped_ = 0;
  uint64_t refused_ = 0;
  uint64_t evicted_ = 0;
  size_t audio_bytes_ = 0;
  bool idle_ = false;
};

TEST_P(PacerModelTest, EverythingLeavesInOrderOrIsCountedAndTheLeastImportantGoes) {
  for (int i = 0; i < 40'000 && !HasFatalFailure(); ++i) {
    // Times of plenty and of need.
    if (Below(500) == 0) {
      pacer_.set_rate(Below(4) == 0 ? std::nullopt
                                    : std::optional(BitRate::Kbps(50 + Below(3000))));
    }
    now_ += Duration(Below(Below(50) == 0 ? 300'000 : 2000));
    for (int k = Below(6); k > 0; --k) Push();
    for (int k = Below(6); k > 0; --k) Pop();
    if (Below(300) == 0) {
      const auto owner = static_cast<uint32_t>(Below(kImportanceCount));
      const size_t gone = pacer_.Forget(owner);
      ASSERT_EQ(gone, queued_[owner]);
      queued_[owner] = 0;
      evicted_ += gone;
    }
    uint64_t left = 0;
    for (const uint64_t count : queued_) left += count;
    ASSERT_EQ(left, pacer_.items());
    ASSERT_EQ(pushed_, popped_ + refused_ + evicted_ + left);
    ASSERT_LE(pacer_.bytes(), Pacer::kMaxBytes);
    ASSERT_LE(pacer_.items(), Pacer::kMaxItems);
  }
  EXPECT_GT(popped_, 1000u);
  EXPECT_GT(evicted_, 1000u);
}

TEST_P(PacerModelTest, NoWindowIsFasterThanTheRateAndABurst) {
  const BitRate rate = BitRate::Kbps(200 + Below(4000));
  pacer_.set_rate(rate);
  while (sent_.size() < 3000) {
    now_ += Duration(Below(Below(20) == 0 ? 60'000 : 5000));
    for (int k = Below(5); k > 0; --k) {
      if (pacer_.queue_delay() < milliseconds(300)) Push();
    }
    for (int k = 0; k < 20; ++k) Pop();
  }
  const int64_t burst = (rate * Pacer::kBurst).bytes() + 1;
  for (size_t first = 0; first < sent_.size(); ++first) {
    int64_t sum = 0;
    for (size_t i = first; i < std::min(first + 400, sent_.size()); ++i) {
      // The last packet may begin at the end of the window.
      ASSERT_LE(sum, (rate * (sent_[i].at - sent_[first].at)).bytes() + burst) << first << " " << i;
      sum += static_cast<int64_t>(sent_[i].bytes);
    }
  }
}

TEST_P(PacerModelTest, PopHasSomethingAtTheTimeoutAndNotBefore) {
  pacer_.set_rate(BitRate::Kbps(100 + Below(2000)));
  for (int i = 0; i < 5000; ++i) {
    if (pacer_.items() < 10) {
      for (int k = Below(10); k > 0; --k) Push();
    }
    const auto due = pacer_.NextTimeout();
    if (!due) continue;
    if (*due > now_ + Duration(1)) {
      now_ = *due - Duration(1);
      ASSERT_FALSE(pacer_.Pop(now_).has_value());
    }
    now_ = std::max(now_, *due);
    ASSERT_TRUE(pacer_.Pop(now_).has_value()) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PacerModelTest, testing::Range(0, 8));

}  // namespace
}  // namespace sluice::rtp
