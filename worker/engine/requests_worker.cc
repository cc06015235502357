// Requests to the worker itself, and those that every object answers: close and dump.

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "worker/engine/closing.h"
#include "worker/engine/dispatcher.h"
#include "worker/engine/limits.h"
#include "worker/engine/statistics.h"

namespace sluice::worker {

Dispatcher::Result Dispatcher::GetWorkerStats(Timestamp now, const schema::RequestT&) {
  return control::ResponseBody(DescribeWorker(workspace_, now));
}

Dispatcher::Result Dispatcher::GetResourceUsage(Timestamp, const schema::RequestT&) {
  const ProcessUsage::Reading reading = workspace_.options.usage.Read();
  schema::ResourceUsageT usage;
  usage.user_time_us = reading.user_time_us;
  usage.system_time_us = reading.system_time_us;
  usage.max_rss_kib = reading.max_rss_kib;
  usage.minor_faults = reading.minor_faults;
  usage.major_faults = reading.major_faults;
  usage.voluntary_switches = reading.voluntary_switches;
  usage.involuntary_switches = reading.involuntary_switches;
  usage.shared_memory_size = reading.shared_memory_size;
  usage.unshared_data_size = reading.unshared_data_size;
  usage.unshared_stack_size = reading.unshared_stack_size;
  usage.swaps = reading.swaps;
  usage.block_inputs = reading.block_inputs;
  usage.block_outputs = reading.block_outputs;
  usage.messages_sent = reading.messages_sent;
  usage.messages_received = reading.messages_received;
  usage.signals = reading.signals;
  return control::ResponseBody(std::move(usage));
}

Dispatcher::Result Dispatcher::UpdateSettings(Timestamp, const schema::RequestT& request) {
  const auto& settings = *request.body.AsUpdateSettings();
  workspace_.log_level = static_cast<int>(settings.log_level);
  workspace_.log.Set({settings.log_level, EventLog::BitsOf(settings.log_tags)});
  return Done();
}

Dispatcher::Result Dispatcher::CreateRouter(Timestamp, const schema::RequestT& request) {
  const std::string& id = request.body.AsCreateRouter()->router_id;
  if (absl::Status status = CheckNewId(id, "routerId"); !status.ok()) return status;
  if (workspace_.routers.size() >= kMaxRouters) {
    return absl::ResourceExhaustedError(absl::StrCat("the worker has ", kMaxRouters, " routers"));
  }
  const uint8_t loudest = request.body.AsCreateRouter()->loudest_speakers;
  if (loudest > rtp::LoudestFilter::kMaxPlaces) {
    return absl::InvalidArgumentError(
        absl::StrCat("loudestSpeakers: above ", rtp::LoudestFilter::kMaxPlaces));
  }
  const Handle<Router> handle = workspace_.routers.Emplace();
  Router& router = *workspace_.routers.Find(handle);
  router.id = id;
  if (loudest > 0) {
    router.loudest.emplace(rtp::LoudestFilter::Options{.places = loudest});
  }
  workspace_.names.emplace(id, handle);
  return Done();
}

Dispatcher::Result Dispatcher::CreateWebRtcServer(Timestamp, const schema::RequestT& request) {
  const auto& options = *request.body.AsCreateWebRtcServer();
  if (absl::Status status = CheckNewId(options.webrtc_server_id, "webRtcServerId"); !status.ok()) {
    return status;
  }
  if (workspace_.servers.size() >= kMaxServers) {
    return absl::ResourceExhaustedError(absl::StrCat("the worker has ", kMaxServers, " servers"));
  }
  absl::StatusOr<std::vector<ListenPoint>> points = Listen(options.listen_infos);
  if (!points.ok()) return points.status();

  const Handle<WebRtcServer> handle = workspace_.servers.Emplace();
  WebRtcServer& server = *workspace_.servers.Find(handle);
  server.id = options.webrtc_server_id;
  server.listen_points = *std::move(points);
  workspace_.names.emplace(server.id, handle);

  schema::WebRtcServerCreatedT created;
  for (const ListenPoint& point : server.listen_points) {
    created.ports.push_back(point.socket.local.port);
  }
  return control::ResponseBody(std::move(created));
}

Dispatcher::Result Dispatcher::Close(Timestamp now, const schema::RequestT& request) {
  const ObjectRef* found = Find(request.target);
  if (found == nullptr) return NoSuchTarget(request);
  const ObjectRef object = *found;  // Closing edits the table it stands in.
  if (const auto* router = std::get_if<Handle<Router>>(&object)) {
    CloseRouter(workspace_, now, *router);
  } else if (const auto* server = std::get_if<Handle<WebRtcServer>>(&object)) {
    CloseServer(workspace_, now, *server);
  } else if (const auto* transport = std::get_if<Handle<Transport>>(&object)) {
    CloseTransport(workspace_, now, *transport);
  } else if (const auto* producer = std::get_if<Handle<Producer>>(&object)) {
    CloseProducer(workspace_, now, *producer);
  } else if (const auto* observer = std::get_if<Handle<Observer>>(&object)) {
    CloseObserver(workspace_, *observer);
  } else if (const auto* data_producer = std::get_if<Handle<DataProducer>>(&object)) {
    CloseDataProducer(workspace_, now, *data_producer);
  } else if (const auto* data_consumer = std::get_if<Handle<DataConsumer>>(&object)) {
    CloseDataConsumer(workspace_, now, *data_consumer);
  } else {
    CloseConsumer(workspace_, now, std::get<Handle<Consumer>>(object));
  }
  return Done();
}

Dispatcher::Result Dispatcher::Dump(Timestamp now, const schema::RequestT& request) {
  schema::DumpTextT text;
  if (request.target.empty()) {
    text.json = DumpWorker(workspace_, now);
    return control::ResponseBody(std::move(text));
  }
  const ObjectRef* object = Find(request.target);
  if (object == nullptr) return NoSuchTarget(request);
  text.json = DumpObject(workspace_, now, *object);
  return control::ResponseBody(std::move(text));
}

}  // namespace sluice::worker
