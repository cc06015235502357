#include "dtls/srtp_master.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

namespace sluice::dtls {

SrtpMaster SrtpMaster::Generate(SrtpProfile profile, Entropy& entropy) {
  SrtpMaster master(profile);
  entropy.Fill(ByteSpan(master.bytes_).first(SizeOf(profile)));
  return master;
}

std::optional<SrtpMaster> SrtpMaster::FromBase64(SrtpProfile profile, std::string_view text) {
  std::string decoded;
  if (!absl::Base64Unescape(absl::string_view(text.data(), text.size()), &decoded)) {
    return std::nullopt;
  }
  std::optional<SrtpMaster> master;
  if (decoded.size() == SizeOf(profile)) {
    master = SrtpMaster(profile);
    std::ranges::copy(decoded, master->bytes_.begin());
  }
  OPENSSL_cleanse(decoded.data(), decoded.size());
  return master;
}

std::string SrtpMaster::ToBase64() const {
  const ByteView view = bytes();
  return absl::Base64Escape(
      absl::string_view(reinterpret_cast<const char*>(view.data()), view.size()));
}

SrtpMaster::~SrtpMaster() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

}  // namespace sluice::dtls
