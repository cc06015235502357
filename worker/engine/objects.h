// The objects an application names, apart from transports: what they are, and who belongs to whom.
//
// Objects live in the slot maps of Workspace and name one another by handles, which are looked up
// when used and may be stale. What looks like a tree to the application (router, transport,
// producer) is a tree only when something closes; see closing.h.

#ifndef SLUICE_WORKER_ENGINE_OBJECTS_H_
#define SLUICE_WORKER_ENGINE_OBJECTS_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/endpoint.h"
#include "base/ids.h"
#include "rtp/forward/allocator.h"
#include "rtp/forward/layer.h"
#include "rtp/packet/extensions.h"
#include "rtp/packet/media.h"
#include "rtp/receive/audio_level_ranker.h"
#include "rtp/receive/dominant_speaker.h"
#include "rtp/receive/layer_catalog.h"
#include "rtp/receive/loudest_filter.h"
#include "sctp/message.h"
#include "worker/engine/media_plan.h"
#include "worker/engine/sockets.h"
#include "worker/engine/trace_types.h"
#include "worker/engine/untaken.h"

namespace sluice::worker {

class Transport;
struct Consumer;
struct DataConsumer;
struct Observer;

struct Router {
  std::string id;
  std::vector<Handle<Transport>> transports;
  std::vector<Handle<Observer>> observers;
  // There if only the loudest of those who speak are forwarded.
  std::optional<rtp::LoudestFilter> loudest;
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

// The highest layers of a producer that anybody watches; nothing if nobody does.
struct WantedLayers {
  std::optional<rtp::LayerId> layers;
  // By index of the encoding.
  std::array<bool, rtp::kMaxEncodings> encodings{};

  bool operator==(const WantedLayers&) const = default;
};

// How well a consumer's stream arrives there, and its producer's here.
struct ConsumerScores {
  uint8_t score = 0;
  uint8_t producer = 0;
  std::array<uint8_t, rtp::kMaxEncodings> encodings{};

  bool operator==(const ConsumerScores&) const = default;
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
  // Of each of them: whose it is, and what it takes. Beside them, so that waking all touches none.
  std::vector<Handle<Transport>> receivers;
  std::vector<EncodingBits> taken;
  // How many take packets with each mark.
  std::array<uint32_t, 8> takers{};
  // What they need not be told of one by one; stays where it is.
  std::unique_ptr<OfferedPackets> offered = std::make_unique<OfferedPackets>();
  // Of all media but what is unusual, in the numbers of the router.
  PayloadType media_type;
  // A bit for each encoding of whose picture more is to come.
  uint32_t open_pictures = 0;
  // A bit for each encoding whose key frame a receiver lacks.
  uint32_t awaited = 0;
  // What it sends, layer by layer; video only.
  std::optional<rtp::LayerCatalog> layers;
  // Who listens to how loud it is; audio only.
  std::vector<Handle<Observer>> observers;
  TraceTypes traces;
  // What the application was last told.
  std::optional<rtp::VideoOrientation> told_orientation;
  std::optional<WantedLayers> told_wanted;
  std::array<uint8_t, rtp::kMaxEncodings> told_scores{};

  void AddConsumer(Handle<Consumer> consumer, Handle<Transport> receiver) {
    consumers.push_back(consumer);
    receivers.push_back(receiver);
    taken.push_back(kAllPackets);
    CountTaker(kAllPackets, 1);
  }
  void RemoveConsumer(Handle<Consumer> consumer) {
    const auto found = std::ranges::find(consumers, consumer);
    if (found == consumers.end()) return;
    const auto index = found - consumers.begin();
    CountTaker(taken[static_cast<size_t>(index)], -1);
    receivers.erase(receivers.begin() + index);
    taken.erase(taken.begin() + index);
    consumers.erase(found);
  }
  void SetTaken(Handle<Consumer> consumer, EncodingBits bits) {
    const auto found = std::ranges::find(consumers, consumer);
    if (found == consumers.end()) return;
    EncodingBits& before = taken[static_cast<size_t>(found - consumers.begin())];
    CountTaker(before, -1);
    CountTaker(bits, 1);
    before = bits;
  }
  void CountTaker(EncodingBits bits, int32_t change) {
    for (size_t i = 0; i < takers.size(); ++i) {
      if ((bits >> i & 1) != 0) takers[i] += static_cast<uint32_t>(change);
    }
  }
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
  // The highest layers that are of use to it.
  rtp::LayerId preferred{rtp::kMaxSpatialLayers - 1, rtp::kMaxTemporalLayers - 1};
  // Of those who share a path, the higher is served first: 1..255.
  uint8_t priority = 1;
  TraceTypes traces;
  // On a pipe, and where the application wants it: the one encoding that it carries, all of it and
  // whatever others take.
  std::optional<uint8_t> pinned;
  // It is there for one more encoding of the consumer that the application named by this id.
  bool is_part = false;
  std::vector<Handle<Consumer>> parts;
  // The peer has said so; see pipe_demand.h.
  bool unwanted = false;
  // Why it was last given what it has.
  rtp::Allocator::Reason reason = rtp::Allocator::Reason::kNone;
  // What flows, and what the application was last told of it.
  std::optional<rtp::LayerTarget> flowing;
  std::optional<rtp::LayerId> told_layers;
  std::optional<ConsumerScores> told_scores;

  // Nothing of it is of use at the moment.
  bool stopped() const { return paused || unwanted; }
};

// What one peer says, or the application in its place: messages.
struct DataProducer {
  std::string id;
  Handle<Router> router;
  Handle<Transport> transport;
  // None if the application speaks.
  std::optional<sctp::StreamId> stream;
  std::string label;
  std::string protocol;
  bool paused = false;
  // It has had a consumer.
  bool heard = false;
  std::vector<Handle<DataConsumer>> consumers;
  uint64_t messages = 0;
  uint64_t bytes = 0;
  uint64_t dropped = 0;
};

// The same, as one other peer hears it, or the application.
struct DataConsumer {
  std::string id;
  Handle<Transport> transport;
  Handle<DataProducer> producer;
  // None if the application listens.
  std::optional<sctp::StreamId> stream;
  sctp::Reliability reliability;
  bool paused = false;
  // Sorted. Empty: it hears everything.
  std::vector<uint16_t> subchannels;
  // The application knows that the send buffer is full.
  bool told_full = false;
  uint64_t messages = 0;
  uint64_t bytes = 0;
  uint64_t dropped = 0;
};

// Listens to how loud producers of a router are, and tells the application.
struct Observer {
  using Core = std::variant<rtp::AudioLevelRanker, rtp::DominantSpeaker>;

  explicit Observer(Core observer_core) : core(std::move(observer_core)) {}

  std::string id;
  Handle<Router> router;
  bool paused = false;
  std::vector<Handle<Producer>> producers;
  Core core;
};

using ObjectRef =
    std::variant<Handle<Router>, Handle<WebRtcServer>, Handle<Transport>, Handle<Producer>,
                 Handle<Consumer>, Handle<Observer>, Handle<DataProducer>, Handle<DataConsumer>>;

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_OBJECTS_H_
