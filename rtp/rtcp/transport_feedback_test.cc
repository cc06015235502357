#include "rtp/rtcp/transport_feedback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "tests/support/hex.h"
#include "tests/vectors/rtcp_packets.h"

namespace sluice::rtp {
namespace {

using std::chrono::milliseconds;
using test::FromHex;
using testing::ElementsAre;

std::vector<TransportFeedback::Arrival> ArrivalsIn(const TransportFeedback& feedback) {
  std::vector<TransportFeedback::Arrival> arrivals;
  feedback.ForEachReceived(
      [&](const TransportFeedback::Arrival& arrival) { arrivals.push_back(arrival); });
  return arrivals;
}

std::vector<uint16_t> NumbersIn(const TransportFeedback& feedback) {
  std::vector<uint16_t> numbers;
  for (const auto& arrival : ArrivalsIn(feedback)) numbers.push_back(arrival.sequence.value());
  return numbers;
}

// A packet with base 0 and reference time 0 around these chunks and deltas, in hex.
std::vector<uint8_t> Feedback(uint16_t count, std::string_view chunks_and_deltas) {
  const auto rest = FromHex(chunks_and_deltas);
  std::vector<uint8_t> bytes(64 + rest.size());
  ByteWriter out(bytes);
  RtcpFrame frame(out, RtcpKind::kTransportFeedback, FeedbackSources{});
  out.U16(0);
  out.U16(count);
  out.U32(0);
  out.Bytes(rest);
  frame.Pad();
  frame.Finish();
  bytes.resize(out.size());
  return bytes;
}

TEST(TransportFeedbackTest, ReadsABrowsersFeedback) {
  const auto bytes = FromHex(vectors::kChromiumTransportFeedback);
  const auto feedback = TransportFeedback::Parse(bytes);
  ASSERT_TRUE(feedback);
  EXPECT_EQ(feedback->sources().media, Ssrc(0xd3e90155));
  EXPECT_EQ(feedback->base(), SeqNo(5));
  EXPECT_EQ(feedback->status_count(), 7);
  EXPECT_EQ(feedback->reference_time(), 2980);
  EXPECT_EQ(feedback->feedback_count(), 42);
  EXPECT_EQ(feedback->received_count(), 6u);
  const Duration start = 2980 * milliseconds(64);
  using Arrival = TransportFeedback::Arrival;
  EXPECT_THAT(ArrivalsIn(*feedback), ElementsAre(Arrival{SeqNo(5), start + milliseconds(5)},
                                                 Arrival{SeqNo(6), start + milliseconds(6)},
                                                 Arrival{SeqNo(8), start + milliseconds(16)},
                                                 Arrival{SeqNo(9), start - milliseconds(34)},
                                                 Arrival{SeqNo(10), start - milliseconds(33)},
                                                 Arrival{SeqNo(11), start - milliseconds(13)}));
}

TEST(TransportFeedbackTest, IsWrittenBackAsItCame) {
  const auto bytes = FromHex(vectors::kChromiumTransportFeedback);
  std::array<uint8_t, 64> buffer{};
  ByteWriter out(buffer);
  TransportFeedback::Parse(bytes)->WriteTo(out);
  EXPECT_EQ(std::vector<uint8_t>(out.written().begin(), out.written().end()), bytes);
}

// §3.1.3, first example: 0x00dd is a run of 221 packets that were not received.
TEST(TransportFeedbackTest, ReadsTheDraftsRunOfLostPackets) {
  const auto bytes = Feedback(222, "00dd 2001  04");
  const auto feedback = TransportFeedback::Parse(bytes);
  ASSERT_TRUE(feedback);
  EXPECT_THAT(NumbersIn(*feedback), ElementsAre(221));
}

// §3.1.4, first example: 0x9f1c is 1 lost, 5 received, 3 lost, 3 received, 2 lost.
TEST(TransportFeedbackTest, ReadsTheDraftsVectorOfOneBitSymbols) {
  const auto bytes = Feedback(14, "9f1c  01 01 01 01 01 01 01 01");
  const auto feedback = TransportFeedback::Parse(bytes);
  ASSERT_TRUE(feedback);
  EXPECT_THAT(NumbersIn(*feedback), ElementsAre(1, 2, 3, 4, 5, 9, 10, 11));
}

TEST(TransportFeedbackTest, IgnoresSymbolsBeyondTheCount) {
  const auto bytes = Feedback(3, "bfff  01 01 01");
  const auto feedback = TransportFeedback::Parse(bytes);
  ASSERT_TRUE(feedback);
  EXPECT_THAT(NumbersIn(*feedback), ElementsAre(0, 1, 2));
}

TEST(TransportFeedbackTest, RefusesWhatDoesNotAddUp) {
  EXPECT_FALSE(TransportFeedback::Parse(Feedback(0, "2001 04")));         // about nothing
  EXPECT_FALSE(TransportFeedback::Parse(Feedback(20, "bfff 01010101")));  // deltas missing
  EXPECT_FALSE(TransportFeedback::Parse(Feedback(20, "8000")));           // chunks missing
  EXPECT_FALSE(TransportFeedback::Parse(Feedback(5, "0000 0005")));       // run of nothing
  EXPECT_FALSE(TransportFeedback::Parse(Feedback(5, "6005")));            // reserved, as a run
  EXPECT_FALSE(TransportFeedback::Parse(Feedback(5, "f000 01 01")));      // reserved, in a vector
  EXPECT_FALSE(TransportFeedback::Parse(FromHex("8f cd 00 02 00000001 00000002")));
}

TEST(TransportFeedbackTest, AHugeCountCostsNoMoreThanItsBytes) {
  // 65,535 lost packets in nine runs; then the same as received ones, without deltas.
  const auto lost = Feedback(65'535, "1fff 1fff 1fff 1fff 1fff 1fff 1fff 1fff 0007");
  const auto feedback = TransportFeedback::Parse(lost);
  ASSERT_TRUE(feedback);
  EXPECT_EQ(feedback->received_count(), 0u);
  EXPECT_FALSE(
      TransportFeedback::Parse(Feedback(65'535, "3fff 3fff 3fff 3fff 3fff 3fff 3fff 3fff 2007")));
}

TEST(TransportFeedbackTest, ReferenceTimeHasASign) {
  auto bytes = Feedback(1, "2001 04");
  bytes[16] = 0xff;
  bytes[17] = 0xff;
  bytes[18] = 0xfe;
  EXPECT_EQ(TransportFeedback::Parse(bytes)->reference_time(), -2);
}

}  // namespace
}  // namespace sluice::rtp
