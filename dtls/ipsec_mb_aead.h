// AEAD_AES_128_GCM and AEAD_AES_256_GCM (RFC 7714) by intel-ipsec-mb. A packet alone costs hardly
// more than one of a burst, so each is sealed at once.

#ifndef SLUICE_DTLS_IPSEC_MB_AEAD_H_
#define SLUICE_DTLS_IPSEC_MB_AEAD_H_

#include <intel-ipsec-mb.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "dtls/srtp_kdf.h"
#include "dtls/srtp_nonce.h"
#include "dtls/srtp_transform.h"

namespace sluice::dtls {

class IpsecMbAead final : public SrtpTransform {
 public:
  static constexpr size_t kTagSize = 16;

  // `manager` must outlive the transform, and be initialised.
  IpsecMbAead(const IMB_MGR& manager, const SrtpSessionKeys& keys);
  ~IpsecMbAead() override;

  bool SealRtp(PacketId id, const ClearRtp& clear) override;
  bool OpenRtp(PacketId id, ByteSpan packet, size_t header) override;
  bool SealRtcp(PacketId id, ByteSpan packet) override;
  bool OpenRtcp(PacketId id, ByteSpan packet) override;
  size_t RtcpIndexOffset(size_t packet_size) const override { return packet_size - kRtcpIndexSize; }
  // RFC 7714 §9.3
  bool takes_clear_rtcp() const override { return true; }

 private:
  using Tag = std::array<uint8_t, kTagSize>;

  // `out` is as long as `in`, and may be `in`. Returns the tag over `clear` and the text.
  Tag Apply(aes_gcm_enc_dec_t cipher, PacketId id, ByteView clear, ByteSpan out, ByteView in);

  alignas(64) gcm_key_data key_;
  const aes_gcm_enc_dec_t seal_;
  const aes_gcm_enc_dec_t open_;
  AeadNonce salt_{};
};

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_IPSEC_MB_AEAD_H_
