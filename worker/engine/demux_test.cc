#include "worker/engine/demux.h"

#include <array>

#include "gtest/gtest.h"

namespace sluice::worker {
namespace {

Wire ClassifyFirst(uint8_t first, uint8_t second = 0) {
  const std::array<uint8_t, 12> bytes = {first, second};
  return Classify(bytes);
}

// RFC 7983 §7, all 256 first bytes.
TEST(DemuxTest, EveryFirstByteHasTheOwnerOfTheRfc) {
  for (int first = 0; first < 256; ++first) {
    const Wire wire = ClassifyFirst(static_cast<uint8_t>(first));
    if (first <= 3) {
      EXPECT_EQ(wire, Wire::kStun) << first;
    } else if (first >= 20 && first <= 63) {
      EXPECT_EQ(wire, Wire::kDtls) << first;
    } else if (first >= 128 && first <= 191) {
      EXPECT_EQ(wire, Wire::kRtp) << first;
    } else {
      // ZRTP (16..19), TURN channels (64..79) and QUIC are not spoken here.
      EXPECT_EQ(wire, Wire::kUnknown) << first;
    }
  }
}

// RFC 5761 §4: RTCP packet types are 192..223.
TEST(DemuxTest, SecondByteTellsRtcpFromRtp) {
  for (int second = 0; second < 256; ++second) {
    const bool rtcp = second >= 192 && second <= 223;
    EXPECT_EQ(ClassifyFirst(0x80, static_cast<uint8_t>(second)), rtcp ? Wire::kRtcp : Wire::kRtp)
        << second;
  }
}

TEST(DemuxTest, TooShortForAnyHeaderIsUnknown) {
  const std::array<uint8_t, 3> bytes = {0x80, 200, 0};
  for (size_t size = 0; size <= bytes.size(); ++size) {
    EXPECT_EQ(Classify(ByteView(bytes).first(size)), Wire::kUnknown) << size;
  }
}

// RFC 9260 §3.1, RFC 8841 §5.1.
TEST(DemuxTest, SctpIsKnownByBothItsPorts) {
  std::array<uint8_t, 12> bytes = {0x13, 0x88, 0x13, 0x88};
  EXPECT_EQ(Classify(bytes), Wire::kSctp);
  for (size_t i = 0; i < 4; ++i) {
    bytes[i] ^= 1;
    EXPECT_EQ(Classify(bytes), Wire::kUnknown) << i;
    bytes[i] ^= 1;
  }
}

}  // namespace
}  // namespace sluice::worker
