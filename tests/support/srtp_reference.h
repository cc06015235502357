// A second SRTP, written after the RFCs on nothing but OpenSSL's block ciphers, to compare the
// first with: slow, without state, and indifferent to what a receiver would find plausible.
//
// It is itself held to the vectors of RFC 3711 and RFC 7714, which are stated in session keys and
// can therefore not be fed to anything that begins with a master key.

#ifndef SLUICE_TESTS_SUPPORT_SRTP_REFERENCE_H_
#define SLUICE_TESTS_SUPPORT_SRTP_REFERENCE_H_

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "dtls/srtp_keys.h"

namespace sluice::test {

class SrtpReference {
 public:
  using Bytes = std::vector<uint8_t>;

  // Session keys of one direction, for RTP or for RTCP.
  struct Keys {
    Bytes cipher, salt, auth;
  };

  // AES in counter mode over `bytes`, from the counter block `iv` (RFC 3711 §4.1.1).
  static Bytes CounterMode(const Bytes& key, const Bytes& iv, ByteView bytes) {
    const CipherContext context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    const EVP_CIPHER* cipher = key.size() == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr();
    Bytes out(bytes.size());
    int size = 0;
    SLUICE_CHECK(EVP_EncryptInit_ex(context.get(), cipher, nullptr, key.data(), iv.data()) == 1);
    SLUICE_CHECK(EVP_EncryptUpdate(context.get(), out.data(), &size, bytes.data(),
                                   static_cast<int>(bytes.size())) == 1);
    return out;
  }

  // RFC 3711 §4.3.1 and §4.3.3, key derivation rate zero. `first_label` is 0 for RTP, 3 for RTCP.
  // A salt of 12 bytes is filled up with zeros (RFC 7714 §11).
  static Keys Derive(dtls::SrtpProfile profile, ByteView master, uint8_t first_label) {
    const size_t key_size = dtls::MasterKeySize(profile);
    const size_t salt_size = dtls::MasterSaltSize(profile);
    const Bytes key(master.begin(), master.begin() + static_cast<ptrdiff_t>(key_size));
    const auto derive = [&](int step, size_t size) {
      Bytes iv(master.begin() + static_cast<ptrdiff_t>(key_size), master.end());
      iv.resize(16);
      iv[7] = static_cast<uint8_t>(iv[7] ^ (first_label + step));
      return CounterMode(key, iv, Bytes(size));
    };
    return {derive(0, key_size), derive(2, salt_size), derive(1, 20)};
  }

  static Bytes SealRtp(dtls::SrtpProfile profile, const Keys& keys, const Bytes& packet,
                       uint32_t roc) {
    const size_t header = HeaderSize(packet);
    if (!dtls::IsCtrHmac(profile)) {
      Bytes iv(12);
      ByteWriter out(iv);
      out.U16(0);
      out.Bytes(ByteView(packet).subspan(8, 4));
      out.U32(roc);
      out.Bytes(ByteView(packet).subspan(2, 2));
      const ByteView aad = ByteView(packet).first(header);
      return Join(aad, Gcm(keys, iv, aad, ByteView(packet).subspan(header)));
    }
    Bytes iv = keys.salt;
    iv.resize(16);
    Xor(iv, 4, ByteView(packet).subspan(8, 4));
    Bytes index(6);
    ByteWriter out(index);
    out.U32(roc);
    out.Bytes(ByteView(packet).subspan(2, 2));
    Xor(iv, 8, index);
    Bytes sealed = Join(ByteView(packet).first(header),
                        CounterMode(keys.cipher, iv, ByteView(packet).subspan(header)));
    const Bytes signed_bytes = Join(sealed, ByteView(index).first(4));
    return Join(sealed, Tag(keys, signed_bytes, dtls::TagSize(profile)));
  }

  static Bytes SealRtcp(dtls::SrtpProfile profile, const Keys& keys, const Bytes& packet,
                        uint32_t index) {
    const ByteView header = ByteView(packet).first(8);
    const ByteView rest = ByteView(packet).subspan(8);
    Bytes trailer(4);
    ByteWriter(trailer).U32(0x80000000u | index);
    Bytes counter(4);
    ByteWriter(counter).U32(index);
    if (!dtls::IsCtrHmac(profile)) {
      Bytes iv(12);
      Xor(iv, 2, header.subspan(4));
      Xor(iv, 8, counter);
      return Join(Join(header, Gcm(keys, iv, Join(header, trailer), rest)), trailer);
    }
    Bytes iv = keys.salt;
    iv.resize(16);
    Xor(iv, 4, header.subspan(4));
    Xor(iv, 10, counter);
    const Bytes sealed = Join(Join(header, CounterMode(keys.cipher, iv, rest)), trailer);
    return Join(sealed, Tag(keys, sealed));
  }

  // Authenticated, not encrypted, and without the E flag (RFC 7714 §9.3, RFC 3711 §3.4).
  static Bytes SignRtcp(dtls::SrtpProfile profile, const Keys& keys, const Bytes& packet,
                        uint32_t index) {
    Bytes trailer(4);
    ByteWriter(trailer).U32(index);
    const Bytes all = Join(packet, trailer);
    if (dtls::IsCtrHmac(profile)) return Join(all, Tag(keys, all));
    Bytes iv(12);
    Xor(iv, 2, ByteView(packet).subspan(4, 4));
    Xor(iv, 8, trailer);
    return Join(Join(packet, Gcm(keys, iv, all, ByteView(packet).last(0))), trailer);
  }

 private:
  using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)>;

  static size_t HeaderSize(const Bytes& packet) {
    size_t size = 12 + 4u * (packet[0] & 15);
    if (packet[0] & 0x10) size += 4 + 4u * ByteReader(ByteView(packet).subspan(size + 2)).U16();
    return size;
  }

  static Bytes Join(ByteView first, ByteView second) {
    Bytes all(first.begin(), first.end());
    all.insert(all.end(), second.begin(), second.end());
    return all;
  }

  static void Xor(Bytes& bytes, size_t at, ByteView with) {
    for (uint8_t byte : with) bytes[at++] ^= byte;
  }

  static Bytes Tag(const Keys& keys, const Bytes& message, size_t size = 10) {
    Bytes tag(20);
    HMAC(EVP_sha1(), keys.auth.data(), static_cast<int>(keys.auth.size()), message.data(),
         message.size(), tag.data(), nullptr);
    tag.resize(size);
    return tag;
  }

  // RFC 7714 §8.1: the salt is added to the initialisation vector; ciphertext and tag come out.
  static Bytes Gcm(const Keys& keys, Bytes iv, ByteView aad, ByteView plain) {
    Xor(iv, 0, keys.salt);
    const CipherContext context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    const EVP_CIPHER* cipher = keys.cipher.size() == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
    Bytes out(plain.size() + 16);
    int size = 0;
    SLUICE_CHECK(
        EVP_EncryptInit_ex(context.get(), cipher, nullptr, keys.cipher.data(), iv.data()) == 1);
    SLUICE_CHECK(EVP_EncryptUpdate(context.get(), nullptr, &size, aad.data(),
                                   static_cast<int>(aad.size())) == 1);
    SLUICE_CHECK(EVP_EncryptUpdate(context.get(), out.data(), &size, plain.data(),
                                   static_cast<int>(plain.size())) == 1);
    SLUICE_CHECK(EVP_EncryptFinal_ex(context.get(), out.data() + size, &size) == 1);
    SLUICE_CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, 16,
                                     out.data() + plain.size()) == 1);
    return out;
  }
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_SRTP_REFERENCE_H_
