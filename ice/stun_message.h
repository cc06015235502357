// STUN messages as ICE uses them (RFC 8489, RFC 8445 §7.1): read from a datagram, written to one.
//
// Neither reading nor writing authenticates anything: stun_integrity does that, on the same bytes.
// Attributes that ICE has no use for are skipped if RFC 8489 §14 lets a reader skip them, and
// reported in `unknown` if not.

#ifndef SLUICE_ICE_STUN_MESSAGE_H_
#define SLUICE_ICE_STUN_MESSAGE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/endpoint.h"

namespace sluice::ice {

inline constexpr uint32_t kStunMagicCookie = 0x2112A442;
inline constexpr size_t kStunHeaderSize = 20;
// RFC 8489 §6.1: a message stays below the path MTU, for which IPv6 guarantees 1280. Checks are
// around 100 bytes; what is longer than this is not one.
inline constexpr size_t kMaxStunSize = 1280;

inline constexpr uint16_t kStunBinding = 0x001;

// The error codes a lite agent gives (RFC 8489 §14.8, RFC 8445 §7.3.1.1).
inline constexpr uint16_t kErrorUnknownAttribute = 420;
inline constexpr uint16_t kErrorRoleConflict = 487;

enum class StunClass : uint8_t { kRequest = 0, kIndication = 1, kSuccess = 2, kError = 3 };

enum class StunAttribute : uint16_t {
  kUsername = 0x0006,
  kMessageIntegrity = 0x0008,
  kErrorCode = 0x0009,
  kUnknownAttributes = 0x000A,
  kXorMappedAddress = 0x0020,
  kPriority = 0x0024,
  kUseCandidate = 0x0025,
  kFingerprint = 0x8028,
  kIceControlled = 0x8029,
  kIceControlling = 0x802A,
  // Renomination, as browsers speak it: a number that grows with each choice of the controlling
  // side, so that it may change its mind without a restart.
  kNomination = 0xC001,
};

using TransactionId = std::array<uint8_t, 12>;

// Comprehension-required attributes we do not know. Eight are enough to tell a peer that it is
// asking too much; a message with more is answered with the first eight.
class UnknownAttributes {
 public:
  static constexpr size_t kMax = 8;

  void Add(uint16_t type) {
    if (size_ < kMax) types_[size_++] = type;
  }
  bool empty() const { return size_ == 0; }
  std::span<const uint16_t> types() const { return {types_.data(), size_}; }

 private:
  std::array<uint16_t, kMax> types_{};
  size_t size_ = 0;
};

struct StunMessage {
  StunClass message_class = StunClass::kRequest;
  uint16_t method = kStunBinding;
  TransactionId transaction{};

  std::optional<std::string_view> username;  // Borrowed.
  std::optional<uint32_t> priority;
  bool use_candidate = false;
  std::optional<uint32_t> nomination;
  std::optional<uint64_t> controlling;  // The tie-breaker.
  std::optional<uint64_t> controlled;
  std::optional<uint16_t> error_code;  // 300..699
  // Its protocol is not on the wire and reads as UDP.
  std::optional<Endpoint> mapped;
  UnknownAttributes unknown;

  // Where the attributes that seal the message begin; set by Parse, ignored by WriteTo.
  std::optional<size_t> integrity_at;
  std::optional<size_t> fingerprint_at;
  // What was parsed. Belongs to the caller of Parse.
  ByteView bytes;

  // One whole message and nothing behind it. Says nothing about who sent it.
  static std::optional<StunMessage> Parse(ByteView datagram);

  // The header and every attribute set above, except for integrity and fingerprint. `out` must be
  // empty: the length in the header counts from its beginning.
  void WriteTo(ByteWriter& out) const;

  bool is_binding(StunClass kind) const { return method == kStunBinding && message_class == kind; }
};

// RFC 8489 §6.3: what tells STUN from the other protocols on a port. Cheap, for the demultiplexer.
bool LooksLikeStun(ByteView datagram);

// The local half of USERNAME of a Binding request. Nothing is verified: good for choosing the
// transport that will verify it, and for nothing else.
std::optional<std::string_view> PeekLocalUfrag(ByteView datagram);

}  // namespace sluice::ice

#endif  // SLUICE_ICE_STUN_MESSAGE_H_
