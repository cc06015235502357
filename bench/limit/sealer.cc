#include "bench/limit/sealer.h"

#include <utility>
#include <vector>

#include "base/check.h"
#include "base/ids.h"
#include "bench/limit/ipsec_mb_sealer.h"
#include "dtls/srtp_kdf.h"
#include "dtls/srtp_transform.h"

namespace sluice::bench {
namespace {

class OpenSslSealer final : public Sealer {
 public:
  explicit OpenSslSealer(dtls::SrtpProfile profile) : profile_(profile) {}

  std::optional<uint32_t> AddKey(ByteView master) override {
    const auto keys = dtls::DeriveSessionKeys(profile_, master, dtls::SrtpKind::kRtp);
    if (!keys) return std::nullopt;
    auto transform = dtls::SrtpTransform::Create(*keys, dtls::SrtpTransform::Direction::kSeal);
    if (transform == nullptr) return std::nullopt;
    transforms_.push_back(std::move(transform));
    return static_cast<uint32_t>(transforms_.size() - 1);
  }

  void Seal(std::span<const SealJob> jobs) override {
    for (const SealJob& job : jobs) {
      const size_t size = job.header_size + job.payload_size + dtls::TagSize(profile_);
      const dtls::ClearRtp clear{ByteSpan(job.out, size), job.header_size, job.header_size,
                                 ByteView(job.payload, job.payload_size)};
      const bool sealed = transforms_[job.key]->SealRtp({Ssrc(job.ssrc), job.index}, clear);
      SLUICE_CHECK(sealed);
    }
  }

  std::string_view name() const override { return "openssl"; }

 private:
  const dtls::SrtpProfile profile_;
  std::vector<std::unique_ptr<dtls::SrtpTransform>> transforms_;
};

}  // namespace

std::unique_ptr<Sealer> Sealer::Create(dtls::SrtpProfile profile, Choice choice) {
  if (choice != Choice::kOpenSsl) {
    std::unique_ptr<Sealer> bulk = CreateIpsecMbSealer(profile);
    if (bulk != nullptr || choice == Choice::kBulk) return bulk;
  }
  return std::make_unique<OpenSslSealer>(profile);
}

}  // namespace sluice::bench
