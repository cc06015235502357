// ICE user name fragments and passwords (RFC 8445 §5.3), and the characters they are made of.
//
// Not a store: which credentials are in force is the agent's business.

#ifndef SLUICE_ICE_CREDENTIALS_H_
#define SLUICE_ICE_CREDENTIALS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/entropy.h"

namespace sluice::ice {

// RFC 8445 §5.3 asks for 24 bits in a ufrag and 128 in a password; a character carries six. Our
// ufrag also routes a first check to its transport among all those of a worker, so it is long
// enough (96 bits) never to collide and never to be guessed by someone who looks for a live one.
inline constexpr size_t kLocalUfragSize = 16;
inline constexpr size_t kLocalPasswordSize = 32;

// RFC 8839 §5.4: neither half of the credentials is longer.
inline constexpr size_t kMaxUfragSize = 256;

struct Credentials {
  std::string ufrag;
  std::string password;

  static Credentials Generate(Entropy& entropy);

  bool operator==(const Credentials&) const = default;
};

// True if `text` consists of ice-chars (RFC 8839 §5.1: ALPHA / DIGIT / "+" / "/") and is neither
// empty nor longer than kMaxUfragSize. The lower bound of four characters is not enforced: a short
// ufrag of a peer harms only the peer.
bool IsUfrag(std::string_view text);

// The two halves of the USERNAME of a check, as its receiver sees them (RFC 8445 §7.2.2).
struct Username {
  std::string_view local;   // The receiver's ufrag, which comes first.
  std::string_view remote;  // The sender's.
};

// Splits "local:remote"; both halves must be there.
std::optional<Username> SplitUsername(std::string_view text);

}  // namespace sluice::ice

#endif  // SLUICE_ICE_CREDENTIALS_H_
