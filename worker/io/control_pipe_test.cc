#include "worker/io/control_pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Framed(std::string_view text) {
  const auto header = control::FrameHeader(text.size());
  std::string framed(header.begin(), header.end());
  return framed.append(text);
}

class ControlPipeTest : public ::testing::Test {
 protected:
  ControlPipeTest() : pipe_(Make()) {
    // The event loop does the same in the worker.
    std::signal(SIGPIPE, SIG_IGN);
  }

  ControlPipe Make() {
    int requests[2];
    int answers[2];
    EXPECT_EQ(::pipe(requests), 0);
    EXPECT_EQ(::pipe(answers), 0);
    to_worker_ = Descriptor(requests[1]);
    from_worker_ = Descriptor(answers[0]);
    EXPECT_EQ(fcntl(from_worker_.get(), F_SETFL, O_NONBLOCK), 0);
    absl::StatusOr<ControlPipe> pipe =
        ControlPipe::Adopt(Descriptor(requests[0]), Descriptor(answers[1]));
    EXPECT_TRUE(pipe.ok()) << pipe.status();
    return *std::move(pipe);
  }

  void Send(std::string_view bytes) {
    ASSERT_EQ(write(to_worker_.get(), bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }

  std::vector<std::string> Frames() {
    std::vector<std::string> frames;
    pipe_.BeginTurn();
    while (std::optional<ByteView> frame = pipe_.NextFrame()) frames.emplace_back(AsText(*frame));
    return frames;
  }

  std::string Written() {
    std::string all;
    std::string part(1 << 16, '\0');
    for (ssize_t size; (size = read(from_worker_.get(), part.data(), part.size())) > 0;) {
      all.append(part, 0, static_cast<size_t>(size));
    }
    return all;
  }

  Descriptor to_worker_;
  Descriptor from_worker_;
  ControlPipe pipe_;
};

TEST_F(ControlPipeTest, ReadsFramesHoweverTheyAreCut) {
  Send(Framed("one") + Framed("two") + Framed("three").substr(0, 5));
  EXPECT_THAT(Frames(), ElementsAre("one", "two"));
  Send(Framed("three").substr(5));
  EXPECT_THAT(Frames(), ElementsAre("three"));
}

TEST_F(ControlPipeTest, ReadsByteAtATime) {
  const std::string bytes = Framed("slow") + Framed("");
  std::vector<std::string> frames;
  for (char byte : bytes) {
    Send({&byte, 1});
    for (std::string& frame : Frames()) frames.push_back(std::move(frame));
  }
  EXPECT_THAT(frames, ElementsAre("slow", ""));
  EXPECT_EQ(pipe_.state(), ControlPipe::State::kOpen);
}

TEST_F(ControlPipeTest, WhatCameBeforeTheEndIsStillRead) {
  Send(Framed("last"));
  to_worker_.Close();
  EXPECT_THAT(Frames(), ElementsAre("last"));
  EXPECT_EQ(pipe_.state(), ControlPipe::State::kEnded);
  EXPECT_FALSE(pipe_.ended_mid_frame());
  EXPECT_THAT(Frames(), IsEmpty());
}

TEST_F(ControlPipeTest, AnEndInMidFrameIsNoticed) {
  Send(Framed("cut short").substr(0, 6));
  to_worker_.Close();
  EXPECT_THAT(Frames(), IsEmpty());
  EXPECT_TRUE(pipe_.ended_mid_frame());
}

TEST_F(ControlPipeTest, ALengthOverTheLimitEndsTheStream) {
  for (uint32_t length : {uint32_t{control::kMaxFrameSize} + 1, 0xffffffffu}) {
    pipe_ = Make();
    const auto header = control::FrameHeader(length);
    Send(Framed("before") + std::string(header.begin(), header.end()) + Framed("behind"));
    EXPECT_THAT(Frames(), ElementsAre("before"));
    EXPECT_EQ(pipe_.state(), ControlPipe::State::kOutOfStep);
    EXPECT_EQ(pipe_.announced_size(), length);
    EXPECT_FALSE(pipe_.has_unread());
    EXPECT_THAT(Frames(), IsEmpty());
  }
}

TEST_F(ControlPipeTest, OneTurnReadsABoundedAmount) {
  ASSERT_GE(fcntl(to_worker_.get(), F_SETPIPE_SZ, 1 << 20), 1 << 20);
  const std::string frame = Framed(std::string(1000, 'x'));
  std::string flood;
  while (flood.size() + frame.size() < size_t{1} << 20) flood += frame;
  Send(flood);
  const size_t first = Frames().size();
  EXPECT_LE(first, ControlPipe::kBytesPerTurn / frame.size());
  size_t total = first;
  for (int turn = 0; turn < 10; ++turn) total += Frames().size();
  EXPECT_EQ(total, flood.size() / frame.size());
}

TEST_F(ControlPipeTest, TellsOfFramesThatNoReadinessAnnounces) {
  Send(Framed("one") + Framed("two"));
  pipe_.BeginTurn();
  EXPECT_TRUE(pipe_.NextFrame());
  EXPECT_TRUE(pipe_.has_unread());
  EXPECT_TRUE(pipe_.NextFrame());
  EXPECT_FALSE(pipe_.has_unread());
}

TEST_F(ControlPipeTest, WritesFrames) {
  EXPECT_TRUE(pipe_.Write(AsBytes("answer")));
  EXPECT_TRUE(pipe_.Write(AsBytes("news")));
  pipe_.Flush();
  EXPECT_EQ(Written(), Framed("answer") + Framed("news"));
  EXPECT_EQ(pipe_.backlog(), 0u);
}

TEST_F(ControlPipeTest, AReaderThatStopsFillsTheBacklogAndThenThereIsNoRoom) {
  const std::string message(100'000, 'm');
  size_t written = 0;
  while (pipe_.HasRoom()) {
    ASSERT_TRUE(pipe_.Write(AsBytes(message)));
    ++written;
    ASSERT_LT(written, 1000u);
  }
  EXPECT_LT(pipe_.backlog(), ControlPipe::kMaxBacklog + message.size() + 4);

  // The reader wakes up and gets everything, in order and whole.
  const std::string frame = Framed(message);
  std::string all;
  while (pipe_.backlog() != 0) {
    all += Written();
    pipe_.Flush();
  }
  all += Written();
  ASSERT_EQ(all.size(), written * frame.size());
  for (size_t i = 0; i < written; ++i) {
    ASSERT_EQ(all.compare(i * frame.size(), frame.size(), frame), 0) << i;
  }
  EXPECT_TRUE(pipe_.HasRoom());
}

TEST_F(ControlPipeTest, AMessageOverTheLimitIsRefused) {
  EXPECT_FALSE(pipe_.Write(std::vector<uint8_t>(control::kMaxFrameSize + 1)));
  EXPECT_EQ(pipe_.backlog(), 0u);
  EXPECT_TRUE(pipe_.Write(std::vector<uint8_t>(control::kMaxFrameSize)));
}

TEST_F(ControlPipeTest, AReaderThatIsGoneEndsThePipe) {
  from_worker_.Close();
  pipe_.Write(AsBytes("to nobody"));
  pipe_.Flush();
  EXPECT_EQ(pipe_.state(), ControlPipe::State::kEnded);
  EXPECT_EQ(pipe_.backlog(), 0u);
  EXPECT_FALSE(pipe_.Write(AsBytes("again")));
  EXPECT_THAT(Frames(), IsEmpty());
}

TEST_F(ControlPipeTest, ADescriptorThatIsNotOpenIsRefusedByNumber) {
  const absl::StatusOr<ControlPipe> pipe = ControlPipe::Adopt(Descriptor(7777), Descriptor(7778));
  EXPECT_EQ(pipe.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(pipe.status().message()), ::testing::HasSubstr("7777"));
}

}  // namespace
}  // namespace sluice::worker
