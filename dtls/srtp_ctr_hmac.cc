#include "dtls/srtp_ctr_hmac.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace sluice::dtls {
namespace {

// RFC 3711 §4.2: the tag of an RTP packet covers its roll-over counter, which is not sent.
std::array<uint8_t, 4> RolloverOf(PacketId id) {
  std::array<uint8_t, 4> bytes;
  ByteWriter(bytes).U32(static_cast<uint32_t>(id.index >> 16));
  return bytes;
}

}  // namespace

std::unique_ptr<SrtpCtrHmac> SrtpCtrHmac::Create(const SrtpSessionKeys& keys) {
  std::optional<AesCounter> cipher = AesCounter::Create(keys.cipher());
  if (!cipher) return nullptr;
  return std::unique_ptr<SrtpCtrHmac>(new SrtpCtrHmac(std::move(*cipher), keys));
}

SrtpCtrHmac::SrtpCtrHmac(AesCounter cipher, const SrtpSessionKeys& keys)
    : rtp_tag_(TagSize(keys.profile)), cipher_(std::move(cipher)), hmac_(keys.auth) {
  std::ranges::copy(keys.salt(), salt_.begin());
}

SrtpCtrHmac::~SrtpCtrHmac() { OPENSSL_cleanse(salt_.data(), salt_.size()); }

bool SrtpCtrHmac::HasTag(ByteView signed_bytes, ByteView after, ByteView tag) const {
  const HmacSha1::Digest digest = hmac_.Sign(signed_bytes, after);
  return CRYPTO_memcmp(digest.data(), tag.data(), tag.size()) == 0;
}

bool SrtpCtrHmac::SealRtp(PacketId id, const ClearRtp& clear) {
  const ByteSpan first = clear.out.subspan(clear.header, clear.written - clear.header);
  const ByteSpan second = clear.out.subspan(clear.written, clear.rest.size());
  if (!cipher_.Start(CounterFor(id, salt_))) return false;
  if (!cipher_.Apply(first, first) || !cipher_.Apply(second, clear.rest)) return false;
  const HmacSha1::Digest digest =
      hmac_.Sign(clear.out.first(clear.out.size() - rtp_tag_), RolloverOf(id));
  std::copy_n(digest.begin(), rtp_tag_, clear.out.last(rtp_tag_).begin());
  return true;
}

bool SrtpCtrHmac::OpenRtp(PacketId id, ByteSpan packet, size_t header) {
  const ByteSpan sealed = packet.first(packet.size() - rtp_tag_);
  if (!HasTag(sealed, RolloverOf(id), packet.last(rtp_tag_))) return false;
  const ByteSpan text = sealed.subspan(header);
  return cipher_.Start(CounterFor(id, salt_)) && cipher_.Apply(text, text);
}

bool SrtpCtrHmac::SealRtcp(PacketId id, ByteSpan packet) {
  const ByteSpan sealed = packet.first(packet.size() - kTagSize);
  const ByteSpan index = sealed.last(kRtcpIndexSize);
  ByteWriter(index).U32(kRtcpEncrypted | static_cast<uint32_t>(id.index));
  const ByteSpan text =
      sealed.subspan(kRtcpHeaderSize, sealed.size() - kRtcpHeaderSize - kRtcpIndexSize);
  if (!cipher_.Start(CounterFor(id, salt_)) || !cipher_.Apply(text, text)) return false;
  const HmacSha1::Digest digest = hmac_.Sign(sealed, {});
  std::copy_n(digest.begin(), kTagSize, packet.last(kTagSize).begin());
  return true;
}

bool SrtpCtrHmac::OpenRtcp(PacketId id, ByteSpan packet) {
  const ByteSpan sealed = packet.first(packet.size() - kTagSize);
  if (!HasTag(sealed, {}, packet.last(kTagSize))) return false;
  const ByteSpan text =
      sealed.subspan(kRtcpHeaderSize, sealed.size() - kRtcpHeaderSize - kRtcpIndexSize);
  return cipher_.Start(CounterFor(id, salt_)) && cipher_.Apply(text, text);
}

}  // namespace sluice::dtls
