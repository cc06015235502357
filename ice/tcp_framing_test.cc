#include "ice/tcp_framing.h"

#include <numeric>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/hex.h"
#include "tests/vectors/framing_rfc4571.h"

namespace sluice::ice {
namespace {

using Bytes = std::vector<uint8_t>;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Bytes Datagram(size_t size) {
  Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), static_cast<uint8_t>(size));
  return bytes;
}

void Append(Bytes& stream, ByteView bytes) {
  stream.insert(stream.end(), bytes.begin(), bytes.end());
}

Bytes Framed(const std::vector<Bytes>& datagrams) {
  Bytes stream;
  for (const Bytes& datagram : datagrams) {
    Append(stream, FrameHeader(datagram.size()));
    Append(stream, datagram);
  }
  return stream;
}

// All datagrams of a stream that comes in pieces of `cut` bytes.
std::vector<Bytes> Split(FrameSplitter& splitter, ByteView stream, size_t cut) {
  std::vector<Bytes> datagrams;
  while (!stream.empty()) {
    ByteView piece = stream.first(std::min(cut, stream.size()));
    stream = stream.subspan(piece.size());
    while (const auto datagram = splitter.Next(piece)) {
      datagrams.emplace_back(datagram->begin(), datagram->end());
    }
    EXPECT_TRUE(piece.empty());
  }
  return datagrams;
}

TEST(FrameHeaderTest, IsTheLengthInNetworkOrder) {
  EXPECT_THAT(FrameHeader(0), ElementsAre(0, 0));
  EXPECT_THAT(FrameHeader(0x1234), ElementsAre(0x12, 0x34));
  EXPECT_THAT(FrameHeader(0xffff), ElementsAre(0xff, 0xff));
}

TEST(FrameSplitterTest, ReadsTheVectorHoweverItIsCut) {
  const Bytes stream = test::FromHex(test::kRfc4571Stream);
  for (size_t cut = 1; cut <= stream.size(); ++cut) {
    SCOPED_TRACE(cut);
    FrameSplitter splitter(1500);
    const std::vector<Bytes> datagrams = Split(splitter, stream, cut);
    ASSERT_THAT(datagrams, SizeIs(3));
    EXPECT_THAT(datagrams[0], SizeIs(20));
    EXPECT_EQ(datagrams[0][1], 1);
    EXPECT_THAT(datagrams[1], SizeIs(16));
    EXPECT_EQ(datagrams[1][0], 0x80);
    EXPECT_THAT(datagrams[2], ElementsAre(0xff));
    EXPECT_EQ(splitter.counters().frames, 4u);
    EXPECT_FALSE(splitter.mid_frame());
  }
}

TEST(FrameSplitterTest, GivesBackWhatWasFramedHoweverItIsCut) {
  const std::vector<Bytes> sent = {Datagram(1200), Datagram(1),   Datagram(255),
                                   Datagram(256),  Datagram(257), Datagram(1500)};
  const Bytes stream = Framed(sent);
  for (size_t cut : {1, 2, 3, 7, 255, 256, 1199, 1460, 100'000}) {
    SCOPED_TRACE(cut);
    FrameSplitter splitter(1500);
    EXPECT_EQ(Split(splitter, stream, cut), sent);
  }
}

TEST(FrameSplitterTest, PassesOverWhatIsTooLongAndStaysInStep) {
  const Bytes stream = Framed({Datagram(10), Datagram(1501), Datagram(65'535), Datagram(11)});
  for (size_t cut : {1, 1000, 100'000}) {
    SCOPED_TRACE(cut);
    FrameSplitter splitter(1500);
    EXPECT_THAT(Split(splitter, stream, cut), ElementsAre(Datagram(10), Datagram(11)));
    EXPECT_EQ(splitter.counters().too_long, 2u);
    EXPECT_EQ(splitter.counters().frames, 4u);
  }
}

TEST(FrameSplitterTest, ManyNullPacketsAreNoDatagrams) {
  FrameSplitter splitter(1500);
  EXPECT_THAT(Split(splitter, Bytes(20'000), 999), IsEmpty());
  EXPECT_EQ(splitter.counters().frames, 10'000u);
}

TEST(FrameSplitterTest, AnUnfinishedFrameGivesNothing) {
  Bytes stream = Framed({Datagram(100)});
  stream.pop_back();
  FrameSplitter splitter(1500);
  EXPECT_THAT(Split(splitter, stream, 10), IsEmpty());
  EXPECT_TRUE(splitter.mid_frame());
  FrameSplitter fresh(1500);
  EXPECT_FALSE(fresh.mid_frame());
  EXPECT_THAT(Split(fresh, ByteView(stream).first(1), 1), IsEmpty());
  EXPECT_TRUE(fresh.mid_frame());
}

Bytes Rest(const FrameBacklog& backlog) { return {backlog.bytes().begin(), backlog.bytes().end()}; }

TEST(FrameBacklogTest, KeepsWholeFramesInOrder) {
  FrameBacklog backlog;
  EXPECT_TRUE(backlog.empty());
  ASSERT_TRUE(backlog.Push(Datagram(3)));
  ASSERT_TRUE(backlog.Push(Datagram(300)));
  EXPECT_EQ(Rest(backlog), Framed({Datagram(3), Datagram(300)}));
}

TEST(FrameBacklogTest, KeepsTheRestOfAFrameThatWasBegun) {
  const Bytes whole = Framed({Datagram(5)});
  for (size_t written = 0; written < whole.size(); ++written) {
    SCOPED_TRACE(written);
    FrameBacklog backlog;
    ASSERT_TRUE(backlog.Push(Datagram(5), written));
    EXPECT_EQ(Rest(backlog),
              Bytes(whole.begin() + static_cast<std::ptrdiff_t>(written), whole.end()));
  }
}

TEST(FrameBacklogTest, IsWrittenPieceByPiece) {
  FrameBacklog backlog;
  ASSERT_TRUE(backlog.Push(Datagram(100)));
  Bytes written;
  for (size_t piece : {1, 50, 30}) {
    Append(written, backlog.bytes().first(piece));
    backlog.RecordWritten(piece);
  }
  ASSERT_TRUE(backlog.Push(Datagram(7)));
  Append(written, backlog.bytes());
  backlog.RecordWritten(backlog.size());
  EXPECT_TRUE(backlog.empty());
  EXPECT_EQ(written, Framed({Datagram(100), Datagram(7)}));
}

TEST(FrameBacklogTest, RefusesWhatWouldPassItsBound) {
  FrameBacklog backlog;
  size_t pushed = 0;
  while (backlog.Push(Datagram(1198))) ++pushed;
  EXPECT_EQ(pushed, FrameBacklog::kCapacity / 1200);
  EXPECT_LE(backlog.size(), FrameBacklog::kCapacity);
  backlog.RecordWritten(1200);
  EXPECT_TRUE(backlog.Push(Datagram(1198)));
}

}  // namespace
}  // namespace sluice::ice
