#include "dtls/openssl_deleter.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace sluice::dtls {

void OpensslDeleter::operator()(bio_st* bio) const { BIO_free(bio); }
// Wipes the key it holds.
void OpensslDeleter::operator()(evp_cipher_ctx_st* cipher) const { EVP_CIPHER_CTX_free(cipher); }
void OpensslDeleter::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }
void OpensslDeleter::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void OpensslDeleter::operator()(ssl_st* ssl) const { SSL_free(ssl); }
void OpensslDeleter::operator()(x509_st* certificate) const { X509_free(certificate); }

}  // namespace sluice::dtls
