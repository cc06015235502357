// The objects an application names, apart from transports: what they are, and who belongs to whom.
//
// Objects live in the slot maps of Workspace and name one another by handles, which are looked up
// when used and may be stale. What looks like a tree to the application (router, transport,
// producer) is a tree only when something closes; see closing.h.

#ifndef SLUICE_WORKER_ENGINE_OBJECTS_H_
#define SLUICE_WORKER_ENGINE_OBJECTS_H_

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/endpoint.h"
#include "base/ids.h"
#include "rtp/packet/media.h"
#include "worker/engine/media_plan.h"
#include "worker/engine/sockets.h"

namespace sluice::worker {

class Transport;
struct Consumer;

struct Router {
  std::string id;
  std::vector<Handle<Transport>> transports;
};

// A socket of ours, and what candidates say about it.
struct ListenPoint {
  BoundSocket socket;
  // IP or host name to announce instead of the local address; may be empty.
  std::string announced_address;
  bool expose_internal_ip = false;
};

// Sockets that many transports share.
struct WebRtcServer {
  std::string id;
  std::vector<ListenPoint> listen_points;
  std::vector<Handle<Transport>> transports;
};

// What one peer sends: one track.
struct Producer {
  std::string id;
  Handle<Router> router;
  Handle<Transport> transport;
  rtp::MediaKind kind = rtp::MediaKind::kAudio;
  MediaPlan plan;
  PayloadMap payload_map{};
  bool paused = false;
  std::vector<Handle<Consumer>> consumers;
};

// The same track, as one other peer receives it.
struct Consumer {
  std::string id;
  Handle<Transport> transport;
  Handle<Producer> producer;
  rtp::MediaKind kind = rtp::MediaKind::kAudio;
  MediaPlan plan;
  // Which stream of the transport's egress carries it.
  uint32_t stream = 0;
  bool paused = false;
};

using ObjectRef = std::variant<Handle<Router>, Handle<WebRtcServer>, Handle<Transport>,
                               Handle<Producer>, Handle<Consumer>>;

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_OBJECTS_H_
