// Steady state allocates nothing (packets of streams that are known, in both directions).

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <variant>
#include <vector>

#include "base/check.h"
#include "dtls/srtp_session.h"
#include "tests/support/allocation_count.h"
#include "tests/support/srtp_libsrtp2.h"

namespace sluice::dtls {
namespace {

using test::AllocationWatch;
using Bytes = std::vector<uint8_t>;

constexpr size_t kClearSize = 1200;
constexpr uint32_t kStreams = 5;

class SrtpAllocationTest : public testing::TestWithParam<SrtpProfile> {
 protected:
  void SetUp() override {
    const size_t size = MasterKeySize(GetParam()) + MasterSaltSize(GetParam());
    sender_ = NewSession(Bytes(size, 1), Bytes(size, 2));
    receiver_ = NewSession(Bytes(size, 2), Bytes(size, 1));
  }

  // One packet from sender to receiver, half of its payload from elsewhere.
  void PassRtp(uint32_t index) {
    ByteWriter out(packet_);
    out.U16(0x8060);
    out.U16(static_cast<uint16_t>(index / kStreams));
    out.U32(index);
    out.U32(1 + index % kStreams);
    const auto size = sender_->ProtectRtp(packet_, kClearSize / 2, rest_);
    SLUICE_CHECK(size.has_value());
    const auto result = receiver_->UnprotectRtp(ByteSpan(packet_).first(*size));
    SLUICE_CHECK(std::get<size_t>(result) == kClearSize);
  }

  void PassRtcp(uint32_t index) {
    ByteWriter out(packet_);
    out.U32(0x80c9'0018);
    out.U32(1 + index % kStreams);
    const auto size = sender_->ProtectRtcp(packet_, 100);
    SLUICE_CHECK(size.has_value());
    const auto result = receiver_->UnprotectRtcp(ByteSpan(packet_).first(*size));
    SLUICE_CHECK(std::get<size_t>(result) == 100);
  }

  // What is refused must be as cheap as what is not.
  void PassForged(uint32_t index) {
    packet_.fill(static_cast<uint8_t>(index));
    packet_[0] = 0x80;
    SLUICE_CHECK(!std::holds_alternative<size_t>(receiver_->UnprotectRtp(packet_)));
    SLUICE_CHECK(!std::holds_alternative<size_t>(receiver_->UnprotectRtcp(packet_)));
  }

 private:
  static std::unique_ptr<SrtpSession> NewSession(const Bytes& local, const Bytes& remote) {
    auto session = SrtpSession::Create(*SrtpKeys::FromHalves(GetParam(), local, remote));
    SLUICE_CHECK(session.ok());
    return std::move(*session);
  }

  std::unique_ptr<SrtpSession> sender_, receiver_;
  std::array<uint8_t, kClearSize + 16> packet_{};
  std::array<uint8_t, kClearSize / 2> rest_{};
};

TEST_P(SrtpAllocationTest, TenThousandPacketsInBothDirectionsAllocateNothing) {
  for (uint32_t i = 0; i < 2 * kStreams; ++i) {
    PassRtp(i);
    PassRtcp(i);
  }
  const uint64_t before = AllocationWatch::count();
  {
    const AllocationWatch watch;
    for (uint32_t i = 2 * kStreams; i < 10'000; ++i) {
      PassRtp(i);
      PassRtcp(i);
      PassForged(i);
    }
  }
  EXPECT_EQ(AllocationWatch::count() - before, 0u);
}

// The count above is worth something only if it sees into libraries: Debian's libsrtp2 allocates.
TEST_P(SrtpAllocationTest, CountSeesWhatLibrariesAllocate) {
  const size_t size = MasterKeySize(GetParam()) + MasterSaltSize(GetParam());
  test::Libsrtp2 library(GetParam(), Bytes(size, 1), Bytes(size, 2));
  Bytes packet(200);
  ByteWriter(packet).U32(0x80600001);
  library.SealRtpInPlace(packet, 50);
  const uint64_t before = AllocationWatch::count();
  {
    const AllocationWatch watch;
    EXPECT_NE(library.SealRtpInPlace(packet, 50), 0u);
  }
  EXPECT_GT(AllocationWatch::count() - before, 0u);
}

INSTANTIATE_TEST_SUITE_P(Profiles, SrtpAllocationTest,
                         testing::Values(SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAeadAes256Gcm,
                                         SrtpProfile::kAesCm128HmacSha1_80,
                                         SrtpProfile::kAesCm128HmacSha1_32));

}  // namespace
}  // namespace sluice::dtls
