// Matchers for values that answer "this, or the reason why not". They print the reason's name where
// gtest alone would print bytes.
//
//   EXPECT_THAT(forwarder.Admit(packet, type), WasDropped(DropReason::kTooLate));
//   EXPECT_THAT(forwarder.Admit(packet, type), ForwardedAs(500));

#ifndef SLUICE_TESTS_SUPPORT_MATCHERS_H_
#define SLUICE_TESTS_SUPPORT_MATCHERS_H_

#include <gmock/gmock.h>

#include <cstdint>
#include <string>
#include <variant>

#include "base/drop_reason.h"

namespace sluice::test {

// Any variant that holds a DropReason.
MATCHER_P(WasDropped, reason,
          std::string(negation ? "was not dropped as " : "was dropped as ") +
              std::string(DropReasonName(reason))) {
  const auto* dropped = std::get_if<DropReason>(&arg);
  if (dropped == nullptr) {
    *result_listener << "which was not dropped";
    return false;
  }
  *result_listener << "which was dropped as " << DropReasonName(*dropped);
  return *dropped == reason;
}

// A Verdict that lets a packet pass under this sequence number.
MATCHER_P(ForwardedAs, seq, "was forwarded as " + std::to_string(seq)) {
  if (const auto* dropped = std::get_if<DropReason>(&arg)) {
    *result_listener << "which was dropped as " << DropReasonName(*dropped);
    return false;
  }
  const uint16_t forwarded = std::get<0>(arg).seq.value();
  *result_listener << "which was forwarded as " << forwarded;
  return forwarded == static_cast<uint16_t>(seq);
}

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_MATCHERS_H_
