#include "ice/stun_message.h"

#include <algorithm>

#include "ice/credentials.h"

namespace sluice::ice {
namespace {

// RFC 8489 §14.3: a USERNAME is shorter than 509 bytes. ICE cannot make a longer one that we
// accept.
constexpr size_t kMaxUsernameSize = 508;
constexpr uint8_t kFamilyV4 = 0x01;
constexpr uint8_t kFamilyV6 = 0x02;

// RFC 8489 §5: the two class bits stand between the bits of the method.
StunClass ClassOf(uint16_t type) {
  return static_cast<StunClass>((type >> 7 & 2) | (type >> 4 & 1));
}

uint16_t MethodOf(uint16_t type) {
  return static_cast<uint16_t>((type & 0x000F) | (type >> 1 & 0x0070) | (type >> 2 & 0x0F80));
}

uint16_t TypeOf(StunClass message_class, uint16_t method) {
  const auto bits = static_cast<unsigned>(message_class);
  return static_cast<uint16_t>((method & 0x000F) | (method & 0x0070) << 1 | (method & 0x0F80) << 2 |
                               (bits & 2) << 7 | (bits & 1) << 4);
}

size_t Padded(size_t size) { return (size + 3) & ~size_t{3}; }

// Walks the attributes of a message. The only code that knows how they are strung together.
class AttributeWalker {
 public:
  explicit AttributeWalker(ByteView message) : message_(message), in_(message) {
    in_.Skip(kStunHeaderSize);
  }

  // Steps to the next attribute; false at the end, or where the bytes do not make one.
  bool Next() {
    if (in_.empty()) return false;
    offset_ = message_.size() - in_.remaining();
    type_ = in_.U16();
    const uint16_t length = in_.U16();
    value_ = in_.Bytes(length);
    in_.Skip(Padded(length) - length);
    return in_.ok();
  }

  bool ok() const { return in_.ok(); }
  bool at_end() const { return in_.empty(); }
  uint16_t type() const { return type_; }
  size_t offset() const { return offset_; }
  ByteView value() const { return value_; }

 private:
  ByteView message_;
  ByteReader in_;
  uint16_t type_ = 0;
  size_t offset_ = 0;
  ByteView value_;
};

// The header's own account of itself: type, cookie, and a length that is that of the datagram.
bool HeaderFits(ByteView datagram) {
  if (!LooksLikeStun(datagram) || datagram.size() > kMaxStunSize) return false;
  ByteReader in(datagram);
  in.Skip(2);
  const size_t length = in.U16();
  return length % 4 == 0 && length == datagram.size() - kStunHeaderSize;
}

// Values of fixed size. RFC 8489 §14: only the first occurrence of an attribute counts.
bool ReadU32(ByteView value, std::optional<uint32_t>& out) {
  if (value.size() != 4) return false;
  if (!out) out = ByteReader(value).U32();
  return true;
}

bool ReadU64(ByteView value, std::optional<uint64_t>& out) {
  if (value.size() != 8) return false;
  if (!out) out = ByteReader(value).U64();
  return true;
}

bool ReadUsername(ByteView value, std::optional<std::string_view>& out) {
  if (value.size() > kMaxUsernameSize) return false;
  if (!out) out = AsText(value);
  return true;
}

// RFC 8489 §14.8: hundreds in three bits, the rest in a byte below 100.
bool ReadErrorCode(ByteView value, std::optional<uint16_t>& out) {
  ByteReader in(value);
  const uint32_t bits = in.U32();
  const uint32_t hundreds = bits >> 8 & 7;
  const uint32_t rest = bits & 0xff;
  if (!in.ok() || hundreds < 3 || hundreds > 6 || rest > 99) return false;
  if (!out) out = static_cast<uint16_t>(hundreds * 100 + rest);
  return true;
}

// RFC 8489 §14.2: what a mapped address is combined with. Translators that rewrite addresses in
// payloads cannot recognise the result, which is the point.
std::array<uint8_t, 16> AddressMask(const TransactionId& transaction) {
  std::array<uint8_t, 16> mask{};
  ByteWriter out(mask);
  out.U32(kStunMagicCookie);
  out.Bytes(transaction);
  return mask;
}

bool ReadMapped(ByteView value, const TransactionId& transaction, std::optional<Endpoint>& out) {
  ByteReader in(value);
  in.Skip(1);
  const uint8_t family = in.U8();
  const auto port = static_cast<uint16_t>(in.U16() ^ kStunMagicCookie >> 16);
  const ByteView masked = in.rest();
  const size_t expected = family == kFamilyV4 ? 4 : family == kFamilyV6 ? 16 : 0;
  if (!in.ok() || expected == 0 || masked.size() != expected) return false;

  const std::array<uint8_t, 16> mask = AddressMask(transaction);
  std::array<uint8_t, 16> bytes{};
  for (size_t i = 0; i < expected; ++i) bytes[i] = masked[i] ^ mask[i];
  if (out) return true;
  const IpAddress address = family == kFamilyV4
                                ? IpAddress::V4(bytes[0], bytes[1], bytes[2], bytes[3])
                                : IpAddress::V6(bytes);
  out = Endpoint{.address = address, .port = port};
  return true;
}

// Takes one attribute that precedes MESSAGE-INTEGRITY. False if its value cannot be what its type
// says.
bool ReadAttribute(uint16_t type, ByteView value, StunMessage& message) {
  switch (static_cast<StunAttribute>(type)) {
    case StunAttribute::kUsername:
      return ReadUsername(value, message.username);
    case StunAttribute::kErrorCode:
      return ReadErrorCode(value, message.error_code);
    case StunAttribute::kXorMappedAddress:
      return ReadMapped(value, message.transaction, message.mapped);
    case StunAttribute::kPriority:
      return ReadU32(value, message.priority);
    case StunAttribute::kUseCandidate:
      message.use_candidate = true;
      return value.empty();
    case StunAttribute::kIceControlled:
      return ReadU64(value, message.controlled);
    case StunAttribute::kIceControlling:
      return ReadU64(value, message.controlling);
    case StunAttribute::kNomination:
      return ReadU32(value, message.nomination);
    case StunAttribute::kUnknownAttributes:
      return value.size() % 2 == 0;
    default:
      break;
  }
  // RFC 8489 §14: types below 0x8000 must be understood, the others may be skipped.
  if (type < 0x8000) message.unknown.Add(type);
  return true;
}

// The attributes that seal a message, and how others stand to them.
bool ReadInOrder(const AttributeWalker& at, StunMessage& message) {
  switch (static_cast<StunAttribute>(at.type())) {
    case StunAttribute::kMessageIntegrity:
      if (at.value().size() != 20) return false;
      if (!message.integrity_at) message.integrity_at = at.offset();
      return true;
    case StunAttribute::kFingerprint:
      // RFC 8489 §14.7: always the last attribute.
      if (at.value().size() != 4 || !at.at_end()) return false;
      message.fingerprint_at = at.offset();
      return true;
    default:
      // RFC 8489 §14.5: what follows MESSAGE-INTEGRITY is not covered by it, and is ignored.
      return message.integrity_at || ReadAttribute(at.type(), at.value(), message);
  }
}

void WriteAttribute(ByteWriter& out, StunAttribute type, ByteView value) {
  out.U16(static_cast<uint16_t>(type));
  out.U16(static_cast<uint16_t>(value.size()));
  out.Bytes(value);
  out.Zeros(Padded(value.size()) - value.size());
}

void WriteU32(ByteWriter& out, StunAttribute type, uint32_t value) {
  out.U16(static_cast<uint16_t>(type));
  out.U16(4);
  out.U32(value);
}

void WriteU64(ByteWriter& out, StunAttribute type, uint64_t value) {
  out.U16(static_cast<uint16_t>(type));
  out.U16(8);
  out.U64(value);
}

void WriteMapped(ByteWriter& out, const Endpoint& mapped, const TransactionId& transaction) {
  const ByteView address = mapped.address.bytes();
  const std::array<uint8_t, 16> mask = AddressMask(transaction);
  out.U16(static_cast<uint16_t>(StunAttribute::kXorMappedAddress));
  out.U16(static_cast<uint16_t>(4 + address.size()));
  out.U8(0);
  out.U8(mapped.address.is_v4() ? kFamilyV4 : kFamilyV6);
  out.U16(static_cast<uint16_t>(mapped.port ^ kStunMagicCookie >> 16));
  for (size_t i = 0; i < address.size(); ++i) {
    out.U8(static_cast<uint8_t>(address[i] ^ mask[i]));
  }
}

void WriteUnknown(ByteWriter& out, const UnknownAttributes& unknown) {
  const size_t size = 2 * unknown.types().size();
  out.U16(static_cast<uint16_t>(StunAttribute::kUnknownAttributes));
  out.U16(static_cast<uint16_t>(size));
  for (uint16_t type : unknown.types()) out.U16(type);
  out.Zeros(Padded(size) - size);
}

}  // namespace

std::optional<StunMessage> StunMessage::Parse(ByteView datagram) {
  if (!HeaderFits(datagram)) return std::nullopt;
  ByteReader header(datagram);
  const uint16_t type = header.U16();
  header.Skip(2 + 4);

  StunMessage message;
  message.bytes = datagram;
  message.message_class = ClassOf(type);
  message.method = MethodOf(type);
  std::ranges::copy(header.Bytes(message.transaction.size()), message.transaction.begin());

  AttributeWalker at(datagram);
  while (at.Next()) {
    if (!ReadInOrder(at, message)) return std::nullopt;
  }
  if (!at.ok()) return std::nullopt;
  return message;
}

void StunMessage::WriteTo(ByteWriter& out) const {
  out.U16(TypeOf(message_class, method));
  out.U16(0);
  out.U32(kStunMagicCookie);
  out.Bytes(transaction);

  // RFC 8489 §14.8. No reason phrase: it would only make the answer longer than the question.
  if (error_code) {
    WriteU32(out, StunAttribute::kErrorCode,
             static_cast<uint32_t>(*error_code / 100) << 8 | *error_code % 100u);
  }
  if (!unknown.empty()) WriteUnknown(out, unknown);
  if (mapped) WriteMapped(out, *mapped, transaction);
  if (username) WriteAttribute(out, StunAttribute::kUsername, AsBytes(*username));
  if (priority) WriteU32(out, StunAttribute::kPriority, *priority);
  if (use_candidate) WriteAttribute(out, StunAttribute::kUseCandidate, {});
  if (nomination) WriteU32(out, StunAttribute::kNomination, *nomination);
  if (controlling) WriteU64(out, StunAttribute::kIceControlling, *controlling);
  if (controlled) WriteU64(out, StunAttribute::kIceControlled, *controlled);
  if (out.ok()) out.PatchU16(2, static_cast<uint16_t>(out.size() - kStunHeaderSize));
}

bool LooksLikeStun(ByteView datagram) {
  // The first two bits of a STUN message are zero, but RFC 7983 §7 gives it only 0..3: methods
  // above 0xFF do not exist.
  if (datagram.size() < kStunHeaderSize || datagram[0] > 3) return false;
  return ByteReader(datagram.subspan(4)).U32() == kStunMagicCookie;
}

std::optional<std::string_view> PeekLocalUfrag(ByteView datagram) {
  if (!HeaderFits(datagram)) return std::nullopt;
  const uint16_t type = ByteReader(datagram).U16();
  if (type != TypeOf(StunClass::kRequest, kStunBinding)) return std::nullopt;

  for (AttributeWalker at(datagram); at.Next();) {
    if (at.type() != static_cast<uint16_t>(StunAttribute::kUsername)) continue;
    if (at.value().size() > kMaxUsernameSize) return std::nullopt;
    const std::optional<Username> username = SplitUsername(AsText(at.value()));
    if (!username) return std::nullopt;
    return username->local;
  }
  return std::nullopt;
}

}  // namespace sluice::ice
