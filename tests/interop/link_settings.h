// What a link shall be like, in the words of one line: "rate=400k queue=20000 loss=5% delay=30ms".

#ifndef SLUICE_TESTS_INTEROP_LINK_SETTINGS_H_
#define SLUICE_TESTS_INTEROP_LINK_SETTINGS_H_

#include <optional>
#include <string_view>

#include "tests/support/sim_link.h"

namespace sluice::test {

// The line states the whole link: what it does not name is as on a clean one. Words are
//
//   delay, jitter, reorder_delay   a time: 30ms, 1.5ms
//   loss, reorder, duplicate       a share: 5%
//   enter, leave, bad              shares of LossBursts: enter=1% leave=25% bad=100%
//   rate                           bits per second: 400k, 2.5M
//   queue, mtu                     bytes
//
// Nothing if a word is unknown or has no sense.
std::optional<LinkOptions> ParseLinkSettings(std::string_view line);

}  // namespace sluice::test

#endif  // SLUICE_TESTS_INTEROP_LINK_SETTINGS_H_
