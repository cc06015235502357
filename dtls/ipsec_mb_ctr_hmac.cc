#include "dtls/ipsec_mb_ctr_hmac.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

namespace sluice::dtls {
namespace {

constexpr size_t kRolloverSize = 4;

// RFC 2104 §2: SHA-1 of the key, filled up with zeros, with each byte xored.
void HashKey(IMB_MGR& manager, ByteView key, uint8_t pad, std::array<uint8_t, 20>& out) {
  std::array<uint8_t, 64> block;
  block.fill(pad);
  for (size_t i = 0; i < key.size(); ++i) block[i] = static_cast<uint8_t>(key[i] ^ pad);
  IMB_SHA1_ONE_BLOCK(&manager, block.data(), out.data());
  OPENSSL_cleanse(block.data(), block.size());
}

}  // namespace

std::unique_ptr<IpsecMbCtrHmac> IpsecMbCtrHmac::Create(IMB_MGR& manager,
                                                       const SrtpSessionKeys& keys) {
  std::unique_ptr<SrtpCtrHmac> alone = SrtpCtrHmac::Create(keys);
  if (!alone) return nullptr;
  return std::unique_ptr<IpsecMbCtrHmac>(new IpsecMbCtrHmac(manager, keys, std::move(alone)));
}

IpsecMbCtrHmac::IpsecMbCtrHmac(IMB_MGR& manager, const SrtpSessionKeys& keys,
                               std::unique_ptr<SrtpCtrHmac> alone)
    : alone_(std::move(alone)) {
  std::ranges::copy(keys.salt(), salt_.begin());
  alignas(16) std::array<uint8_t, 16 * 11> unused;
  IMB_AES_KEYEXP_128(&manager, keys.cipher().data(), keys_.rounds.data(), unused.data());
  OPENSSL_cleanse(unused.data(), unused.size());
  HashKey(manager, keys.auth, 0x36, keys_.inner);
  HashKey(manager, keys.auth, 0x5c, keys_.outer);
}

IpsecMbCtrHmac::~IpsecMbCtrHmac() {
  OPENSSL_cleanse(&keys_, sizeof(keys_));
  OPENSSL_cleanse(salt_.data(), salt_.size());
}

// The library hashes what it reads, not what it writes, so the text has to be where it is going
// to be encrypted. RFC 3711 §4.2: the tag covers the roll-over counter, which is not sent; it
// stands where the tag will.
void IpsecMbCtrHmac::Prepare(const SealJob& job, IMB_JOB& out, CounterBlock& counter,
                             Digest& digest) const {
  const ClearRtp& clear = job.clear;
  // Not std::ranges::copy: GCC 12's goes byte by byte where the source is constant.
  std::copy(clear.rest.begin(), clear.rest.end(), clear.out.subspan(clear.written).begin());
  const size_t sealed = clear.out.size() - kTagSize;
  ByteWriter(clear.out.subspan(sealed)).U32(static_cast<uint32_t>(job.id.index >> 16));
  counter = CounterFor(job.id, salt_);
  out.enc_keys = keys_.rounds.data();
  out.dec_keys = nullptr;
  out.key_len_in_bytes = 16;
  out.src = clear.out.data();
  out.dst = clear.out.data() + clear.header;
  out.cipher_start_src_offset_in_bytes = clear.header;
  out.msg_len_to_cipher_in_bytes = sealed - clear.header;
  out.hash_start_src_offset_in_bytes = 0;
  out.msg_len_to_hash_in_bytes = sealed + kRolloverSize;
  out.iv = counter.data();
  out.iv_len_in_bytes = counter.size();
  out.auth_tag_output = digest.data();
  out.auth_tag_output_len_in_bytes = digest.size();
  out.u.HMAC._hashed_auth_key_xor_ipad = keys_.inner.data();
  out.u.HMAC._hashed_auth_key_xor_opad = keys_.outer.data();
  out.cipher_mode = IMB_CIPHER_CNTR;
  out.cipher_direction = IMB_DIR_ENCRYPT;
  out.hash_alg = IMB_AUTH_HMAC_SHA_1;
  out.chain_order = IMB_ORDER_CIPHER_HASH;
}

void IpsecMbCtrHmac::Finish(const SealJob& job, const Digest& digest) {
  std::copy_n(digest.begin(), kTagSize, job.clear.out.last(kTagSize).begin());
}

}  // namespace sluice::dtls
