#include "dtls/context.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "dtls/record_guard.h"

namespace sluice::dtls {
namespace {

// 3.0.22 is the first of its line that bounds the records it keeps of a future epoch.
constexpr unsigned long kOldestOpenssl = 0x30000160ul;

// RFC 8827 §6.5 asks for the first; the others cost nothing to offer. All have forward secrecy,
// and all sign with ECDSA: RSA signatures are a hundred times the work of everything else we do
// when somebody joins.
constexpr const char* kCipherSuites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384";
constexpr const char* kGroups = "X25519:P-256:P-384";

// RSA only for the peer's own certificate, which some native clients still have.
constexpr const char* kSignatures =
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
    "RSA+SHA256:RSA+SHA384:RSA+SHA512";

constexpr const char* kSrtpProfiles =
    "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80";

// As OpenSSL calls them.
const char* SrtpProfiles(std::optional<SrtpProfile> only) {
  if (!only) return kSrtpProfiles;
  switch (*only) {
    case SrtpProfile::kAeadAes128Gcm:
      return "SRTP_AEAD_AES_128_GCM";
    case SrtpProfile::kAeadAes256Gcm:
      return "SRTP_AEAD_AES_256_GCM";
    case SrtpProfile::kAesCm128HmacSha1_80:
      return "SRTP_AES128_CM_SHA1_80";
    case SrtpProfile::kAesCm128HmacSha1_32:
      break;  // Not by DTLS.
  }
  return kSrtpProfiles;
}

// Nobody checks the dates of a certificate whose hash was signalled, but some look at them. A day
// back, because clocks differ; ten years on, so that no worker lives to see the end.
constexpr long kDay = 24 * 60 * 60;
constexpr long kLifetime = 3650 * kDay;

struct Identity {
  CertificatePtr certificate;
  KeyPtr key;
};

// What OpenSSL has to say about its last failure, and nothing left behind for the next one.
std::string TakeOpensslError() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  std::string text = reason == nullptr ? "unknown error" : reason;
  ERR_clear_error();
  return text;
}

absl::Status OpensslError(const char* what) {
  return absl::InternalError(absl::StrCat("dtls: ", what, ": ", TakeOpensslError()));
}

bool SetSerial(X509* certificate) {
  // Browsers refuse nothing here, but two certificates of one issuer should differ (RFC 5280
  // §4.1.2.2), and 63 bits stay positive.
  BIGNUM* number = BN_new();
  if (number == nullptr) return false;
  const bool ok = BN_rand(number, 63, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
                  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return ok;
}

bool FillCertificate(X509* certificate, EVP_PKEY* key) {
  X509_NAME* name = X509_get_subject_name(certificate);
  const auto* common_name = reinterpret_cast<const unsigned char*>("sluice");
  return X509_set_version(certificate, 2) == 1 && SetSerial(certificate) &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -kDay) != nullptr &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), kLifetime) != nullptr &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1 &&
         X509_sign(certificate, key, EVP_sha256()) > 0;
}

absl::StatusOr<Identity> MakeIdentity() {
  Identity identity;
  identity.key.reset(EVP_EC_gen("P-256"));
  identity.certificate.reset(X509_new());
  if (!identity.key || !identity.certificate ||
      !FillCertificate(identity.certificate.get(), identity.key.get())) {
    return OpensslError("cannot make a certificate");
  }
  return identity;
}

// OpenSSL would otherwise ask for the password on the terminal.
int RefusePassword(char*, int, int, void*) { return -1; }

absl::StatusOr<Identity> ReadIdentity(const Context::Pem& pem) {
  Identity identity;
  const BioPtr certificate(
      BIO_new_mem_buf(pem.certificate.data(), static_cast<int>(pem.certificate.size())));
  const BioPtr key(
      BIO_new_mem_buf(pem.private_key.data(), static_cast<int>(pem.private_key.size())));
  if (!certificate || !key) return OpensslError("cannot read the certificate");
  identity.certificate.reset(
      PEM_read_bio_X509(certificate.get(), nullptr, RefusePassword, nullptr));
  if (!identity.certificate) {
    return absl::InvalidArgumentError(
        absl::StrCat("dtls: certificate is not PEM of X.509: ", TakeOpensslError()));
  }
  identity.key.reset(PEM_read_bio_PrivateKey(key.get(), nullptr, RefusePassword, nullptr));
  if (!identity.key) {
    return absl::InvalidArgumentError(
        absl::StrCat("dtls: private key is not PEM, or needs a password: ", TakeOpensslError()));
  }
  if (EVP_PKEY_is_a(identity.key.get(), "EC") != 1) {
    return absl::InvalidArgumentError("dtls: private key is not an ECDSA key");
  }
  return identity;
}

// The peer's certificate is judged by its fingerprint alone, after the handshake has proved that
// the peer has the key to it (RFC 8827 §5.6.4): Session::CheckPeer does that.
int AcceptAnyChain(X509_STORE_CTX* chain, void*) {
  X509_STORE_CTX_set_error(chain, X509_V_OK);
  return 1;
}

bool SetPolicy(SSL_CTX* context, std::optional<SrtpProfile> only) {
  // No second handshake to confuse the first with, nothing remembered between peers, and no
  // questions to the network about its MTU.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_NO_QUERY_MTU | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_cert_list(context, static_cast<long>(kMaxHandshakeMessage));

  // Without SSL_VERIFY_FAIL_IF_NO_PEER_CERT on purpose: the empty Certificate message that it
  // would make fatal is not yet authentic. CheckPeer refuses such a peer at the end.
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, AcceptAnyChain, nullptr);

  return SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) == 1 &&
         SSL_CTX_set_max_proto_version(context, DTLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(context, kCipherSuites) == 1 &&
         SSL_CTX_set1_groups_list(context, kGroups) == 1 &&
         SSL_CTX_set1_sigalgs_list(context, kSignatures) == 1 &&
         SSL_CTX_set_tlsext_use_srtp(context, SrtpProfiles(only)) == 0;  // Zero is success.
}

}  // namespace

Context::Context(SslContextPtr context, std::vector<Fingerprint> fingerprints)
    : context_(std::move(context)), fingerprints_(std::move(fingerprints)) {}

absl::StatusOr<std::unique_ptr<Context>> Context::Create(std::optional<Pem> pem,
                                                         std::optional<SrtpProfile> only) {
  if (OpenSSL_version_num() < kOldestOpenssl) {
    return absl::FailedPreconditionError(
        absl::StrCat("dtls: ", OpenSSL_version(OPENSSL_VERSION),
                     " is too old, 3.0.22 is the oldest that will do"));
  }
  absl::StatusOr<Identity> identity = pem ? ReadIdentity(*pem) : MakeIdentity();
  if (!identity.ok()) return identity.status();

  SslContextPtr context(SSL_CTX_new(DTLS_method()));
  if (!context || !SetPolicy(context.get(), only)) return OpensslError("cannot set up OpenSSL");
  if (SSL_CTX_use_certificate(context.get(), identity->certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context.get(), identity->key.get()) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("dtls: certificate and private key cannot be used: ", TakeOpensslError()));
  }

  std::vector<Fingerprint> fingerprints;
  for (HashAlgorithm algorithm :
       {HashAlgorithm::kSha512, HashAlgorithm::kSha384, HashAlgorithm::kSha256}) {
    const std::optional<Fingerprint> fingerprint =
        Fingerprint::Of(algorithm, *identity->certificate);
    if (!fingerprint) return OpensslError("cannot hash the certificate");
    fingerprints.push_back(*fingerprint);
  }
  return std::unique_ptr<Context>(new Context(std::move(context), std::move(fingerprints)));
}

}  // namespace sluice::dtls
