#include "worker/engine/transmit_batch.h"

#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::worker {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

Path PathTo(uint16_t port) {
  return {SocketId(1), {IpAddress::V4(127, 0, 0, 1), port, TransportProtocol::kUdp}};
}

void Append(TransmitBatch& batch, uint16_t port, std::string_view text) {
  const ByteView bytes = AsBytes(text);
  const ByteSpan room = batch.Room();
  ASSERT_GE(room.size(), bytes.size());
  std::copy(bytes.begin(), bytes.end(), room.begin());
  batch.Commit(PathTo(port), bytes.size());
}

TEST(TransmitBatchTest, StartsEmptyWithRoomForOneDatagramAtLeast) {
  TransmitBatch batch;
  EXPECT_TRUE(batch.empty());
  EXPECT_THAT(batch.entries(), IsEmpty());
  EXPECT_GE(batch.Room().size(), TransmitBatch::kMaxDatagram);
}

TEST(TransmitBatchTest, KeepsDatagramsInOrderOneBehindTheOther) {
  TransmitBatch batch;
  Append(batch, 1000, "first");
  Append(batch, 2000, "second");
  ASSERT_THAT(batch.entries(), SizeIs(2));
  const TransmitBatch::Entry& first = batch.entries()[0];
  const TransmitBatch::Entry& second = batch.entries()[1];
  EXPECT_EQ(first.path, PathTo(1000));
  EXPECT_EQ(AsText(batch.bytes(first)), "first");
  EXPECT_EQ(second.path, PathTo(2000));
  EXPECT_EQ(AsText(batch.bytes(second)), "second");
  // A segment train is a stretch of memory: no gap may be left between neighbours.
  EXPECT_EQ(batch.bytes(second).data(), batch.bytes(first).data() + first.size);
}

TEST(TransmitBatchTest, RoomThatIsNotCommittedIsGivenAgain) {
  TransmitBatch batch;
  const uint8_t* const place = batch.Room().data();
  EXPECT_EQ(batch.Room().data(), place);
}

TEST(TransmitBatchTest, IsFullAfterTheLastEntry) {
  TransmitBatch batch;
  for (size_t i = 0; i < TransmitBatch::kMaxEntries; ++i) {
    ASSERT_FALSE(batch.Room().empty()) << i;
    batch.Commit(PathTo(1000), 1);
  }
  EXPECT_THAT(batch.Room(), IsEmpty());
}

TEST(TransmitBatchTest, IsFullWhenALargestDatagramNoLongerFits) {
  TransmitBatch batch;
  size_t committed = 0;
  while (!batch.Room().empty()) {
    ASSERT_GE(batch.Room().size(), TransmitBatch::kMaxDatagram);
    batch.Commit(PathTo(1000), TransmitBatch::kMaxDatagram - 1);
    ++committed;
  }
  EXPECT_EQ(committed, TransmitBatch::kCapacity / TransmitBatch::kMaxDatagram);
}

TEST(TransmitBatchTest, ClearMakesAllRoomAvailableAgain) {
  TransmitBatch batch;
  const uint8_t* const start = batch.Room().data();
  while (!batch.Room().empty()) batch.Commit(PathTo(1000), 1200);
  batch.Clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.Room().data(), start);
  EXPECT_EQ(batch.Room().size(), TransmitBatch::kCapacity);
}

TEST(TransmitBatchDeathTest, CommitBeyondTheLastEntryIsABugOfTheCaller) {
  TransmitBatch batch;
  for (size_t i = 0; i < TransmitBatch::kMaxEntries; ++i) batch.Commit(PathTo(1), 1);
  EXPECT_DEATH(batch.Commit(PathTo(1), 1), "kMaxEntries");
}

}  // namespace
}  // namespace sluice::worker
