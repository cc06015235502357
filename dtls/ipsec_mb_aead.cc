#include "dtls/ipsec_mb_aead.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "base/check.h"

namespace sluice::dtls {
namespace {

bool Is256(const SrtpSessionKeys& keys) { return keys.profile == SrtpProfile::kAeadAes256Gcm; }

}  // namespace

IpsecMbAead::IpsecMbAead(const IMB_MGR& manager, const SrtpSessionKeys& keys)
    : seal_(Is256(keys) ? manager.gcm256_enc : manager.gcm128_enc),
      open_(Is256(keys) ? manager.gcm256_dec : manager.gcm128_dec) {
  SLUICE_CHECK(keys.salt().size() == salt_.size());
  std::ranges::copy(keys.salt(), salt_.begin());
  (Is256(keys) ? manager.gcm256_pre : manager.gcm128_pre)(keys.cipher().data(), &key_);
}

IpsecMbAead::~IpsecMbAead() {
  OPENSSL_cleanse(&key_, sizeof(key_));
  OPENSSL_cleanse(salt_.data(), salt_.size());
}

IpsecMbAead::Tag IpsecMbAead::Apply(aes_gcm_enc_dec_t cipher, PacketId id, ByteView clear,
                                    ByteSpan out, ByteView in) {
  const AeadNonce nonce = NonceFor(id, salt_);
  gcm_context_data context;
  Tag tag;
  cipher(&key_, &context, out.data(), in.data(), in.size(), nonce.data(), clear.data(),
         clear.size(), tag.data(), tag.size());
  return tag;
}

// A payload in two pieces is put together first: copying costs a tenth of what a cipher does that
// is called twice.
bool IpsecMbAead::SealRtp(PacketId id, const ClearRtp& clear) {
  const ByteSpan text = clear.out.subspan(clear.header, clear.out.size() - clear.header - kTagSize);
  ByteView from = clear.rest;
  if (clear.written != clear.header) {
    // Not std::ranges::copy: GCC 12's goes byte by byte where the source is constant.
    std::copy(clear.rest.begin(), clear.rest.end(), clear.out.subspan(clear.written).begin());
    from = text;
  }
  const Tag tag = Apply(seal_, id, clear.out.first(clear.header), text, from);
  std::ranges::copy(tag, clear.out.last(kTagSize).begin());
  return true;
}

bool IpsecMbAead::OpenRtp(PacketId id, ByteSpan packet, size_t header) {
  const ByteSpan text = packet.subspan(header, packet.size() - header - kTagSize);
  const Tag tag = Apply(open_, id, packet.first(header), text, text);
  return CRYPTO_memcmp(tag.data(), packet.last(kTagSize).data(), kTagSize) == 0;
}

// RFC 7714 §9.2: the index stands behind the tag, and is authenticated as if it followed the
// header.
bool IpsecMbAead::SealRtcp(PacketId id, ByteSpan packet) {
  const ByteSpan index = packet.last(kRtcpIndexSize);
  ByteWriter(index).U32(kRtcpEncrypted | static_cast<uint32_t>(id.index));
  std::array<uint8_t, kRtcpHeaderSize + kRtcpIndexSize> clear;
  std::ranges::copy(packet.first(kRtcpHeaderSize), clear.begin());
  std::ranges::copy(index, clear.begin() + kRtcpHeaderSize);
  const ByteSpan sealed = packet.first(packet.size() - kRtcpIndexSize);
  const ByteSpan text = sealed.subspan(kRtcpHeaderSize, sealed.size() - kRtcpHeaderSize - kTagSize);
  const Tag tag = Apply(seal_, id, clear, text, text);
  std::ranges::copy(tag, sealed.last(kTagSize).begin());
  return true;
}

// RFC 7714 §9.3: without the E flag everything is authenticated and nothing encrypted.
bool IpsecMbAead::OpenRtcp(PacketId id, ByteSpan packet) {
  const ByteView index = packet.last(kRtcpIndexSize);
  const ByteSpan sealed = packet.first(packet.size() - kRtcpIndexSize);
  const ByteSpan tag_place = sealed.last(kTagSize);
  const ByteSpan text = sealed.subspan(kRtcpHeaderSize, sealed.size() - kRtcpHeaderSize - kTagSize);
  std::array<uint8_t, kMaxRtcpSize + kRtcpIndexSize> clear;
  const bool encrypted = (ByteReader(index).U32() & kRtcpEncrypted) != 0;
  const ByteView front =
      encrypted ? sealed.first(kRtcpHeaderSize) : sealed.first(sealed.size() - kTagSize);
  if (front.size() > kMaxRtcpSize) return false;
  std::ranges::copy(front, clear.begin());
  std::ranges::copy(index, clear.begin() + static_cast<ptrdiff_t>(front.size()));
  const ByteView authentic = ByteView(clear).first(front.size() + kRtcpIndexSize);
  const ByteSpan hidden = encrypted ? text : ByteSpan();
  const Tag tag = Apply(open_, id, authentic, hidden, hidden);
  return CRYPTO_memcmp(tag.data(), tag_place.data(), kTagSize) == 0;
}

}  // namespace sluice::dtls
