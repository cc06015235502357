// The application itself as a peer: packets come in requests and leave as notifications, in the
// clear. Its datagrams never reach a socket; see direct_flow.h.

#ifndef SLUICE_WORKER_ENGINE_DIRECT_LINK_H_
#define SLUICE_WORKER_ENGINE_DIRECT_LINK_H_

#include <optional>

#include "base/endpoint.h"
#include "worker/engine/link.h"

namespace sluice::worker {

class DirectLink final : public Link {
 public:
  static constexpr bool Is(LinkKind kind) { return kind == LinkKind::kDirect; }

  DirectLink() : Link(LinkKind::kDirect, Protection::kNone) { Follow(here_); }

 private:
  // The application is always there. The path names nothing.
  const std::optional<Path> here_ = Path();
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_DIRECT_LINK_H_
