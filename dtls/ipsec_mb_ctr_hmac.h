// AES_CM_128_HMAC_SHA1_80 (RFC 3711 §4.1.1, §4.2.1) by intel-ipsec-mb: the keys of a burst. What
// comes alone, which is everything but RTP on its way out, is OpenSSL's, because here a packet
// alone costs twice as much.

#ifndef SLUICE_DTLS_IPSEC_MB_CTR_HMAC_H_
#define SLUICE_DTLS_IPSEC_MB_CTR_HMAC_H_

#include <intel-ipsec-mb.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "dtls/srtp_ctr_hmac.h"
#include "dtls/srtp_kdf.h"
#include "dtls/srtp_nonce.h"
#include "dtls/srtp_transform.h"

namespace sluice::dtls {

class IpsecMbCtrHmac final : public SrtpTransform {
 public:
  static constexpr size_t kTagSize = SrtpCtrHmac::kTagSize;
  // HMAC-SHA1 as the library writes it.
  using Digest = std::array<uint8_t, 20>;

  // Null if OpenSSL has no memory.
  static std::unique_ptr<IpsecMbCtrHmac> Create(IMB_MGR& manager, const SrtpSessionKeys& keys);
  ~IpsecMbCtrHmac() override;

  bool SealRtp(PacketId id, const ClearRtp& clear) override { return alone_->SealRtp(id, clear); }
  bool OpenRtp(PacketId id, ByteSpan packet, size_t header) override {
    return alone_->OpenRtp(id, packet, header);
  }
  bool SealRtcp(PacketId id, ByteSpan packet) override { return alone_->SealRtcp(id, packet); }
  bool OpenRtcp(PacketId id, ByteSpan packet) override { return alone_->OpenRtcp(id, packet); }
  size_t RtcpIndexOffset(size_t packet_size) const override {
    return alone_->RtcpIndexOffset(packet_size);
  }
  bool takes_clear_rtcp() const override { return alone_->takes_clear_rtcp(); }
  bool seals_in_bursts() const override { return true; }

  // Fills in the library's job for one packet. `counter` and `digest` must live until it is done;
  // Finish then puts the tag where it belongs.
  void Prepare(const SealJob& job, IMB_JOB& out, CounterBlock& counter, Digest& digest) const;
  static void Finish(const SealJob& job, const Digest& digest);

 private:
  IpsecMbCtrHmac(IMB_MGR& manager, const SrtpSessionKeys& keys, std::unique_ptr<SrtpCtrHmac> alone);

  // The AES key as its rounds use it, and SHA-1 after the key's inner and outer block.
  struct alignas(16) Keys {
    std::array<uint8_t, 16 * 11> rounds;
    std::array<uint8_t, 20> inner;
    std::array<uint8_t, 20> outer;
  };

  Keys keys_{};
  CounterBlock salt_{};
  const std::unique_ptr<SrtpCtrHmac> alone_;
};

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_IPSEC_MB_CTR_HMAC_H_
