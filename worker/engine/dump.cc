// The part of statistics that is for people: JSON text of what stands in the tables.

#include <cstdio>
#include <string_view>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "worker/engine/data_flow.h"
#include "worker/engine/link_events.h"
#include "worker/engine/plain_link.h"
#include "worker/engine/statistics.h"
#include "worker/engine/webrtc_link.h"

namespace sluice::worker {
namespace {

// Writes one JSON object, field by field.
class Json {
 public:
  void Text(std::string_view name, std::string_view value) {
    Name(name);
    Quote(value);
  }
  void Number(std::string_view name, uint64_t value) {
    Name(name);
    absl::StrAppend(&out_, value);
  }
  void Truth(std::string_view name, bool value) {
    Name(name);
    out_ += value ? "true" : "false";
  }
  void Texts(std::string_view name, const std::vector<std::string>& values) {
    Name(name);
    out_ += '[';
    for (size_t i = 0; i < values.size(); ++i) {
      if (i != 0) out_ += ',';
      Quote(values[i]);
    }
    out_ += ']';
  }
  void Drops(const DropCounters& drops) {
    Name("drops");
    Json list;
    for (size_t i = 0; i < kDropReasonCount; ++i) {
      const auto reason = static_cast<DropReason>(i);
      if (drops[reason] != 0) list.Number(DropReasonName(reason), drops[reason]);
    }
    out_ += list.Done();
  }
  std::string Done() const { return "{" + out_ + "}"; }

 private:
  void Name(std::string_view name) {
    if (!out_.empty()) out_ += ',';
    Quote(name);
    out_ += ':';
  }
  // Ids and names come from the application, so anything may stand in them.
  void Quote(std::string_view text) {
    out_ += '"';
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        out_ += '\\';
        out_ += c;
      } else if (byte < 0x20) {
        char escaped[8];
        std::snprintf(escaped, sizeof(escaped), "\\u%04x", byte);
        out_ += escaped;
      } else {
        out_ += c;
      }
    }
    out_ += '"';
  }

  std::string out_;
};

template <typename T>
std::vector<std::string> Names(const SlotMap<T>& objects, const std::vector<Handle<T>>& handles) {
  std::vector<std::string> names;
  for (Handle<T> handle : handles) {
    if (const T* object = objects.Find(handle)) names.push_back(object->id);
  }
  return names;
}

std::vector<std::string> Addresses(const std::vector<ListenPoint>& points,
                                   TransportProtocol protocol) {
  std::vector<std::string> texts;
  for (const ListenPoint& point : points) {
    const Endpoint& local = point.socket.local;
    if (local.protocol == protocol) texts.push_back(local.ToString());
  }
  return texts;
}

std::string Dump(const Workspace& workspace, const Router& router) {
  Json json;
  json.Text("id", router.id);
  json.Texts("transportIds", Names(workspace.transports, router.transports));
  json.Texts("rtpObserverIds", Names(workspace.observers, router.observers));
  return json.Done();
}

std::string Dump(const Workspace& workspace, const Observer& observer) {
  Json json;
  json.Text("id", observer.id);
  json.Truth("paused", observer.paused);
  json.Texts("producerIds", Names(workspace.producers, observer.producers));
  return json.Done();
}

std::string Dump(const Workspace& workspace, const WebRtcServer& server) {
  Json json;
  json.Text("id", server.id);
  json.Texts("udpSockets", Addresses(server.listen_points, TransportProtocol::kUdp));
  json.Texts("tcpServers", Addresses(server.listen_points, TransportProtocol::kTcp));
  json.Texts("webRtcTransportIds", Names(workspace.transports, server.transports));
  return json.Done();
}

// "tcp 192.0.2.1:443 198.51.100.7:50000": the protocol, our end and the other; empty if there is
// none.
std::string SelectedTuple(const Workspace& workspace, const Transport& transport,
                          const WebRtcLink& link) {
  const std::optional<Path>& path = link.agent().selected();
  if (!path) return "";
  const auto tuple = DescribeTuple(workspace, transport, *path);
  return absl::StrCat(tuple->protocol == schema::Protocol::Tcp ? "tcp " : "udp ",
                      tuple->local_address, ":", tuple->local_port, " ", path->remote.ToString());
}

void DumpLink(const Workspace& workspace, const Transport& transport, const WebRtcLink& link,
              Json& json) {
  json.Text("iceState", ice::StateName(link.agent().state()));
  json.Text("iceSelectedTuple", SelectedTuple(workspace, transport, link));
  json.Text("dtlsState", DtlsStateName(link.dtls_state()));
  json.Number("iceRequests", link.agent().counters().requests);
  json.Number("iceRoleConflicts", link.agent().counters().role_conflicts);
}

void DumpLink(const PlainLink& link, Json& json) {
  json.Truth("comedia", link.comedia());
  json.Truth("rtcpMux", link.rtcp_mux());
  if (link.path()) json.Text("remote", link.path()->remote.ToString());
  if (link.rtcp_path()) json.Text("rtcpRemote", link.rtcp_path()->remote.ToString());
}

std::string Dump(const Workspace& workspace, const Transport& transport) {
  Json json;
  json.Text("id", transport.id);
  json.Text("type", LinkKindName(transport.link.kind()));
  if (const auto* link = transport.As<WebRtcLink>()) DumpLink(workspace, transport, *link, json);
  if (const auto* link = transport.As<PlainLink>()) DumpLink(*link, json);
  json.Text("srtpProfile", transport.link.srtp_profile());
  json.Texts("localUfrags", transport.ufrags);
  json.Texts("udpSockets", Addresses(transport.own_points, TransportProtocol::kUdp));
  json.Texts("tcpServers", Addresses(transport.own_points, TransportProtocol::kTcp));
  std::vector<std::string> paths;
  for (const Path& path : transport.paths) paths.push_back(path.remote.ToString());
  json.Texts("validatedPaths", paths);
  json.Texts("producerIds", Names(workspace.producers, transport.producers));
  json.Texts("consumerIds", Names(workspace.consumers, transport.consumers));
  json.Texts("dataProducerIds", Names(workspace.data_producers, transport.data_producers));
  json.Texts("dataConsumerIds", Names(workspace.data_consumers, transport.data_consumers));
  if (transport.data != nullptr) {
    json.Text("sctpState", SctpStateName(transport.data->association().state()));
  }
  json.Drops(transport.AllDrops());
  return json.Done();
}

std::string Dump(const Workspace& workspace, const Producer& producer) {
  Json json;
  json.Text("id", producer.id);
  json.Text("kind", producer.kind == rtp::MediaKind::kAudio ? "audio" : "video");
  json.Text("mid", producer.plan.mid);
  json.Number("encodings", producer.plan.encodings.size());
  json.Truth("paused", producer.paused);
  json.Texts("consumerIds", Names(workspace.consumers, producer.consumers));
  return json.Done();
}

std::string Dump(const Workspace& workspace, const Consumer& consumer) {
  const OutboundStream& stream =
      workspace.transports.Find(consumer.transport)->egress.stream(consumer.stream);
  Json json;
  json.Text("id", consumer.id);
  json.Text("producerId", workspace.producers.Find(consumer.producer)->id);
  json.Text("kind", consumer.kind == rtp::MediaKind::kAudio ? "audio" : "video");
  json.Text("mid", consumer.plan.mid);
  json.Number("ssrc", stream.sent.ssrc().value());
  json.Truth("paused", consumer.paused);
  json.Truth("unwanted", consumer.unwanted);
  json.Number("parts", consumer.parts.size());
  json.Truth("producerPaused", workspace.producers.Find(consumer.producer)->paused);
  json.Truth("awaitingKeyFrame", stream.forwarder.awaiting_key_frame().has_value());
  json.Number("storedPackets", stream.cache.stored());
  json.Drops(stream.AllDrops());
  return json.Done();
}

std::string Dump(const Workspace& workspace, const DataProducer& producer) {
  Json json;
  json.Text("id", producer.id);
  json.Text("type", producer.stream ? "sctp" : "direct");
  if (producer.stream) json.Number("streamId", producer.stream->value());
  json.Text("label", producer.label);
  json.Text("protocol", producer.protocol);
  json.Truth("paused", producer.paused);
  json.Texts("dataConsumerIds", Names(workspace.data_consumers, producer.consumers));
  return json.Done();
}

std::string Dump(const Workspace& workspace, const DataConsumer& consumer) {
  const DataProducer& producer = *workspace.data_producers.Find(consumer.producer);
  Json json;
  json.Text("id", consumer.id);
  json.Text("dataProducerId", producer.id);
  json.Text("type", consumer.stream ? "sctp" : "direct");
  if (consumer.stream) json.Number("streamId", consumer.stream->value());
  json.Text("label", producer.label);
  json.Text("protocol", producer.protocol);
  json.Truth("paused", consumer.paused);
  json.Truth("dataProducerPaused", producer.paused);
  std::vector<std::string> subchannels;
  for (const uint16_t subchannel : consumer.subchannels) {
    subchannels.push_back(absl::StrCat(subchannel));
  }
  json.Texts("subchannels", subchannels);
  return json.Done();
}

}  // namespace

std::string DumpWorker(const Workspace& workspace, Timestamp) {
  std::vector<std::string> routers;
  workspace.routers.ForEach(
      [&](Handle<Router>, const Router& router) { routers.push_back(router.id); });
  std::vector<std::string> servers;
  workspace.servers.ForEach(
      [&](Handle<WebRtcServer>, const WebRtcServer& server) { servers.push_back(server.id); });
  Json json;
  json.Number("pid", workspace.options.pid);
  json.Texts("routerIds", routers);
  json.Texts("webRtcServerIds", servers);
  json.Number("transports", workspace.transports.size());
  json.Number("producers", workspace.producers.size());
  json.Number("consumers", workspace.consumers.size());
  json.Number("observers", workspace.observers.size());
  json.Number("dataProducers", workspace.data_producers.size());
  json.Number("dataConsumers", workspace.data_consumers.size());
  json.Number("routedPaths", workspace.routes.paths());
  json.Number("routedUfrags", workspace.routes.ufrags());
  json.Number("names", workspace.names.size());
  json.Number("packetsInUse", workspace.options.pool.in_use());
  json.Drops(workspace.drops);
  return json.Done();
}

std::string DumpObject(const Workspace& workspace, Timestamp, const ObjectRef& object) {
  return std::visit(
      [&](const auto& handle) -> std::string {
        using T = std::decay_t<decltype(handle)>;
        if constexpr (std::is_same_v<T, Handle<Router>>) {
          return Dump(workspace, *workspace.routers.Find(handle));
        } else if constexpr (std::is_same_v<T, Handle<WebRtcServer>>) {
          return Dump(workspace, *workspace.servers.Find(handle));
        } else if constexpr (std::is_same_v<T, Handle<Transport>>) {
          return Dump(workspace, *workspace.transports.Find(handle));
        } else if constexpr (std::is_same_v<T, Handle<Producer>>) {
          return Dump(workspace, *workspace.producers.Find(handle));
        } else if constexpr (std::is_same_v<T, Handle<Observer>>) {
          return Dump(workspace, *workspace.observers.Find(handle));
        } else if constexpr (std::is_same_v<T, Handle<DataProducer>>) {
          return Dump(workspace, *workspace.data_producers.Find(handle));
        } else if constexpr (std::is_same_v<T, Handle<DataConsumer>>) {
          return Dump(workspace, *workspace.data_consumers.Find(handle));
        } else {
          return Dump(workspace, *workspace.consumers.Find(handle));
        }
      },
      object);
}

}  // namespace sluice::worker
