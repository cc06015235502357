#include <gtest/gtest.h>

#include "bench/support/fan_out.h"

namespace sluice::bench {
namespace {

using namespace std::chrono_literals;

constexpr size_t kFew = 4;
constexpr size_t kMany = 24;

// What the engine keeps for one more receiver, once it has all it needs. Packets are shared, and
// not counted.
uint64_t BytesPerReceiver(FanOut::Options options, Duration span) {
  const auto engine = [&](size_t receivers) {
    options.receivers = receivers;
    FanOut fan(options);
    fan.WarmUp(span);
    return fan.DestroyEngine();
  };
  const uint64_t few = engine(kFew);
  return (engine(kMany) - few) / (kMany - kFew);
}

// A browser that has connected and neither sends nor receives, DTLS included.
TEST(EngineMemoryTest, IdleTransportIsSmall) {
  const uint64_t bytes = BytesPerReceiver({.idle = true}, 1s);
  EXPECT_LT(bytes, 60'000u);
  RecordProperty("bytes", static_cast<int>(bytes));
}

// 180 packets a second: a store of retransmissions for two seconds, and an estimate.
TEST(EngineMemoryTest, ReceiverOfPictureIsSmall) {
  const uint64_t bytes =
      BytesPerReceiver({.packets_per_turn = 6, .feedback = Feedback::kAnswered}, 5s);
  EXPECT_LT(bytes, 90'000u);
  RecordProperty("bytes", static_cast<int>(bytes));
}

}  // namespace
}  // namespace sluice::bench
