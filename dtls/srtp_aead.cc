#include "dtls/srtp_aead.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace sluice::dtls {

std::unique_ptr<SrtpAead> SrtpAead::Create(const SrtpSessionKeys& keys, Direction direction) {
  const bool is_256 = keys.profile == SrtpProfile::kAeadAes256Gcm;
  const EVP_CIPHER* const cipher = is_256 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
  CipherPtr context(EVP_CIPHER_CTX_new());
  if (!context) return nullptr;
  // The length of the nonce stays at its default, 12. Setting it costs as much as half a packet,
  // even if it does not change.
  if (EVP_CipherInit_ex(context.get(), cipher, nullptr, keys.cipher().data(), nullptr,
                        direction == Direction::kSeal ? 1 : 0) != 1) {
    return nullptr;
  }
  return std::unique_ptr<SrtpAead>(new SrtpAead(std::move(context), keys.salt(), direction));
}

SrtpAead::SrtpAead(CipherPtr context, ByteView salt, Direction direction)
    : context_(std::move(context)), direction_(direction) {
  SLUICE_CHECK(salt.size() == salt_.size());
  std::ranges::copy(salt, salt_.begin());
}

SrtpAead::~SrtpAead() { OPENSSL_cleanse(salt_.data(), salt_.size()); }

bool SrtpAead::Start(PacketId id) {
  const AeadNonce nonce = NonceFor(id, salt_);
  // Neither cipher nor key is given again: either would make OpenSSL set up the key once more.
  return EVP_CipherInit_ex(context_.get(), nullptr, nullptr, nullptr, nonce.data(), -1) == 1;
}

bool SrtpAead::Authenticate(ByteView bytes) {
  int size = 0;
  return EVP_CipherUpdate(context_.get(), nullptr, &size, bytes.data(),
                          static_cast<int>(bytes.size())) == 1;
}

bool SrtpAead::Apply(ByteSpan out, ByteView in) {
  SLUICE_DCHECK(out.size() == in.size());
  if (in.empty()) return true;
  int size = 0;
  return EVP_CipherUpdate(context_.get(), out.data(), &size, in.data(),
                          static_cast<int>(in.size())) == 1;
}

// Writes the tag, or compares it, which OpenSSL does in constant time.
bool SrtpAead::Finish(ByteSpan tag) {
  SLUICE_DCHECK(tag.size() == kTagSize);
  EVP_CIPHER_CTX* const context = context_.get();
  const int tag_size = static_cast<int>(kTagSize);
  std::array<uint8_t, 16> none;  // GCM has no last block.
  int size = 0;
  if (direction_ == Direction::kOpen) {
    return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, tag_size, tag.data()) == 1 &&
           EVP_CipherFinal_ex(context, none.data(), &size) == 1;
  }
  return EVP_CipherFinal_ex(context, none.data(), &size) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, tag_size, tag.data()) == 1;
}

bool SrtpAead::SealRtp(PacketId id, const ClearRtp& clear) {
  const ByteSpan out = clear.out;
  const ByteSpan first = out.subspan(clear.header, clear.written - clear.header);
  const ByteSpan second = out.subspan(clear.written, clear.rest.size());
  return Start(id) && Authenticate(out.first(clear.header)) && Apply(first, first) &&
         Apply(second, clear.rest) && Finish(out.last(kTagSize));
}

bool SrtpAead::OpenRtp(PacketId id, ByteSpan packet, size_t header) {
  const ByteSpan text = packet.subspan(header, packet.size() - header - kTagSize);
  return Start(id) && Authenticate(packet.first(header)) && Apply(text, text) &&
         Finish(packet.last(kTagSize));
}

// RFC 7714 §9.2: the index stands behind the tag, and is authenticated as if it followed the
// header.
bool SrtpAead::SealRtcp(PacketId id, ByteSpan packet) {
  const ByteSpan index = packet.last(kRtcpIndexSize);
  ByteWriter(index).U32(kRtcpEncrypted | static_cast<uint32_t>(id.index));
  const ByteSpan sealed = packet.first(packet.size() - kRtcpIndexSize);
  const ByteSpan text = sealed.subspan(kRtcpHeaderSize, sealed.size() - kRtcpHeaderSize - kTagSize);
  return Start(id) && Authenticate(packet.first(kRtcpHeaderSize)) && Authenticate(index) &&
         Apply(text, text) && Finish(sealed.last(kTagSize));
}

// RFC 7714 §9.3: without the E flag everything is authenticated and nothing encrypted.
bool SrtpAead::OpenRtcp(PacketId id, ByteSpan packet) {
  const ByteSpan index = packet.last(kRtcpIndexSize);
  const ByteSpan sealed = packet.first(packet.size() - kRtcpIndexSize);
  const ByteSpan text = sealed.subspan(kRtcpHeaderSize, sealed.size() - kRtcpHeaderSize - kTagSize);
  if (!Start(id)) return false;
  if ((ByteReader(index).U32() & kRtcpEncrypted) == 0) {
    return Authenticate(sealed.first(sealed.size() - kTagSize)) && Authenticate(index) &&
           Finish(sealed.last(kTagSize));
  }
  return Authenticate(packet.first(kRtcpHeaderSize)) && Authenticate(index) && Apply(text, text) &&
         Finish(sealed.last(kTagSize));
}

}  // namespace sluice::dtls
