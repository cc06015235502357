// The part of statistics that is for people: JSON text of what stands in the tables.

#include <string_view>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "worker/engine/data_flow.h"
#include "worker/engine/json_text.h"
#include "worker/engine/link_events.h"
#include "worker/engine/plain_link.h"
#include "worker/engine/statistics.h"
#include "worker/engine/webrtc_link.h"

namespace sluice::worker {
namespace {

template <typename T>
std::vector<std::string> Names(const SlotMap<T>& objects, const std::vector<Handle<T>>& handles) {
  std::vector<std::string> names;
  for (Handle<T> handle : handles) {
    if (const T* object = objects.Find(handle)) names.push_back(object->id);
  }
  return names;
}

// One entry of what mediasoup calls a map.
template <typename Value>
Json Entry(std::string_view key, const Value& value) {
  Json entry;
  entry.Text("key", key);
  if constexpr (std::is_convertible_v<Value, std::string_view>) {
    entry.Text("value", value);
  } else {
    entry.Texts("values", value);
  }
  return entry;
}

Json Entry(uint64_t key, std::string_view value) {
  Json entry;
  entry.Number("key", key);
  entry.Text("value", value);
  return entry;
}

std::vector<Json> Addresses(const std::vector<ListenPoint>& points, TransportProtocol protocol) {
  std::vector<Json> addresses;
  for (const ListenPoint& point : points) {
    const Endpoint& local = point.socket.local;
    if (local.protocol != protocol) continue;
    Json& address = addresses.emplace_back();
    address.Text("ip", local.address.ToString());
    address.Number("port", local.port);
  }
  return addresses;
}

std::vector<std::string> TraceNames(TraceTypes types) {
  static constexpr std::pair<schema::TraceType, std::string_view> kNames[] = {
      {schema::TraceType::Rtp, "rtp"},
      {schema::TraceType::KeyFrame, "keyframe"},
      {schema::TraceType::Nack, "nack"},
      {schema::TraceType::Pli, "pli"},
      {schema::TraceType::Fir, "fir"},
      {schema::TraceType::SenderReport, "sr"},
      {schema::TraceType::Layers, "layers"},
      {schema::TraceType::Bwe, "bwe"},
      {schema::TraceType::Probation, "probation"}};
  std::vector<std::string> names;
  for (const auto& [type, name] : kNames) {
    if (types.Has(type)) names.emplace_back(name);
  }
  return names;
}

// Who has whom, in both directions.
struct Pairs {
  std::vector<Json> to_consumers;
  std::vector<Json> to_producer;

  template <typename P, typename C>
  void Add(const SlotMap<P>& producers, const SlotMap<C>& consumers,
           const std::vector<Handle<P>>& handles) {
    for (const auto handle : handles) {
      const auto* producer = producers.Find(handle);
      if (producer == nullptr) continue;
      const std::vector<std::string> names = Names(consumers, producer->consumers);
      to_consumers.push_back(Entry(producer->id, names));
      for (const std::string& name : names) to_producer.push_back(Entry(name, producer->id));
    }
  }
};

std::string Dump(const Workspace& workspace, const Router& router) {
  Json json;
  json.Text("id", router.id);
  json.Texts("transportIds", Names(workspace.transports, router.transports));
  json.Texts("rtpObserverIds", Names(workspace.observers, router.observers));
  Pairs media;
  Pairs data;
  std::vector<Json> watched;
  for (Handle<Transport> handle : router.transports) {
    const Transport& transport = *workspace.transports.Find(handle);
    media.Add(workspace.producers, workspace.consumers, transport.producers);
    data.Add(workspace.data_producers, workspace.data_consumers, transport.data_producers);
    for (Handle<Producer> producer_handle : transport.producers) {
      const Producer& producer = *workspace.producers.Find(producer_handle);
      if (producer.observers.empty()) continue;
      watched.push_back(Entry(producer.id, Names(workspace.observers, producer.observers)));
    }
  }
  json.Objects("mapProducerIdConsumerIds", media.to_consumers);
  json.Objects("mapConsumerIdProducerId", media.to_producer);
  json.Objects("mapProducerIdObserverIds", watched);
  json.Objects("mapDataProducerIdDataConsumerIds", data.to_consumers);
  json.Objects("mapDataConsumerIdDataProducerId", data.to_producer);
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
  json.Objects("udpSockets", Addresses(server.listen_points, TransportProtocol::kUdp));
  json.Objects("tcpServers", Addresses(server.listen_points, TransportProtocol::kTcp));
  json.Texts("webRtcTransportIds", Names(workspace.transports, server.transports));
  std::vector<Json> fragments;
  for (Handle<Transport> handle : server.transports) {
    const Transport& transport = *workspace.transports.Find(handle);
    for (const std::string& ufrag : transport.ufrags) {
      Json& fragment = fragments.emplace_back();
      fragment.Text("localIceUsernameFragment", ufrag);
      fragment.Text("webRtcTransportId", transport.id);
    }
  }
  json.Objects("localIceUsernameFragments", fragments);
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

// What packets that come in are told apart by.
void DumpListeners(const Workspace& workspace, const Transport& transport, Json& json) {
  std::vector<Json> by_ssrc;
  std::vector<Json> by_mid;
  std::vector<Json> by_rid;
  for (Handle<Producer> handle : transport.producers) {
    const Producer& producer = *workspace.producers.Find(handle);
    if (!producer.plan.mid.empty()) by_mid.push_back(Entry(producer.plan.mid, producer.id));
    for (const InboundStream* stream : transport.ingress.StreamsOf(handle)) {
      if (!stream->rid.empty()) by_rid.push_back(Entry(stream->rid, producer.id));
      const std::optional<Ssrc> ssrc =
          stream->receiver ? stream->receiver->ssrc() : stream->signalled_ssrc;
      if (ssrc) by_ssrc.push_back(Entry(ssrc->value(), producer.id));
      if (stream->rtx_ssrc) by_ssrc.push_back(Entry(stream->rtx_ssrc->value(), producer.id));
    }
  }
  Json listener;
  listener.Objects("ssrcTable", by_ssrc);
  listener.Objects("midTable", by_mid);
  listener.Objects("ridTable", by_rid);
  listener.Number("endedSsrcs", transport.ingress.ended().size());
  listener.Number("endedSsrcsDisplaced", transport.ingress.ended().displaced());
  json.Object("rtpListener", listener);
  if (transport.data == nullptr) return;
  std::vector<Json> by_stream;
  for (Handle<DataProducer> handle : transport.data_producers) {
    const DataProducer& producer = *workspace.data_producers.Find(handle);
    if (producer.stream) by_stream.push_back(Entry(producer.stream->value(), producer.id));
  }
  Json streams;
  streams.Objects("streamIdTable", by_stream);
  json.Object("sctpListener", streams);
}

// What goes out, by the names that it has there.
void DumpSent(const Workspace& workspace, const Transport& transport, Json& json) {
  std::vector<Json> media;
  std::vector<Json> repeated;
  for (Handle<Consumer> handle : transport.consumers) {
    const Consumer& consumer = *workspace.consumers.Find(handle);
    const OutboundStream& stream = transport.egress.stream(consumer.stream);
    media.push_back(Entry(stream.sent.ssrc().value(), consumer.id));
    if (stream.rtx) repeated.push_back(Entry(stream.rtx->ssrc.value(), consumer.id));
  }
  json.Objects("mapSsrcConsumerId", media);
  json.Objects("mapRtxSsrcConsumerId", repeated);
}

std::string Dump(const Workspace& workspace, const Transport& transport) {
  Json json;
  json.Text("id", transport.id);
  json.Text("type", LinkKindName(transport.link.kind()));
  json.Truth("direct", transport.link.kind() == LinkKind::kDirect);
  json.Number("maxMessageSize", transport.max_receive_message_size);
  json.Texts("traceEventTypes", TraceNames(transport.traces));
  DumpListeners(workspace, transport, json);
  DumpSent(workspace, transport, json);
  if (const auto* link = transport.As<WebRtcLink>()) DumpLink(workspace, transport, *link, json);
  if (const auto* link = transport.As<PlainLink>()) DumpLink(*link, json);
  json.Text("srtpProfile", transport.link.srtp_profile());
  json.Texts("localUfrags", transport.ufrags);
  json.Objects("udpSockets", Addresses(transport.own_points, TransportProtocol::kUdp));
  json.Objects("tcpServers", Addresses(transport.own_points, TransportProtocol::kTcp));
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

Json DumpMapping(const Producer& producer) {
  std::vector<Json> codecs;
  for (const CodecPlan& codec : producer.plan.codecs) {
    const std::optional<PayloadType>& mapped = producer.payload_map[codec.payload_type.value()];
    if (!mapped) continue;
    Json& entry = codecs.emplace_back();
    entry.Number("payloadType", codec.payload_type.value());
    entry.Number("mappedPayloadType", mapped->value());
  }
  Json mapping;
  mapping.Objects("codecs", codecs);
  return mapping;
}

// The streams of a producer that have begun.
std::vector<Json> DumpStreams(const Workspace& workspace, Timestamp now, Handle<Producer> handle) {
  const Producer& producer = *workspace.producers.Find(handle);
  const Transport& transport = *workspace.transports.Find(producer.transport);
  std::vector<Json> streams;
  for (const InboundStream* stream : transport.ingress.StreamsOf(handle)) {
    if (!stream->receiver) continue;
    Json params;
    params.Number("encodingIdx", stream->source.index);
    params.Number("ssrc", stream->receiver->ssrc().value());
    if (!stream->rid.empty()) params.Text("rid", stream->rid);
    if (stream->rtx_ssrc) params.Number("rtxSsrc", stream->rtx_ssrc->value());
    params.Text("mimeType", stream->mime_type);
    params.Number("clockRate", stream->options.clock_rate);
    params.Truth("useNack", stream->options.nack);
    Json& entry = streams.emplace_back();
    entry.Object("params", params);
    entry.Number("score", stream->receiver->score(now));
  }
  return streams;
}

std::string Dump(const Workspace& workspace, Timestamp now, Handle<Producer> handle) {
  const Producer& producer = *workspace.producers.Find(handle);
  Json json;
  json.Text("id", producer.id);
  json.Text("kind", producer.kind == rtp::MediaKind::kAudio ? "audio" : "video");
  json.Text("mid", producer.plan.mid);
  json.Number("encodings", producer.plan.encodings.size());
  json.Truth("paused", producer.paused);
  json.Texts("traceEventTypes", TraceNames(producer.traces));
  json.Object("rtpMapping", DumpMapping(producer));
  json.Objects("rtpStreams", DumpStreams(workspace, now, handle));
  json.Texts("consumerIds", Names(workspace.consumers, producer.consumers));
  return json.Done();
}

// -1 where there is none.
void DumpLayers(const Workspace& workspace, const Consumer& consumer, Json& json) {
  if (consumer.kind != rtp::MediaKind::kVideo || consumer.pinned) return;
  const rtp::Forwarder& forwarder =
      workspace.transports.Find(consumer.transport)->egress.forwarder(consumer.stream);
  const bool simulcast = workspace.producers.Find(consumer.producer)->plan.encodings.size() > 1;
  const std::optional<rtp::LayerTarget> target = forwarder.target().value_or(std::nullopt);
  const auto spatial = [&](const rtp::LayerTarget& layer) {
    return simulcast ? layer.encoding : layer.layer.spatial;
  };
  json.Signed("preferredSpatialLayer", consumer.preferred.spatial);
  json.Signed("preferredTemporalLayer", consumer.preferred.temporal);
  json.Signed("targetSpatialLayer", target ? spatial(*target) : -1);
  json.Signed("targetTemporalLayer", target ? target->layer.temporal : -1);
  json.Signed("currentSpatialLayer", consumer.told_layers ? consumer.told_layers->spatial : -1);
  json.Signed("currentTemporalLayer", consumer.told_layers ? consumer.told_layers->temporal : -1);
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
  json.Number("priority", consumer.priority);
  json.Texts("traceEventTypes", TraceNames(consumer.traces));
  DumpLayers(workspace, consumer, json);
  Json params;
  params.Number("ssrc", stream.sent.ssrc().value());
  if (stream.rtx) params.Number("rtxSsrc", stream.rtx->ssrc.value());
  params.Text("mimeType", consumer.plan.main_codec().mime_type);
  params.Number("clockRate", consumer.plan.main_codec().clock_rate);
  Json sent;
  sent.Object("params", params);
  sent.Number("score", stream.score.value());
  json.Objects("rtpStreams", {sent});
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
  json.Numbers("subchannels", consumer.subchannels);
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
  Json handlers;
  std::vector<std::string> names;
  for (const auto& [name, object] : workspace.names) names.push_back(name);
  handlers.Texts("channelRequestHandlers", names);
  handlers.Texts("channelNotificationHandlers", {});
  json.Object("channelMessageHandlers", handlers);
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

std::string DumpObject(const Workspace& workspace, Timestamp now, const ObjectRef& object) {
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
          return Dump(workspace, now, handle);
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
