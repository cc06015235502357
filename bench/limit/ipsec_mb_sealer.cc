#include "bench/limit/ipsec_mb_sealer.h"

#ifdef SLUICE_BENCH_IPSEC_MB

#include <intel-ipsec-mb.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "base/check.h"
#include "dtls/srtp_kdf.h"

namespace sluice::bench {
namespace {

using dtls::SrtpProfile;

struct MultiBufferDeleter {
  void operator()(IMB_MGR* library) const { free_mb_mgr(library); }
};
using MultiBuffer = std::unique_ptr<IMB_MGR, MultiBufferDeleter>;

MultiBuffer CreateMultiBuffer() {
  MultiBuffer library(alloc_mb_mgr(0));
  if (library == nullptr) return nullptr;
  IMB_ARCH architecture = IMB_ARCH_NONE;
  init_mb_mgr_auto(library.get(), &architecture);
  constexpr uint64_t kWanted = IMB_FEATURE_AVX512_SKX | IMB_FEATURE_VAES | IMB_FEATURE_VPCLMULQDQ;
  return (library->features & kWanted) == kWanted ? std::move(library) : nullptr;
}

void XorInto(uint8_t* bytes, uint64_t value, size_t width) {
  for (size_t i = 0; i < width; ++i) {
    bytes[i] = static_cast<uint8_t>(bytes[i] ^ value >> (8 * (width - 1 - i)));
  }
}

class GcmSealer final : public Sealer {
 public:
  GcmSealer(MultiBuffer library, SrtpProfile profile)
      : library_(std::move(library)), profile_(profile) {}

  std::optional<uint32_t> AddKey(ByteView master) override {
    const auto derived = dtls::DeriveSessionKeys(profile_, master, dtls::SrtpKind::kRtp);
    if (!derived) return std::nullopt;
    auto key = std::make_unique<Key>();
    if (is_256()) {
      IMB_AES256_GCM_PRE(library_.get(), derived->cipher().data(), &key->tables);
    } else {
      IMB_AES128_GCM_PRE(library_.get(), derived->cipher().data(), &key->tables);
    }
    std::ranges::copy(derived->salt(), key->salt.begin());
    keys_.push_back(std::move(key));
    return static_cast<uint32_t>(keys_.size() - 1);
  }

  // RFC 7714 §8.1: two zeros, the SSRC, the index in 48 bits, xored with the salt.
  void Seal(std::span<const SealJob> jobs) override {
    const auto seal = is_256() ? library_->gcm256_enc : library_->gcm128_enc;
    for (const SealJob& job : jobs) {
      const Key& key = *keys_[job.key];
      std::array<uint8_t, 12> nonce = key.salt;
      XorInto(nonce.data() + 2, job.ssrc, 4);
      XorInto(nonce.data() + 6, job.index, 6);
      uint8_t* const text = job.out + job.header_size;
      seal(&key.tables, &context_, text, job.payload, job.payload_size, nonce.data(), job.out,
           job.header_size, text + job.payload_size, 16);
    }
  }

  std::string_view name() const override { return "ipsec-mb"; }

 private:
  struct Key {
    alignas(64) gcm_key_data tables;
    std::array<uint8_t, 12> salt;
  };
  bool is_256() const { return profile_ == SrtpProfile::kAeadAes256Gcm; }

  const MultiBuffer library_;
  const SrtpProfile profile_;
  // Each about 1 KiB, aligned to cache lines.
  std::vector<std::unique_ptr<Key>> keys_;
  gcm_context_data context_{};
};

class CtrHmacSealer final : public Sealer {
 public:
  explicit CtrHmacSealer(MultiBuffer library) : library_(std::move(library)) {}

  std::optional<uint32_t> AddKey(ByteView master) override {
    const auto derived =
        dtls::DeriveSessionKeys(SrtpProfile::kAesCm128HmacSha1_80, master, dtls::SrtpKind::kRtp);
    if (!derived) return std::nullopt;
    auto key = std::make_unique<Key>();
    alignas(16) std::array<uint8_t, kScheduleSize> decryption{};
    IMB_AES_KEYEXP_128(library_.get(), derived->cipher().data(), key->schedule.data(),
                       decryption.data());
    HashPad(derived->auth, 0x36, key->inner);
    HashPad(derived->auth, 0x5c, key->outer);
    std::ranges::copy(derived->salt(), key->salt.begin());
    keys_.push_back(std::move(key));
    return static_cast<uint32_t>(keys_.size() - 1);
  }

  // Encrypts all, then signs all: header, ciphertext and roll-over counter (RFC 3711 §4.2), which
  // stands for that long where the tag will be.
  void Seal(std::span<const SealJob> jobs) override {
    SLUICE_CHECK(jobs.size() <= kMaxJobs);
    for (size_t i = 0; i < jobs.size(); ++i) Prepare(jobs[i], i);
    const auto count = static_cast<uint32_t>(jobs.size());
    IMB_SUBMIT_CIPHER_BURST_NOCHECK(library_.get(), jobs_.data(), count, IMB_CIPHER_CNTR,
                                    IMB_DIR_ENCRYPT, IMB_KEY_128_BYTES);
    for (size_t i = 0; i < jobs.size(); ++i) PrepareHash(jobs[i], i);
    IMB_SUBMIT_HASH_BURST_NOCHECK(library_.get(), jobs_.data(), count, IMB_AUTH_HMAC_SHA_1);
    for (size_t i = 0; i < jobs.size(); ++i) {
      std::copy_n(tags_[i].begin(), kTagSize,
                  jobs[i].out + jobs[i].header_size + jobs[i].payload_size);
    }
  }

  std::string_view name() const override { return "ipsec-mb"; }

 private:
  // RFC 5764 §4.1.2, and the library's own sizes.
  static constexpr size_t kTagSize = 10;
  static constexpr size_t kShaBlock = 64;
  static constexpr size_t kShaSize = 20;
  static constexpr size_t kScheduleSize = 16 * 15;
  static constexpr size_t kRolloverSize = 4;

  struct Key {
    alignas(16) std::array<uint8_t, kScheduleSize> schedule;
    alignas(16) std::array<uint8_t, kShaSize> inner;
    alignas(16) std::array<uint8_t, kShaSize> outer;
    std::array<uint8_t, 16> salt{};
  };

  void HashPad(ByteView auth, uint8_t pad, std::array<uint8_t, kShaSize>& digest) const {
    std::array<uint8_t, kShaBlock> block;
    block.fill(pad);
    for (size_t i = 0; i < auth.size(); ++i) block[i] = static_cast<uint8_t>(block[i] ^ auth[i]);
    IMB_SHA1_ONE_BLOCK(library_.get(), block.data(), digest.data());
  }

  // RFC 3711 §4.1.1: the counter block is the salt, with the SSRC in bytes 4 to 7 and the index in
  // bytes 8 to 13 xored to it.
  void Prepare(const SealJob& job, size_t i) {
    const Key& key = *keys_[job.key];
    counters_[i] = key.salt;
    XorInto(counters_[i].data() + 4, job.ssrc, 4);
    XorInto(counters_[i].data() + 8, job.index, 6);
    IMB_JOB& out = jobs_[i];
    out.enc_keys = key.schedule.data();
    out.key_len_in_bytes = IMB_KEY_128_BYTES;
    out.src = job.payload;
    out.dst = job.out + job.header_size;
    out.cipher_start_src_offset_in_bytes = 0;
    out.msg_len_to_cipher_in_bytes = job.payload_size;
    out.iv = counters_[i].data();
    out.iv_len_in_bytes = counters_[i].size();
    out.cipher_mode = IMB_CIPHER_CNTR;
    out.cipher_direction = IMB_DIR_ENCRYPT;
    out.hash_alg = IMB_AUTH_HMAC_SHA_1;
    out.status = IMB_STATUS_BEING_PROCESSED;
  }

  void PrepareHash(const SealJob& job, size_t i) {
    const Key& key = *keys_[job.key];
    const size_t clear = size_t{job.header_size} + job.payload_size;
    std::array<uint8_t, kRolloverSize> rollover{};
    XorInto(rollover.data(), job.index >> 16, rollover.size());
    std::ranges::copy(rollover, job.out + clear);
    IMB_JOB& out = jobs_[i];
    out.src = job.out;
    out.hash_start_src_offset_in_bytes = 0;
    out.msg_len_to_hash_in_bytes = clear + kRolloverSize;
    out.u.HMAC._hashed_auth_key_xor_ipad = key.inner.data();
    out.u.HMAC._hashed_auth_key_xor_opad = key.outer.data();
    out.auth_tag_output = tags_[i].data();
    out.auth_tag_output_len_in_bytes = kShaSize;
    out.status = IMB_STATUS_BEING_PROCESSED;
  }

  const MultiBuffer library_;
  std::vector<std::unique_ptr<Key>> keys_;
  std::array<IMB_JOB, kMaxJobs> jobs_{};
  std::array<std::array<uint8_t, 16>, kMaxJobs> counters_{};
  std::array<std::array<uint8_t, kShaSize>, kMaxJobs> tags_{};
};

}  // namespace

std::unique_ptr<Sealer> CreateIpsecMbSealer(SrtpProfile profile) {
  MultiBuffer library = CreateMultiBuffer();
  if (library == nullptr) return nullptr;
  if (profile == SrtpProfile::kAesCm128HmacSha1_80) {
    return std::make_unique<CtrHmacSealer>(std::move(library));
  }
  return std::make_unique<GcmSealer>(std::move(library), profile);
}

}  // namespace sluice::bench

#else

namespace sluice::bench {

std::unique_ptr<Sealer> CreateIpsecMbSealer(dtls::SrtpProfile) { return nullptr; }

}  // namespace sluice::bench

#endif
