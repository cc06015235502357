#include "bench/limit/sealer.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace sluice::bench {
namespace {

using dtls::SrtpProfile;

constexpr size_t kMaxPacket = 1600;

std::vector<uint8_t> Master(SrtpProfile profile, uint8_t seed) {
  std::vector<uint8_t> master(dtls::MasterKeySize(profile) + dtls::MasterSaltSize(profile));
  for (uint8_t& byte : master) byte = seed = static_cast<uint8_t>(seed * 5 + 7);
  return master;
}

// Packets of several receivers, sizes, headers and roll-overs, sealed in one burst.
class Burst {
 public:
  explicit Burst(SrtpProfile profile) : profile_(profile), payload_(kMaxPacket) {
    std::mt19937 random(11);
    for (uint8_t& byte : payload_) byte = static_cast<uint8_t>(random());
    for (size_t i = 0; i < kJobs; ++i) AddJob(i, random);
  }

  std::vector<std::vector<uint8_t>> SealBy(Sealer& sealer) const {
    for (uint8_t key = 0; key < kKeys; ++key) {
      EXPECT_EQ(sealer.AddKey(Master(profile_, key)), std::optional<uint32_t>(key));
    }
    std::vector<std::vector<uint8_t>> out = clear_;
    std::vector<SealJob> jobs = jobs_;
    for (size_t i = 0; i < jobs.size(); ++i) {
      jobs[i].out = out[i].data();
      jobs[i].payload = payload_.data();
    }
    sealer.Seal(jobs);
    return out;
  }

 private:
  static constexpr uint8_t kKeys = 5;
  static constexpr size_t kJobs = Sealer::kMaxJobs;

  void AddJob(size_t i, std::mt19937& random) {
    SealJob job;
    job.key = static_cast<uint32_t>(i % kKeys);
    job.ssrc = static_cast<uint32_t>(random());
    job.index = uint64_t{random()} << 16 | i;
    job.header_size = static_cast<uint16_t>(12 + 4 * (i % 9));
    job.payload_size = static_cast<uint16_t>(i < 40 ? i : random() % 1400);
    std::vector<uint8_t> clear(job.header_size + job.payload_size + dtls::TagSize(profile_));
    for (size_t at = 0; at < job.header_size; ++at) clear[at] = static_cast<uint8_t>(random());
    clear_.push_back(std::move(clear));
    jobs_.push_back(job);
  }

  const SrtpProfile profile_;
  std::vector<uint8_t> payload_;
  std::vector<std::vector<uint8_t>> clear_;
  std::vector<SealJob> jobs_;
};

class SealerTest : public testing::TestWithParam<SrtpProfile> {};

TEST_P(SealerTest, BulkCipherWritesTheBytesThatOpenSslWrites) {
  const auto bulk = Sealer::Create(GetParam(), Sealer::Choice::kBulk);
  if (bulk == nullptr) GTEST_SKIP() << "this processor or this build has no bulk cipher";
  const auto openssl = Sealer::Create(GetParam(), Sealer::Choice::kOpenSsl);
  const Burst burst(GetParam());
  EXPECT_EQ(burst.SealBy(*bulk), burst.SealBy(*openssl));
}

TEST_P(SealerTest, KeyOfAnotherLengthIsRefused) {
  for (const auto choice : {Sealer::Choice::kBest, Sealer::Choice::kOpenSsl}) {
    std::vector<uint8_t> master = Master(GetParam(), 1);
    master.pop_back();
    EXPECT_FALSE(Sealer::Create(GetParam(), choice)->AddKey(master));
  }
}

INSTANTIATE_TEST_SUITE_P(Profiles, SealerTest,
                         testing::Values(SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAeadAes256Gcm,
                                         SrtpProfile::kAesCm128HmacSha1_80));

}  // namespace
}  // namespace sluice::bench
