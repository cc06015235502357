#include "dtls/fingerprint.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

namespace sluice::dtls {
namespace {

struct Hash {
  std::string_view name;
  size_t size;
};

// Indexed by HashAlgorithm.
constexpr std::array<Hash, 3> kHashes = {{{"sha-256", 32}, {"sha-384", 48}, {"sha-512", 64}}};

const Hash& HashOf(HashAlgorithm algorithm) { return kHashes[static_cast<size_t>(algorithm)]; }

const EVP_MD* DigestOf(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::kSha256:
      return EVP_sha256();
    case HashAlgorithm::kSha384:
      return EVP_sha384();
    case HashAlgorithm::kSha512:
      return EVP_sha512();
  }
  return nullptr;
}

char ToLower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

// RFC 8122 §5: the name of a hash function is not case-sensitive.
bool EqualIgnoringCase(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (ToLower(text[i]) != lower[i]) return false;
  }
  return true;
}

std::optional<uint8_t> HexDigit(char letter) {
  if (letter >= '0' && letter <= '9') return static_cast<uint8_t>(letter - '0');
  const char lower = ToLower(letter);
  if (lower >= 'a' && lower <= 'f') return static_cast<uint8_t>(lower - 'a' + 10);
  return std::nullopt;
}

std::optional<HashAlgorithm> AlgorithmOf(std::string_view name) {
  for (size_t i = 0; i < kHashes.size(); ++i) {
    if (EqualIgnoringCase(name, kHashes[i].name)) return static_cast<HashAlgorithm>(i);
  }
  return std::nullopt;
}

}  // namespace

Fingerprint::Fingerprint(HashAlgorithm algorithm)
    : algorithm_(algorithm), size_(HashOf(algorithm).size) {}

std::optional<Fingerprint> Fingerprint::Parse(std::string_view algorithm, std::string_view value) {
  const std::optional<HashAlgorithm> known = AlgorithmOf(algorithm);
  if (!known) return std::nullopt;
  Fingerprint result(*known);
  // "AB:CD:EF": three characters for each byte, but no colon behind the last.
  if (value.size() != result.size_ * 3 - 1) return std::nullopt;
  for (size_t i = 0; i < result.size_; ++i) {
    const std::optional<uint8_t> high = HexDigit(value[3 * i]);
    const std::optional<uint8_t> low = HexDigit(value[3 * i + 1]);
    if (!high || !low) return std::nullopt;
    if (i + 1 < result.size_ && value[3 * i + 2] != ':') return std::nullopt;
    result.bytes_[i] = static_cast<uint8_t>(*high << 4 | *low);
  }
  return result;
}

std::optional<Fingerprint> Fingerprint::Of(HashAlgorithm algorithm, const x509_st& certificate) {
  Fingerprint result(algorithm);
  unsigned size = 0;
  // The digest is of the DER form (RFC 8122 §5), which is what X509_digest hashes.
  if (X509_digest(&certificate, DigestOf(algorithm), result.bytes_.data(), &size) != 1 ||
      size != result.size_) {
    return std::nullopt;
  }
  return result;
}

std::string Fingerprint::algorithm_text() const { return std::string(HashOf(algorithm_).name); }

std::string Fingerprint::value_text() const {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  text.reserve(size_ * 3);
  for (uint8_t byte : bytes()) {
    if (!text.empty()) text += ':';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace sluice::dtls
