// The other end of a DTLS association, straight on OpenSSL: it shares no line with dtls/ and can be
// asked to behave as no Session ever would.
//
// Speaks like a core, so that DtlsLink can drive it. Every record leaves as a datagram of its own.

#ifndef SLUICE_TESTS_SUPPORT_OPENSSL_PEER_H_
#define SLUICE_TESTS_SUPPORT_OPENSSL_PEER_H_

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/time.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/time.h"
#include "dtls/fingerprint.h"

namespace sluice::test {

class OpensslPeer {
 public:
  struct Options {
    bool is_client = true;
    bool certificate = true;
    bool rsa = false;  // RSA-2048 instead of ECDSA P-256.
    const char* srtp = "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80";
    const char* ciphers = nullptr;  // OpenSSL's default.
    int version = DTLS1_2_VERSION;  // The only one it speaks.
    long mtu = 1200;                // Messages are cut to fit.
    size_t hello_padding = 0;       // Bytes of ALPN names that make a ClientHello long.
  };

  explicit OpensslPeer(const Options& options)
      : context_(SSL_CTX_new(DTLS_method()), SSL_CTX_free), ssl_(nullptr, SSL_free) {
    SSL_CTX* const context = context_.get();
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, options.version);
    SSL_CTX_set_max_proto_version(context, options.version);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
    SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU);
    if (options.ciphers != nullptr) {
      SLUICE_CHECK(SSL_CTX_set_cipher_list(context, options.ciphers) == 1);
    }
    if (options.srtp != nullptr) {
      SLUICE_CHECK(SSL_CTX_set_tlsext_use_srtp(context, options.srtp) == 0);
    }
    if (options.certificate) UseCertificate(options.rsa);
    ssl_.reset(SSL_new(context));
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in_, -1);
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_mtu(ssl_.get(), options.mtu);
    if (options.hello_padding > 0) PadHello(options.hello_padding);
    options.is_client ? SSL_set_connect_state(ssl_.get()) : SSL_set_accept_state(ssl_.get());
    is_client_ = options.is_client;
  }

  void Receive(Timestamp, ByteView datagram) {
    begun_ = true;
    (void)BIO_reset(in_);
    BIO_write(in_, datagram.data(), static_cast<int>(datagram.size()));
    Turn();
    (void)BIO_reset(in_);
  }

  void HandleTimeout(Timestamp) {
    DTLSv1_handle_timeout(ssl_.get());
    Collect();
  }

  // OpenSSL's own deadline; exact as long as nobody moves the wall clock.
  std::optional<Timestamp> NextTimeout(Timestamp now) const {
    timeval left{};
    if (DTLSv1_get_timeout(ssl_.get(), &left) != 1) return std::nullopt;
    return now + std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
  }

  size_t PollTransmit(Timestamp, ByteSpan out) {
    if (is_client_ && !begun_) Turn();
    begun_ = true;
    if (outgoing_.empty()) return 0;
    const std::vector<uint8_t> datagram = outgoing_.front();
    outgoing_.pop_front();
    SLUICE_CHECK(datagram.size() <= out.size());
    std::ranges::copy(datagram, out.begin());
    return datagram.size();
  }

  // Encrypts `bytes` as application data, once connected.
  bool Send(ByteView bytes) {
    const int sent = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    Collect();
    return sent == static_cast<int>(bytes.size());
  }

  void Shutdown() {
    SSL_shutdown(ssl_.get());
    Collect();
  }

  // False if OpenSSL's own rules do not even let it begin.
  bool Renegotiate() {
    const bool begun = SSL_renegotiate(ssl_.get()) == 1;
    SSL_do_handshake(ssl_.get());
    Collect();
    return begun;
  }

  bool connected() const { return SSL_is_init_finished(ssl_.get()) == 1; }
  bool failed() const { return failed_; }
  bool saw_close() const { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }
  std::string cipher() const { return SSL_get_cipher_name(ssl_.get()); }
  std::string version() const { return SSL_get_version(ssl_.get()); }

  dtls::Fingerprint fingerprint(dtls::HashAlgorithm algorithm = dtls::HashAlgorithm::kSha256) {
    const X509* certificate = SSL_get_certificate(ssl_.get());
    SLUICE_CHECK(certificate != nullptr);
    return *dtls::Fingerprint::Of(algorithm, *certificate);
  }

  // RFC 5764 §4.2, as this end computes it.
  std::vector<uint8_t> ExportKeys(size_t size) const {
    std::vector<uint8_t> bytes(size);
    const std::string label = "EXTRACTOR-dtls_srtp";
    SLUICE_CHECK(SSL_export_keying_material(ssl_.get(), bytes.data(), size, label.data(),
                                            label.size(), nullptr, 0, 0) == 1);
    return bytes;
  }

 private:
  void UseCertificate(bool rsa) {
    EVP_PKEY* key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    SLUICE_CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
    SLUICE_CHECK(SSL_CTX_use_certificate(context_.get(), certificate) == 1);
    SLUICE_CHECK(SSL_CTX_use_PrivateKey(context_.get(), key) == 1);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }

  void PadHello(size_t size) {
    std::vector<uint8_t> names;
    for (; names.size() < size; names.insert(names.end(), 100, 'x')) names.push_back(100);
    SLUICE_CHECK(
        SSL_set_alpn_protos(ssl_.get(), names.data(), static_cast<unsigned>(names.size())) == 0);
  }

  void Turn() {
    ERR_clear_error();
    if (!connected()) {
      const int result = SSL_do_handshake(ssl_.get());
      if (result <= 0 && SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) failed_ = true;
    } else {
      uint8_t ignored[2048];
      while (SSL_read(ssl_.get(), ignored, sizeof(ignored)) > 0) {
      }
    }
    Collect();
  }

  // Cuts what OpenSSL wrote into records.
  void Collect() {
    for (uint8_t header[13]; BIO_read(out_, header, 13) == 13;) {
      std::vector<uint8_t> record(header, header + 13);
      const size_t length = static_cast<size_t>(header[11]) << 8 | header[12];
      record.resize(13 + length);
      SLUICE_CHECK(BIO_read(out_, record.data() + 13, static_cast<int>(length)) ==
                   static_cast<int>(length));
      outgoing_.push_back(std::move(record));
    }
  }

  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
  BIO* in_ = nullptr;   // Owned by ssl_.
  BIO* out_ = nullptr;  // Owned by ssl_.
  std::deque<std::vector<uint8_t>> outgoing_;
  bool is_client_ = true;
  bool begun_ = false;
  bool failed_ = false;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_OPENSSL_PEER_H_
