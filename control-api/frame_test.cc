#include "control-api/frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace sluice::control {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<uint8_t> Bytes(std::string_view text) { return {text.begin(), text.end()}; }

std::vector<uint8_t> Framed(std::string_view text) {
  std::vector<uint8_t> out;
  EXPECT_TRUE(AppendFrame(Bytes(text), out));
  return out;
}

// Everything that comes out of `reader` when it gets `stream` in pieces of `cut` bytes.
std::vector<std::string> ReadAll(FrameReader& reader, const std::vector<uint8_t>& stream,
                                 size_t cut) {
  std::vector<std::string> frames;
  for (size_t start = 0; start < stream.size(); start += cut) {
    FrameBytes piece = FrameBytes(stream).subspan(start, std::min(cut, stream.size() - start));
    while (const auto frame = reader.Next(piece)) frames.emplace_back(frame->begin(), frame->end());
    EXPECT_TRUE(piece.empty() || reader.failed());
  }
  return frames;
}

TEST(FrameTest, LengthIsLittleEndian) {
  EXPECT_THAT(FrameHeader(0x00030201), ElementsAre(1, 2, 3, 0));
  EXPECT_THAT(FrameHeader(kMaxFrameSize), ElementsAre(0, 0, 0x40, 0));
}

TEST(FrameTest, FrameOverTheLimitIsNotWritten) {
  std::vector<uint8_t> out = {7};
  EXPECT_FALSE(AppendFrame(std::vector<uint8_t>(kMaxFrameSize + 1), out));
  EXPECT_THAT(out, ElementsAre(7));
}

TEST(FrameReaderTest, EveryCutOfAStreamGivesTheSameFrames) {
  std::vector<uint8_t> stream = Framed("first");
  for (const auto& more : {Framed(""), Framed("x"), Framed(std::string(300, 'y'))}) {
    stream.insert(stream.end(), more.begin(), more.end());
  }
  for (size_t cut = 1; cut <= stream.size(); ++cut) {
    FrameReader reader;
    EXPECT_THAT(ReadAll(reader, stream, cut), ElementsAre("first", "", "x", std::string(300, 'y')))
        << "cut into " << cut;
    EXPECT_FALSE(reader.mid_frame());
  }
}

TEST(FrameReaderTest, FrameIsAlignedWhateverTheStreamIs) {
  FrameReader reader;
  std::vector<uint8_t> stream = Framed("abc");
  const auto second = Framed("defgh");
  stream.insert(stream.end(), second.begin(), second.end());
  FrameBytes rest = stream;
  while (const auto frame = reader.Next(rest)) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(frame->data()) % alignof(uint64_t), 0u);
  }
}

TEST(FrameReaderTest, LengthZeroIsAnEmptyFrameAndTheStreamGoesOn) {
  FrameReader reader;
  EXPECT_THAT(ReadAll(reader, {0, 0, 0, 0, 1, 0, 0, 0, 'a'}, 9), ElementsAre("", "a"));
  EXPECT_FALSE(reader.failed());
}

TEST(FrameReaderTest, LargestFrameIsTaken) {
  FrameReader reader;
  const std::string large(kMaxFrameSize, 'z');
  EXPECT_THAT(ReadAll(reader, Framed(large), 65536), ElementsAre(large));
}

TEST(FrameReaderTest, OneByteMoreThanTheLimitFailsForGood) {
  FrameReader reader;
  EXPECT_THAT(ReadAll(reader, {1, 0, 0x40, 0}, 4), IsEmpty());
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(reader.announced_size(), kMaxFrameSize + 1);
  EXPECT_THAT(ReadAll(reader, Framed("honest"), 64), IsEmpty());
  EXPECT_TRUE(reader.failed());
}

TEST(FrameReaderTest, LargestLengthFails) {
  FrameReader reader;
  EXPECT_THAT(ReadAll(reader, {0xff, 0xff, 0xff, 0xff, 'a'}, 5), IsEmpty());
  EXPECT_TRUE(reader.failed());
}

TEST(FrameReaderTest, MidFrameTellsAStreamThatWasCutOff) {
  FrameReader reader;
  EXPECT_FALSE(reader.mid_frame());
  ReadAll(reader, {5, 0}, 2);
  EXPECT_TRUE(reader.mid_frame());
  ReadAll(reader, {0, 0, 'a', 'b', 'c', 'd'}, 6);
  EXPECT_TRUE(reader.mid_frame());
  ReadAll(reader, {'e'}, 1);
  EXPECT_FALSE(reader.mid_frame());
}

TEST(FrameReaderTest, FrameStaysValidUntilTheNextOneIsAskedFor) {
  FrameReader reader;
  std::vector<uint8_t> stream = Framed("kept");
  FrameBytes rest = stream;
  const auto frame = reader.Next(rest);
  ASSERT_TRUE(frame.has_value());
  std::fill(stream.begin(), stream.end(), uint8_t{0});
  EXPECT_THAT(*frame, ElementsAre('k', 'e', 'p', 't'));
}

}  // namespace
}  // namespace sluice::control
