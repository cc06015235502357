// Is this text UTF-8 (RFC 3629)? What passes on to an application had better be.

#ifndef SLUICE_SCTP_UTF8_H_
#define SLUICE_SCTP_UTF8_H_

#include <string_view>

namespace sluice::sctp {

// Overlong forms, surrogates and what lies beyond U+10FFFF are not.
bool IsUtf8(std::string_view text);

}  // namespace sluice::sctp

#endif  // SLUICE_SCTP_UTF8_H_
