// BulkCipher on intel-ipsec-mb.

#include <intel-ipsec-mb.h>

#include <array>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "dtls/bulk_cipher.h"
#include "dtls/ipsec_mb_aead.h"
#include "dtls/ipsec_mb_ctr_hmac.h"

namespace sluice::dtls {
namespace {

struct MgrDeleter {
  void operator()(IMB_MGR* manager) const { free_mb_mgr(manager); }
};
using MgrPtr = std::unique_ptr<IMB_MGR, MgrDeleter>;

std::string_view ArchName(IMB_ARCH arch) {
  switch (arch) {
    case IMB_ARCH_AVX512:
      return "AVX512";
    case IMB_ARCH_AVX2:
      return "AVX2";
    case IMB_ARCH_AVX:
      return "AVX";
    default:
      return "SSE";
  }
}

class IpsecMbCipher final : public BulkCipher {
 public:
  IpsecMbCipher(MgrPtr manager, IMB_ARCH arch)
      : manager_(std::move(manager)),
        name_(std::string("ipsec-mb " IMB_VERSION_STR " (").append(ArchName(arch)).append(")")) {}

  std::string_view name() const override { return name_; }

  std::unique_ptr<SrtpTransform> NewTransform(const SrtpSessionKeys& keys,
                                              SrtpTransform::Direction direction) override {
    // Nobody sends so much of it that it would pay.
    if (keys.profile == SrtpProfile::kAesCm128HmacSha1_32) {
      return SrtpTransform::Create(keys, direction);
    }
    if (keys.profile == SrtpProfile::kAesCm128HmacSha1_80) {
      return IpsecMbCtrHmac::Create(*manager_, keys);
    }
    return std::make_unique<IpsecMbAead>(*manager_, keys);
  }

  void SealBurst(std::span<SealJob* const> jobs) override {
    SLUICE_CHECK(jobs.size() <= kMaxBurst);
    const auto count = static_cast<uint32_t>(jobs.size());
    if (IMB_GET_NEXT_BURST(manager_.get(), count, slots_.data()) != count) return;
    for (uint32_t i = 0; i < count; ++i) {
      const auto& transform = static_cast<const IpsecMbCtrHmac&>(*jobs[i]->transform);
      transform.Prepare(*jobs[i], *slots_[i], counters_[i], digests_[i]);
      slots_[i]->user_data = jobs[i];
      slots_[i]->user_data2 = digests_[i].data();
    }
    Finish(IMB_SUBMIT_BURST(manager_.get(), count, slots_.data()));
    while (const uint32_t rest = IMB_FLUSH_BURST(manager_.get(), count, slots_.data())) {
      Finish(rest);
    }
  }

 private:
  void Finish(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      if (slots_[i]->status != IMB_STATUS_COMPLETED) continue;
      auto* const job = static_cast<SealJob*>(slots_[i]->user_data);
      const auto* const digest = static_cast<const uint8_t*>(slots_[i]->user_data2);
      const auto index = static_cast<size_t>(digest - digests_[0].data()) / digests_[0].size();
      IpsecMbCtrHmac::Finish(*job, digests_[index]);
      job->sealed = true;
    }
  }

  const MgrPtr manager_;
  const std::string name_;
  std::array<IMB_JOB*, kMaxBurst> slots_{};
  std::array<CounterBlock, kMaxBurst> counters_{};
  std::array<IpsecMbCtrHmac::Digest, kMaxBurst> digests_{};
};

}  // namespace

std::unique_ptr<BulkCipher> BulkCipher::Create(Limit limit) {
  constexpr uint64_t kNeeded = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ | IMB_FEATURE_SSE4_2;
  const uint64_t features = imb_get_feature_flags();
  if ((features & kNeeded) != kNeeded) return nullptr;
  if (limit == Limit::kAvx2 && (features & IMB_FEATURE_AVX2) == 0) return nullptr;
  MgrPtr manager(alloc_mb_mgr(0));
  if (!manager) return nullptr;
  IMB_ARCH arch = IMB_ARCH_NONE;
  switch (limit) {
    case Limit::kNone:
      init_mb_mgr_auto(manager.get(), &arch);
      break;
    case Limit::kAvx2:
      arch = IMB_ARCH_AVX2;
      init_mb_mgr_avx2(manager.get());
      break;
    case Limit::kSse:
      arch = IMB_ARCH_SSE;
      init_mb_mgr_sse(manager.get());
      break;
  }
  // Among others: the library's own test of what it computes has failed.
  if (imb_get_errno(manager.get()) != 0 || arch == IMB_ARCH_NOAESNI) return nullptr;
  return std::make_unique<IpsecMbCipher>(std::move(manager), arch);
}

}  // namespace sluice::dtls
