#include "dtls/aes_counter.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace sluice::dtls {

std::optional<AesCounter> AesCounter::Create(ByteView key) {
  if (key.size() != 16 && key.size() != 32) return std::nullopt;
  const EVP_CIPHER* const cipher = key.size() == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr();
  CipherPtr context(EVP_CIPHER_CTX_new());
  if (!context) return std::nullopt;
  if (EVP_EncryptInit_ex(context.get(), cipher, nullptr, key.data(), nullptr) != 1) {
    return std::nullopt;
  }
  return AesCounter(std::move(context));
}

// Neither cipher nor key is given again: either would make OpenSSL set up the key once more.
bool AesCounter::Start(const Block& counter) {
  return EVP_EncryptInit_ex(context_.get(), nullptr, nullptr, nullptr, counter.data()) == 1;
}

bool AesCounter::Apply(ByteSpan out, ByteView in) {
  SLUICE_DCHECK(out.size() == in.size());
  if (in.empty()) return true;
  int size = 0;
  return EVP_EncryptUpdate(context_.get(), out.data(), &size, in.data(),
                           static_cast<int>(in.size())) == 1;
}

}  // namespace sluice::dtls
