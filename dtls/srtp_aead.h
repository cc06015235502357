// AEAD_AES_128_GCM and AEAD_AES_256_GCM (RFC 7714).

#ifndef SLUICE_DTLS_SRTP_AEAD_H_
#define SLUICE_DTLS_SRTP_AEAD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "dtls/openssl_deleter.h"
#include "dtls/srtp_nonce.h"
#include "dtls/srtp_transform.h"

namespace sluice::dtls {

class SrtpAead final : public SrtpTransform {
 public:
  static constexpr size_t kTagSize = 16;

  static std::unique_ptr<SrtpAead> Create(const SrtpSessionKeys& keys, Direction direction);
  ~SrtpAead() override;

  bool SealRtp(PacketId id, const ClearRtp& clear) override;
  bool OpenRtp(PacketId id, ByteSpan packet, size_t header) override;
  bool SealRtcp(PacketId id, ByteSpan packet) override;
  bool OpenRtcp(PacketId id, ByteSpan packet) override;
  size_t RtcpIndexOffset(size_t packet_size) const override { return packet_size - kRtcpIndexSize; }
  bool takes_clear_rtcp() const override { return true; }

 private:
  SrtpAead(CipherPtr context, ByteView salt, Direction direction);

  bool Start(PacketId id);
  bool Authenticate(ByteView bytes);
  bool Apply(ByteSpan out, ByteView in);
  bool Finish(ByteSpan tag);

  CipherPtr context_;
  AeadNonce salt_{};
  const Direction direction_;
};

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_SRTP_AEAD_H_
