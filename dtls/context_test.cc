#include "dtls/context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstring>
#include <string>

namespace sluice::dtls {
namespace {

using testing::HasSubstr;

std::string TextOf(BIO* bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  std::string result(text, static_cast<size_t>(size));
  BIO_free(bio);
  return result;
}

Context::Pem MakePem(EVP_PKEY* key, EVP_PKEY* signer, const char* password = nullptr) {
  X509* certificate = X509_new();
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, signer);
  X509_sign(certificate, signer, EVP_sha256());
  BIO* certificate_text = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate_text, certificate);
  BIO* key_text = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(key_text, key, password ? EVP_aes_128_cbc() : nullptr, password,
                                password ? static_cast<int>(std::strlen(password)) : 0, nullptr,
                                nullptr);
  X509_free(certificate);
  return {TextOf(certificate_text), TextOf(key_text)};
}

TEST(ContextTest, FingerprintsEndWithSha256) {
  const auto context = Context::Create();
  ASSERT_TRUE(context.ok()) << context.status();
  const std::vector<Fingerprint>& fingerprints = (*context)->fingerprints();
  ASSERT_EQ(fingerprints.size(), 3u);
  EXPECT_EQ(fingerprints[0].algorithm(), HashAlgorithm::kSha512);
  EXPECT_EQ(fingerprints[1].algorithm(), HashAlgorithm::kSha384);
  EXPECT_EQ(fingerprints[2].algorithm(), HashAlgorithm::kSha256);
}

TEST(ContextTest, NoTwoContextsShareAKey) {
  const auto first = Context::Create();
  const auto second = Context::Create();
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE((*first)->fingerprints().back(), (*second)->fingerprints().back());
}

TEST(ContextTest, TakesAnEcdsaCertificateThatIsGiven) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  const Context::Pem pem = MakePem(key, key);
  const auto first = Context::Create(pem);
  const auto second = Context::Create(pem);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*first)->fingerprints().back(), (*second)->fingerprints().back());
  EVP_PKEY_free(key);
}

TEST(ContextTest, SaysWhyACertificateIsRefused) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  EVP_PKEY* other = EVP_EC_gen("P-256");
  EVP_PKEY* rsa = EVP_RSA_gen(2048);
  const auto why = [](const Context::Pem& pem) {
    const auto context = Context::Create(pem);
    EXPECT_EQ(context.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(context.status().message());
  };
  const Context::Pem good = MakePem(key, key);
  EXPECT_THAT(why({"", good.private_key}), HasSubstr("certificate is not PEM"));
  EXPECT_THAT(why({"nonsense", good.private_key}), HasSubstr("certificate is not PEM"));
  EXPECT_THAT(why({good.certificate, ""}), HasSubstr("private key is not PEM"));
  EXPECT_THAT(why({good.private_key, good.certificate}), HasSubstr("certificate is not PEM"));
  EXPECT_THAT(why(MakePem(key, other)), HasSubstr("cannot be used"));
  EXPECT_THAT(why(MakePem(rsa, rsa)), HasSubstr("not an ECDSA key"));
  // Must not ask for the password on a terminal either.
  EXPECT_THAT(why(MakePem(key, key, "secret")), HasSubstr("needs a password"));
  for (EVP_PKEY* each : {key, other, rsa}) EVP_PKEY_free(each);
}

}  // namespace
}  // namespace sluice::dtls
