// The five verbs every protocol core answers to. A core never calls its owner back: it reports by
// being asked, so its state is whole whenever anyone else can see it.
//
// Time never goes backwards; any input may be followed by polling until dry; no call re-enters; a
// core that is finished returns nothing for ever.

#ifndef SLUICE_BASE_PROTOCOL_CORE_H_
#define SLUICE_BASE_PROTOCOL_CORE_H_

#include <concepts>
#include <optional>

#include "base/bytes.h"
#include "base/time.h"

namespace sluice {

template <typename T, typename Input = ByteView>
concept ProtocolCore = requires(T core, const T& seen, Timestamp now, Input in, ByteSpan out) {
  core.Receive(now, in);
  core.HandleTimeout(now);
  { seen.NextTimeout() } -> std::same_as<std::optional<Timestamp>>;
  static_cast<bool>(core.PollTransmit(now, out));
  static_cast<bool>(core.PollEvent());
};

}  // namespace sluice

#endif  // SLUICE_BASE_PROTOCOL_CORE_H_
