#include "dtls/hmac_sha1.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "base/check.h"

// OpenSSL 3 would rather be called through EVP, whose contexts allocate when they are copied. These
// functions have no other successor.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace sluice::dtls {
namespace {

// RFC 2104 §2: the key, filled up with zeros, with each byte xored.
SHA_CTX KeyedWith(ByteView key, uint8_t pad) {
  std::array<uint8_t, HmacSha1::kMaxKeySize> block;
  block.fill(pad);
  for (size_t i = 0; i < key.size(); ++i) block[i] = static_cast<uint8_t>(key[i] ^ pad);
  SHA_CTX context;
  SHA1_Init(&context);
  SHA1_Update(&context, block.data(), block.size());
  OPENSSL_cleanse(block.data(), block.size());
  return context;
}

}  // namespace

struct HmacSha1::Keyed {
  SHA_CTX inner;
  SHA_CTX outer;
};

void HmacSha1::KeyedDeleter::operator()(Keyed* keyed) const {
  OPENSSL_cleanse(keyed, sizeof(*keyed));
  delete keyed;
}

HmacSha1::HmacSha1(ByteView key) : keyed_(new Keyed) {
  SLUICE_CHECK(key.size() <= kMaxKeySize);
  keyed_->inner = KeyedWith(key, 0x36);
  keyed_->outer = KeyedWith(key, 0x5c);
}

// The copies on the stack end up holding digests, so nothing of the key stays behind there.
HmacSha1::Digest HmacSha1::Sign(ByteView first, ByteView second) const {
  Digest digest;
  SHA_CTX context = keyed_->inner;
  SHA1_Update(&context, first.data(), first.size());
  SHA1_Update(&context, second.data(), second.size());
  SHA1_Final(digest.data(), &context);
  context = keyed_->outer;
  SHA1_Update(&context, digest.data(), digest.size());
  SHA1_Final(digest.data(), &context);
  return digest;
}

}  // namespace sluice::dtls
