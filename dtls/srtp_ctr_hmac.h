// AES_CM_128_HMAC_SHA1_80 (RFC 3711 §4.1.1, §4.2.1; RFC 5764 §4.1.2).

#ifndef SLUICE_DTLS_SRTP_CTR_HMAC_H_
#define SLUICE_DTLS_SRTP_CTR_HMAC_H_

#include <cstddef>
#include <memory>

#include "base/bytes.h"
#include "dtls/aes_counter.h"
#include "dtls/hmac_sha1.h"
#include "dtls/srtp_nonce.h"
#include "dtls/srtp_transform.h"

namespace sluice::dtls {

// Counter mode is its own inverse, so there is no direction to choose.
class SrtpCtrHmac final : public SrtpTransform {
 public:
  // Of RTCP, and of RTP unless the profile says otherwise.
  static constexpr size_t kTagSize = 10;

  static std::unique_ptr<SrtpCtrHmac> Create(const SrtpSessionKeys& keys);
  ~SrtpCtrHmac() override;

  bool SealRtp(PacketId id, const ClearRtp& clear) override;
  bool OpenRtp(PacketId id, ByteSpan packet, size_t header) override;
  bool SealRtcp(PacketId id, ByteSpan packet) override;
  bool OpenRtcp(PacketId id, ByteSpan packet) override;
  size_t RtcpIndexOffset(size_t packet_size) const override {
    return packet_size - kTagSize - kRtcpIndexSize;
  }
  // RFC 3711 §3.4: the E flag is as authentic as the rest, but the profile says encrypted.
  bool takes_clear_rtcp() const override { return false; }

 private:
  SrtpCtrHmac(AesCounter cipher, const SrtpSessionKeys& keys);

  bool HasTag(ByteView signed_bytes, ByteView after, ByteView tag) const;

  const size_t rtp_tag_;
  AesCounter cipher_;
  HmacSha1 hmac_;
  CounterBlock salt_{};  // as the upper bytes of a counter block
};

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_SRTP_CTR_HMAC_H_
