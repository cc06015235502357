// What is sealed together is what would have been sealed one by one, whatever seals it.

#include "dtls/seal_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "base/check.h"
#include "dtls/srtp_session.h"
#include "tests/support/seeded_entropy.h"
#include "tests/support/srtp_backends.h"
#include "tests/support/srtp_libsrtp2.h"

namespace sluice::dtls {
namespace {

using test::Libsrtp2;
using test::SeededEntropy;
using Bytes = std::vector<uint8_t>;

// One of many receivers: the session under test, and the same keys in libsrtp2's hands.
struct Receiver {
  std::unique_ptr<SrtpSession> session;
  std::unique_ptr<Libsrtp2> twin;
};

// A packet on its way out: the clear one, and the room in which it is written and sealed.
struct Outgoing {
  Bytes clear;
  Bytes room;
  size_t header = 0;
  size_t written = 0;
  size_t size = 0;
  size_t receiver = 0;
};

class SealQueueTest : public testing::TestWithParam<test::SrtpSuite> {
 protected:
  static constexpr size_t kReceivers = 40;

  SealQueueTest() : cipher_(GetParam().backend.NewCipher()), queue_(cipher_.get()) {
    const SrtpProfile profile = GetParam().profile;
    for (size_t i = 0; i < kReceivers; ++i) {
      Bytes key(MasterKeySize(profile) + MasterSaltSize(profile));
      for (uint8_t& byte : key) byte = static_cast<uint8_t>(entropy_.Below(256));
      auto session = SrtpSession::Create(*SrtpKeys::FromHalves(profile, key, key), cipher_.get());
      SLUICE_CHECK(session.ok());
      receivers_.push_back({*std::move(session), std::make_unique<Libsrtp2>(profile, key, key)});
    }
  }

  // Header, extension of any size, and a payload of any size, of which any part is the receiver's
  // own and the rest shared.
  Outgoing AnyPacket(uint16_t seq) {
    Outgoing out;
    out.receiver = entropy_.Below(kReceivers);
    const size_t words = entropy_.Below(8);
    const size_t header = 12 + (words == 0 ? 0 : 4 + 4 * words);
    const size_t payload = entropy_.Below(4) == 0 ? entropy_.Below(20) : entropy_.Below(1300);
    out.clear.resize(header + payload);
    for (uint8_t& byte : out.clear) byte = static_cast<uint8_t>(entropy_.Below(256));
    ByteWriter in(out.clear);
    in.U8(words == 0 ? 0x80 : 0x90);
    in.U8(96);
    in.U16(seq);
    in.U32(seq * 3000u);
    in.U32(static_cast<uint32_t>(out.receiver));
    if (words != 0) {
      in.U16(0xbede);
      in.U16(static_cast<uint16_t>(words));
    }
    const size_t own = entropy_.Below(3) == 0 ? entropy_.Below(payload + 1) : 0;
    out.header = header;
    out.written = header + own;
    out.room.assign(out.clear.size() + 16, 0);
    std::copy_n(out.clear.begin(), out.written, out.room.begin());
    return out;
  }

  void Push(Outgoing& packet) {
    const std::optional<SealJob> job = receivers_[packet.receiver].session->PrepareRtp(
        packet.room, packet.header, packet.written, ByteView(packet.clear).subspan(packet.written));
    ASSERT_TRUE(job);
    packet.size = job->clear.out.size();
    queue_.Push(*job);
  }

  // Seals `count` packets at once and compares each with what libsrtp2 makes of it.
  void SealTogether(size_t count, uint16_t& seq) {
    std::vector<Outgoing> packets;
    for (size_t i = 0; i < count; ++i) packets.push_back(AnyPacket(seq++));
    for (Outgoing& packet : packets) ASSERT_NO_FATAL_FAILURE(Push(packet));
    const std::span<const SealJob> done = queue_.Run();
    ASSERT_EQ(done.size(), count);
    for (size_t i = 0; i < count; ++i) {
      ASSERT_TRUE(done[i].sealed);
      packets[i].room.resize(packets[i].size);
      ASSERT_EQ(packets[i].room, receivers_[packets[i].receiver].twin->SealRtp(packets[i].clear))
          << count << " " << i;
    }
  }

  SeededEntropy entropy_{7};
  std::unique_ptr<BulkCipher> cipher_;
  std::vector<Receiver> receivers_;
  SealQueue queue_;
};

TEST_P(SealQueueTest, EveryNumberOfPacketsIsSealedAsLibsrtp2Would) {
  uint16_t seq = 1;
  for (size_t count = 0; count <= 40; ++count) {
    ASSERT_NO_FATAL_FAILURE(SealTogether(count, seq));
  }
  for (const size_t count : {127u, 128u, 129u, 131u, 255u, 256u}) {
    ASSERT_NO_FATAL_FAILURE(SealTogether(count, seq));
  }
}

// Both before and after the numbers wrap, when the tag covers another roll-over counter.
TEST_P(SealQueueTest, WrapsAreSealedAsLibsrtp2Would) {
  uint16_t seq = 64'000;
  for (int i = 0; i < 30; ++i) ASSERT_NO_FATAL_FAILURE(SealTogether(100, seq));
  EXPECT_LT(seq, 64'000);
}

TEST_P(SealQueueTest, AnEmptyQueueHasNothingToSeal) {
  EXPECT_TRUE(queue_.Run().empty());
  EXPECT_FALSE(queue_.full());
}

// Clear packets stand among others; each leaves as it was written.
TEST_P(SealQueueTest, WithoutATransformThePacketIsCopied) {
  Outgoing sealed = AnyPacket(1);
  ASSERT_NO_FATAL_FAILURE(Push(sealed));
  const Bytes shared = {7, 8, 9};
  Bytes room = {1, 2, 3, 0, 0, 0};
  SealJob clear;
  clear.clear = {room, 2, 3, shared};
  queue_.Push(clear);
  const std::span<const SealJob> done = queue_.Run();
  ASSERT_EQ(done.size(), 2u);
  EXPECT_TRUE(done[0].sealed && done[1].sealed);
  EXPECT_THAT(room, testing::ElementsAre(1, 2, 3, 7, 8, 9));
}

INSTANTIATE_TEST_SUITE_P(Suites, SealQueueTest, testing::ValuesIn(test::SrtpSuites()),
                         [](const auto& suite) { return test::SrtpSuiteName(suite.param); });

}  // namespace
}  // namespace sluice::dtls
