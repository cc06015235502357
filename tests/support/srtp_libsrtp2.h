// libsrtp2 as one end of an SRTP association: what most of the peers that we talk to would do.
//
// It stands apart from the reference in srtp_reference.h: that one knows the formats, this one also
// counts, remembers and refuses as a receiver in the field does.

#ifndef SLUICE_TESTS_SUPPORT_SRTP_LIBSRTP2_H_
#define SLUICE_TESTS_SUPPORT_SRTP_LIBSRTP2_H_

#include <srtp2/srtp.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "dtls/srtp_keys.h"

namespace sluice::test {

class Libsrtp2 {
 public:
  using Bytes = std::vector<uint8_t>;

  // `local` seals and `remote` opens; each is key || salt.
  Libsrtp2(dtls::SrtpProfile profile, ByteView local, ByteView remote)
      : out_(NewContext(profile, local, ssrc_any_outbound)),
        in_(NewContext(profile, remote, ssrc_any_inbound)) {}
  ~Libsrtp2() {
    srtp_dealloc(out_);
    srtp_dealloc(in_);
  }
  Libsrtp2(const Libsrtp2&) = delete;
  Libsrtp2& operator=(const Libsrtp2&) = delete;

  // The packet on the other side, or nothing at all if it was refused.
  Bytes SealRtp(Bytes packet) { return Run(srtp_protect, out_, std::move(packet)); }
  Bytes SealRtcp(Bytes packet) { return Run(srtp_protect_rtcp, out_, std::move(packet)); }
  Bytes OpenRtp(Bytes packet) { return Run(srtp_unprotect, in_, std::move(packet)); }
  Bytes OpenRtcp(Bytes packet) { return Run(srtp_unprotect_rtcp, in_, std::move(packet)); }

  // In place and without copies, for measurements. Zero if it was refused.
  size_t SealRtpInPlace(ByteSpan out, size_t size) {
    SLUICE_CHECK(out.size() >= size + SRTP_MAX_TRAILER_LEN);
    int length = static_cast<int>(size);
    if (srtp_protect(out_, out.data(), &length) != srtp_err_status_ok) return 0;
    return static_cast<size_t>(length);
  }

 private:
  static srtp_t NewContext(dtls::SrtpProfile profile, ByteView master, srtp_ssrc_type_t type) {
    static const srtp_err_status_t library = srtp_init();
    SLUICE_CHECK(library == srtp_err_status_ok);
    Bytes key(master.begin(), master.end());  // libsrtp2 takes it as writable.
    srtp_policy_t policy{};
    SetCiphers(profile, policy);
    policy.ssrc.type = type;
    policy.key = key.data();
    policy.window_size = 1024;
    policy.allow_repeat_tx = type == ssrc_any_outbound ? 1 : 0;
    srtp_t context = nullptr;
    SLUICE_CHECK(srtp_create(&context, &policy) == srtp_err_status_ok);
    return context;
  }

  static void SetCiphers(dtls::SrtpProfile profile, srtp_policy_t& policy) {
    switch (profile) {
      case dtls::SrtpProfile::kAeadAes128Gcm:
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
        return;
      case dtls::SrtpProfile::kAeadAes256Gcm:
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
        return;
      case dtls::SrtpProfile::kAesCm128HmacSha1_80:
        srtp_crypto_policy_set_rtp_default(&policy.rtp);
        srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
        return;
      case dtls::SrtpProfile::kAesCm128HmacSha1_32:
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy.rtp);
        srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
        return;
    }
  }

  template <typename Function>
  static Bytes Run(Function function, srtp_t context, Bytes packet) {
    int size = static_cast<int>(packet.size());
    packet.resize(packet.size() + SRTP_MAX_TRAILER_LEN);
    const bool done = function(context, packet.data(), &size) == srtp_err_status_ok;
    packet.resize(done ? static_cast<size_t>(size) : 0);
    return packet;
  }

  srtp_t out_;
  srtp_t in_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_SRTP_LIBSRTP2_H_
