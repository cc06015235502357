#include "dtls/record_guard.h"

namespace sluice::dtls {
namespace {

// RFC 6347 §4.2.2 and RFC 5246 §7.4; 3 is RFC 6347's own.
enum MessageType : uint8_t {
  kClientHello = 1,
  kServerHello = 2,
  kHelloVerifyRequest = 3,
  kNewSessionTicket = 4,
  kCertificate = 11,
  kServerKeyExchange = 12,
  kCertificateRequest = 13,
  kServerHelloDone = 14,
  kCertificateVerify = 15,
  kClientKeyExchange = 16,
};

// No message in the clear has a higher number: the longest flight has six, and a hello verify
// request and the hello that follows it make two more.
constexpr uint16_t kMaxMessageSeq = 16;

// RFC 6347 §4.1: a DTLS 1.2 hello may still say 1.0 here. 1.3 has records of another shape.
bool IsKnownVersion(uint16_t version) { return version == 0xfefd || version == 0xfeff; }

bool MayComeNow(uint8_t type, Expecting expecting) {
  switch (expecting) {
    case Expecting::kClientHello:
      return type == kClientHello;
    case Expecting::kClientFlight:
      return type == kCertificate || type == kClientKeyExchange || type == kCertificateVerify;
    case Expecting::kServerFlight:
      return type == kServerHello || type == kHelloVerifyRequest || type == kNewSessionTicket ||
             type == kCertificate || type == kServerKeyExchange || type == kCertificateRequest ||
             type == kServerHelloDone;
    case Expecting::kEncryptedOnly:
      return false;
  }
  return false;
}

// RFC 6347 §4.2.2: a record holds whole messages or fragments of them, one behind the other. Every
// number in their headers is checked here against its neighbours and against the record, because
// OpenSSL answers each contradiction with a fatal alert.
bool AreMessagesSound(ByteView payload, Expecting expecting) {
  if (payload.empty()) return false;
  for (ByteReader in(payload); !in.empty();) {
    const uint8_t type = in.U8();
    const uint32_t length = in.U24();
    const uint16_t seq = in.U16();
    const uint32_t offset = in.U24();
    const uint32_t fragment = in.U24();
    in.Skip(fragment);
    if (!in.ok()) return false;
    if (!MayComeNow(type, expecting) || seq > kMaxMessageSeq) return false;
    if (length > kMaxHandshakeMessage || offset > length || fragment > length - offset)
      return false;
    // A fragment of nothing makes progress only if the message is nothing (ServerHelloDone).
    if (fragment == 0 && length != 0) return false;
  }
  return true;
}

bool IsAcceptableInTheClear(const Record& record, Expecting expecting) {
  switch (record.type) {
    case RecordType::kHandshake:
      return AreMessagesSound(record.payload, expecting);
    case RecordType::kChangeCipherSpec:
      // RFC 5246 §7.1: one byte, always 1. OpenSSL ignores it where it is not due.
      return expecting != Expecting::kClientHello && expecting != Expecting::kEncryptedOnly &&
             record.payload.size() == 1 && record.payload[0] == 1;
    case RecordType::kAlert:
      // Anyone could have written it. The price is that a peer which refuses our certificate, or
      // all our suites, is noticed only when the handshake's time is up.
      return false;
    case RecordType::kApplicationData:
      return false;
  }
  return false;
}

}  // namespace

std::optional<Record> TakeRecord(ByteView& datagram) {
  ByteReader in(datagram);
  Record record;
  const uint8_t type = in.U8();
  const uint16_t version = in.U16();
  record.epoch = in.U16();
  in.Skip(6);  // Its number; OpenSSL knows which it has seen.
  const uint16_t length = in.U16();
  record.payload = in.Bytes(length);
  if (!in.ok() || !IsKnownVersion(version) || length == 0) return std::nullopt;
  if (type < static_cast<uint8_t>(RecordType::kChangeCipherSpec) ||
      type > static_cast<uint8_t>(RecordType::kApplicationData)) {
    return std::nullopt;
  }
  record.type = static_cast<RecordType>(type);
  record.whole = datagram.first(Record::kHeaderSize + length);
  datagram = in.rest();
  return record;
}

bool IsAcceptable(const Record& record, Expecting expecting) {
  if (record.epoch == 0) return IsAcceptableInTheClear(record, expecting);
  // Epoch 1 is the only encrypted one, because nobody renegotiates with us. Before the hellos are
  // exchanged nothing can be encrypted yet.
  return record.epoch == 1 && expecting != Expecting::kClientHello;
}

}  // namespace sluice::dtls
