// Owners for OpenSSL's objects, without OpenSSL's headers.

#ifndef SLUICE_DTLS_OPENSSL_DELETER_H_
#define SLUICE_DTLS_OPENSSL_DELETER_H_

#include <memory>

struct bio_st;
struct evp_cipher_ctx_st;
struct evp_pkey_st;
struct ssl_ctx_st;
struct ssl_st;
struct x509_st;

namespace sluice::dtls {

struct OpensslDeleter {
  void operator()(bio_st* bio) const;
  void operator()(evp_cipher_ctx_st* cipher) const;
  void operator()(evp_pkey_st* key) const;
  void operator()(ssl_ctx_st* context) const;
  void operator()(ssl_st* ssl) const;
  void operator()(x509_st* certificate) const;
};

using BioPtr = std::unique_ptr<bio_st, OpensslDeleter>;
using CipherPtr = std::unique_ptr<evp_cipher_ctx_st, OpensslDeleter>;
using KeyPtr = std::unique_ptr<evp_pkey_st, OpensslDeleter>;
using SslContextPtr = std::unique_ptr<ssl_ctx_st, OpensslDeleter>;
using SslPtr = std::unique_ptr<ssl_st, OpensslDeleter>;
using CertificatePtr = std::unique_ptr<x509_st, OpensslDeleter>;

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_OPENSSL_DELETER_H_
