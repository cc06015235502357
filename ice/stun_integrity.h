// The two attributes that seal a STUN message: MESSAGE-INTEGRITY (RFC 8489 §14.5), which proves
// that the sender knows a password, and FINGERPRINT (§14.7), which tells STUN from other protocols.
//
// The source file is the only one of this folder that calls a cryptographic library.

#ifndef SLUICE_ICE_STUN_INTEGRITY_H_
#define SLUICE_ICE_STUN_INTEGRITY_H_

#include <string_view>

#include "base/bytes.h"
#include "ice/stun_message.h"

namespace sluice::ice {

// On the wire, with their attribute headers.
inline constexpr size_t kIntegritySize = 24;
inline constexpr size_t kFingerprintSize = 8;

// True if the message carries MESSAGE-INTEGRITY made with `password`; compared in constant time.
bool HasIntegrity(const StunMessage& message, std::string_view password);

// True if the message carries a FINGERPRINT, last, and it matches.
bool HasFingerprint(const StunMessage& message);

// Appends MESSAGE-INTEGRITY and FINGERPRINT to the message that is all of what `out` has written,
// and corrects its length. False if they do not fit or the message is longer than kMaxStunSize.
bool Seal(ByteWriter& out, std::string_view password);

// The same with FINGERPRINT alone.
bool AddFingerprint(ByteWriter& out);

}  // namespace sluice::ice

#endif  // SLUICE_ICE_STUN_INTEGRITY_H_
