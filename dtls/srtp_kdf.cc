#include "dtls/srtp_kdf.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "dtls/aes_counter.h"

namespace sluice::dtls {
namespace {

// RFC 3711 §4.3.1 and §4.3.2: labels of RTP; those of RTCP are three further.
constexpr uint8_t kCipherLabel = 0;
constexpr uint8_t kAuthLabel = 1;
constexpr uint8_t kSaltLabel = 2;
constexpr uint8_t kRtcpLabels = 3;

// RFC 3711 §4.3.3: the keystream from (label * 2^48 XOR salt) * 2^16. A salt of 12 bytes has two
// zeros to its right (RFC 7714 §11).
bool Derive(AesCounter& prf, ByteView salt, uint8_t label, ByteSpan out) {
  AesCounter::Block counter{};
  std::ranges::copy(salt, counter.begin());
  counter[7] = static_cast<uint8_t>(counter[7] ^ label);
  std::ranges::fill(out, uint8_t{0});
  const bool derived = prf.Start(counter) && prf.Apply(out, out);
  OPENSSL_cleanse(counter.data(), counter.size());
  return derived;
}

}  // namespace

SrtpSessionKeys::~SrtpSessionKeys() {
  OPENSSL_cleanse(cipher_bytes.data(), cipher_bytes.size());
  OPENSSL_cleanse(salt_bytes.data(), salt_bytes.size());
  OPENSSL_cleanse(auth.data(), auth.size());
}

std::optional<SrtpSessionKeys> DeriveSessionKeys(SrtpProfile profile, ByteView master,
                                                 SrtpKind kind) {
  const size_t key_size = MasterKeySize(profile);
  if (master.size() != key_size + MasterSaltSize(profile)) return std::nullopt;
  std::optional<AesCounter> prf = AesCounter::Create(master.first(key_size));
  if (!prf) return std::nullopt;

  const ByteView salt = master.subspan(key_size);
  const auto label = [&](uint8_t of_rtp) {
    return static_cast<uint8_t>(kind == SrtpKind::kRtp ? of_rtp : of_rtp + kRtcpLabels);
  };
  SrtpSessionKeys keys(profile);
  if (!Derive(*prf, salt, label(kCipherLabel), keys.cipher())) return std::nullopt;
  if (!Derive(*prf, salt, label(kSaltLabel), keys.salt())) return std::nullopt;
  if (IsCtrHmac(profile) && !Derive(*prf, salt, label(kAuthLabel), keys.auth)) return std::nullopt;
  return keys;
}

}  // namespace sluice::dtls
