#include "dtls/srtp_transform.h"

#include "dtls/srtp_aead.h"
#include "dtls/srtp_ctr_hmac.h"

namespace sluice::dtls {

std::unique_ptr<SrtpTransform> SrtpTransform::Create(const SrtpSessionKeys& keys,
                                                     Direction direction) {
  if (IsCtrHmac(keys.profile)) return SrtpCtrHmac::Create(keys);
  return SrtpAead::Create(keys, direction);
}

}  // namespace sluice::dtls
