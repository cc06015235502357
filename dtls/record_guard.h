// Says which DTLS records OpenSSL may see.
//
// Until a handshake is done, nothing a peer sends is authentic, yet OpenSSL ends an association for
// good on the first message that makes no sense to it. Anyone who can forge the peer's address
// could then end every call while it is being set up. RFC 6347 §4.1.2.7 lets an implementation
// discard what is invalid, and advises to do so over UDP; this does it before OpenSSL looks.
//
// Not a second DTLS implementation: order within a flight, contents and cryptography are OpenSSL's.

#ifndef SLUICE_DTLS_RECORD_GUARD_H_
#define SLUICE_DTLS_RECORD_GUARD_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace sluice::dtls {

// RFC 6347 §4.1.
enum class RecordType : uint8_t {
  kChangeCipherSpec = 20,
  kAlert = 21,
  kHandshake = 22,
  kApplicationData = 23,
};

struct Record {
  RecordType type = RecordType::kAlert;
  uint16_t epoch = 0;
  ByteView whole;    // with its header
  ByteView payload;  // without it

  static constexpr size_t kHeaderSize = 13;
  static constexpr size_t kNumberOffset = 5;  // Six bytes.
};

// Takes the first record off `datagram`, or nothing if what stands there is none; the rest of the
// datagram is then worthless as well, because only the length tells where the next one begins.
std::optional<Record> TakeRecord(ByteView& datagram);

// Where a handshake stands, as far as it matters to what may come next.
enum class Expecting : uint8_t {
  kClientHello,    // server, nothing accepted yet
  kClientFlight,   // server, our flight is out
  kServerFlight,   // client
  kEncryptedOnly,  // connected: RFC 6347 §4.1, epoch 0 is over
};

// Larger handshake messages are refused: a certificate chain of RSA keys has about 5 KB, and
// OpenSSL sets aside what a message claims to have, for ten messages at once.
inline constexpr size_t kMaxHandshakeMessage = 8192;

// True if OpenSSL may see `record`.
bool IsAcceptable(const Record& record, Expecting expecting);

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_RECORD_GUARD_H_
