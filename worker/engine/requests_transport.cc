// Requests about transports: where to listen, whom to trust, how fast.

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "ice/candidate.h"
#include "worker/engine/closing.h"
#include "worker/engine/dispatcher.h"
#include "worker/engine/limits.h"
#include "worker/engine/link_events.h"
#include "worker/engine/sctp_parameters.h"
#include "worker/engine/webrtc_link.h"

namespace sluice::worker {
namespace {

// RFC 8445 §5.1.2.1: any value will do as long as earlier listen infos get higher ones.
constexpr uint16_t kFirstLocalPreference = 10'000;
// What an application gets that prefers one protocol: more than TCP is worse by (RFC 6544 §4.2).
constexpr uint16_t kPreferred = 1'000;

constexpr char kNotWebRtc[] = "target: is no WebRTC transport";

absl::StatusOr<ListenOptions> ReadListenInfo(const schema::ListenInfoT& info,
                                             const std::string& field) {
  const std::optional<IpAddress> address = IpAddress::Parse(info.ip);
  if (!address) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ".ip: '", absl::CHexEscape(info.ip), "' is no IP address"));
  }
  if (address->is_unspecified() && info.announced_address.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ".announcedAddress: needed when ip is ", info.ip));
  }
  const bool is_tcp = info.protocol == schema::Protocol::Tcp;
  if (is_tcp && info.udp_reuse_port) {
    return absl::InvalidArgumentError(absl::StrCat(field, ".flags.udpReusePort: only for udp"));
  }
  if (info.port_min > info.port_max) {
    return absl::InvalidArgumentError(absl::StrCat(field, ".portRange: min is above max"));
  }
  ListenOptions options;
  options.protocol = is_tcp ? TransportProtocol::kTcp : TransportProtocol::kUdp;
  options.address = *address;
  options.port = info.port;
  options.port_min = info.port_min;
  options.port_max = info.port_max;
  options.ipv6_only = info.ipv6_only;
  options.reuse_port = info.udp_reuse_port;
  options.send_buffer = info.send_buffer_size;
  options.receive_buffer = info.recv_buffer_size;
  return options;
}

bool IsEnabled(const schema::CreateWebRtcTransportT& options, bool is_tcp) {
  return is_tcp ? options.enable_tcp : options.enable_udp;
}

// Candidates of one transport, the first listen info's first.
class CandidateList {
 public:
  explicit CandidateList(const schema::CreateWebRtcTransportT& options) : options_(options) {}

  void Add(const ListenPoint& point) {
    const bool is_tcp = point.socket.local.protocol == TransportProtocol::kTcp;
    if (!IsEnabled(options_, is_tcp)) return;
    const std::string internal = point.socket.local.address.ToString();
    const bool announced = !point.announced_address.empty();
    Append(announced ? point.announced_address : internal, point);
    if (announced && point.expose_internal_ip && !point.socket.local.address.is_unspecified()) {
      Append(internal, point);
    }
    ++points_;
  }
  std::vector<std::unique_ptr<schema::IceCandidateT>> Take() { return std::move(candidates_); }

 private:
  void Append(const std::string& address, const ListenPoint& point) {
    const TransportProtocol protocol = point.socket.local.protocol;
    const bool is_tcp = protocol == TransportProtocol::kTcp;
    const bool is_preferred = is_tcp ? options_.prefer_tcp : options_.prefer_udp;
    const size_t preference =
        kFirstLocalPreference + (is_preferred ? kPreferred : 0) - candidates_.size();
    auto candidate = std::make_unique<schema::IceCandidateT>();
    // RFC 8445 §5.1.1.3: candidates of one base and protocol share a foundation; every listen point
    // is a base of its own.
    candidate->foundation = absl::StrCat(is_tcp ? "tcpcandidate" : "udpcandidate",
                                         points_ == 0 ? "" : absl::StrCat(points_));
    candidate->priority = ice::HostPriority(protocol, static_cast<uint16_t>(preference));
    candidate->address = address;
    candidate->protocol = is_tcp ? schema::Protocol::Tcp : schema::Protocol::Udp;
    candidate->port = point.socket.local.port;
    candidates_.push_back(std::move(candidate));
  }

  const schema::CreateWebRtcTransportT& options_;
  size_t points_ = 0;
  std::vector<std::unique_ptr<schema::IceCandidateT>> candidates_;
};

absl::Status NothingToListenOn() {
  return absl::InvalidArgumentError("enableUdp, enableTcp: nothing is left to listen on");
}

std::unique_ptr<schema::IceParametersT> Describe(const ice::Credentials& credentials) {
  auto parameters = std::make_unique<schema::IceParametersT>();
  parameters->username_fragment = credentials.ufrag;
  parameters->password = credentials.password;
  return parameters;
}

// The strongest fingerprint that we can compute. RFC 8122 §5: an offer may hold several of one
// certificate, and weak hashes count for nothing.
absl::StatusOr<dtls::Fingerprint> Strongest(
    const std::vector<std::unique_ptr<schema::FingerprintT>>& fingerprints) {
  if (fingerprints.empty()) return absl::InvalidArgumentError("fingerprints: empty");
  std::optional<dtls::Fingerprint> best;
  for (size_t i = 0; i < fingerprints.size(); ++i) {
    const std::string& algorithm = fingerprints[i]->algorithm;
    if (algorithm != "sha-256" && algorithm != "sha-384" && algorithm != "sha-512") continue;
    const auto parsed = dtls::Fingerprint::Parse(algorithm, fingerprints[i]->value);
    if (!parsed) {
      return absl::InvalidArgumentError(
          absl::StrCat("fingerprints[", i, "].value: not a ", algorithm, " hash in hex pairs"));
    }
    if (!best || best->algorithm() < parsed->algorithm()) best = parsed;
  }
  if (!best) {
    return absl::InvalidArgumentError(
        "fingerprints: none of them uses sha-256, sha-384 or sha-512");
  }
  return *best;
}

}  // namespace

absl::StatusOr<std::vector<ListenPoint>> Dispatcher::Listen(
    const std::vector<std::unique_ptr<schema::ListenInfoT>>& infos, bool udp, bool tcp) {
  if (infos.empty()) return absl::InvalidArgumentError("listenInfos: empty");
  std::vector<ListenOptions> wanted;
  for (size_t i = 0; i < infos.size(); ++i) {
    absl::StatusOr<ListenOptions> options =
        ReadListenInfo(*infos[i], absl::StrCat("listenInfos[", i, "]"));
    if (!options.ok()) return options.status();
    wanted.push_back(*options);
  }
  std::vector<ListenPoint> points;
  for (size_t i = 0; i < infos.size(); ++i) {
    const bool is_tcp = wanted[i].protocol == TransportProtocol::kTcp;
    if (is_tcp ? !tcp : !udp) continue;
    absl::StatusOr<BoundSocket> socket = workspace_.options.sockets.Open(wanted[i]);
    if (!socket.ok()) {
      for (const ListenPoint& point : points) {
        workspace_.options.sockets.Close(point.socket.id);
      }
      return absl::Status(socket.status().code(),
                          absl::StrCat("listenInfos[", i, "]: ", socket.status().message()));
    }
    points.push_back({*socket, infos[i]->announced_address, infos[i]->expose_internal_ip});
  }
  if (points.empty()) return NothingToListenOn();
  return points;
}

// What can be judged without looking at anything but the request.
absl::Status Dispatcher::CheckTransportOptions(
    const schema::CreateWebRtcTransportT& options) const {
  if (absl::Status status = CheckNewId(options.transport_id, "transportId"); !status.ok()) {
    return status;
  }
  if (workspace_.transports.size() >= kMaxTransports) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the worker has ", kMaxTransports, " transports"));
  }
  const int consent = options.ice_consent_timeout_s;
  if (consent != 0 && (consent < 10 || consent > 60)) {
    return absl::InvalidArgumentError("iceConsentTimeout: neither 0 nor 10 to 60 seconds");
  }
  if (options.initial_available_outgoing_bitrate < kMinEstimate) {
    return absl::InvalidArgumentError("initialAvailableOutgoingBitrate: below 30000");
  }
  if (options.webrtc_server_id.empty() == options.listen_infos.empty()) {
    return absl::InvalidArgumentError(
        "webRtcServerId, listenInfos: exactly one of the two is needed");
  }
  return options.sctp == nullptr ? absl::OkStatus() : CheckSctp(*options.sctp);
}

Dispatcher::Result Dispatcher::CreateWebRtcTransport(Timestamp, const schema::RequestT& request) {
  absl::StatusOr<Handle<Router>> router = Target<Router>(request);
  if (!router.ok()) return router.status();
  const auto& options = *request.body.AsCreateWebRtcTransport();
  if (absl::Status status = CheckTransportOptions(options); !status.ok()) return status;
  Handle<WebRtcServer> server;
  std::vector<ListenPoint> points;
  if (options.webrtc_server_id.empty()) {
    absl::StatusOr<std::vector<ListenPoint>> opened =
        Listen(options.listen_infos, options.enable_udp, options.enable_tcp);
    if (!opened.ok()) return opened.status();
    points = *std::move(opened);
  } else {
    const ObjectRef* object = Find(options.webrtc_server_id);
    const auto* found = object == nullptr ? nullptr : std::get_if<Handle<WebRtcServer>>(object);
    if (found == nullptr) {
      return absl::NotFoundError(absl::StrCat("webRtcServerId: there is no '",
                                              absl::CHexEscape(options.webrtc_server_id), "'"));
    }
    server = *found;
    const bool listens = std::ranges::any_of(
        workspace_.servers.Find(server)->listen_points, [&](const ListenPoint& point) {
          return IsEnabled(options, point.socket.local.protocol == TransportProtocol::kTcp);
        });
    if (!listens) return NothingToListenOn();
  }
  auto link = std::make_unique<WebRtcLink>(workspace_.options.dtls, workspace_.options.cipher,
                                           ice::Credentials::Generate(workspace_.options.entropy),
                                           std::chrono::seconds(options.ice_consent_timeout_s));
  const Handle<Transport> handle = workspace_.transports.Emplace(
      std::move(link),
      Transport::Options{
          .entropy = workspace_.options.entropy,
          .unix_offset = workspace_.options.unix_offset,
          .initial_estimate = BitRate::Bps(options.initial_available_outgoing_bitrate),
          .adapts_to_bandwidth = workspace_.options.adapts_to_bandwidth,
          .traces_estimate = workspace_.options.estimate_traces != nullptr,
          .speaks_udp = options.enable_udp,
          .speaks_tcp = options.enable_tcp,
      });
  Transport& transport = *workspace_.transports.Find(handle);
  transport.id = options.transport_id;
  transport.router = *router;
  transport.server = server;
  transport.own_points = std::move(points);
  CandidateList candidates(options);
  for (const ListenPoint& point : PointsOf(workspace_, transport)) candidates.Add(point);
  if (options.sctp != nullptr) {
    transport.As<WebRtcLink>()->CarryData();
    AddDataPath(workspace_, handle, *options.sctp);
  }
  return Register(handle, transport, candidates.Take());
}

// Makes a new transport known to all who must find it, and describes it.
Dispatcher::Result Dispatcher::Register(
    Handle<Transport> handle, Transport& transport,
    std::vector<std::unique_ptr<schema::IceCandidateT>> candidates) {
  workspace_.names.emplace(transport.id, handle);
  workspace_.routers.Find(transport.router)->transports.push_back(handle);
  WebRtcServer* server = workspace_.servers.Find(transport.server);
  if (server != nullptr) server->transports.push_back(handle);
  RouteUfrag(workspace_, handle, transport);
  workspace_.Wake(handle);

  schema::WebRtcTransportCreatedT created;
  created.ice_parameters = Describe(transport.As<WebRtcLink>()->agent().local());
  created.ice_candidates = std::move(candidates);
  for (const dtls::Fingerprint& fingerprint : workspace_.options.dtls.fingerprints()) {
    auto described = std::make_unique<schema::FingerprintT>();
    described->algorithm = fingerprint.algorithm_text();
    described->value = fingerprint.value_text();
    created.dtls_fingerprints.push_back(std::move(described));
  }
  if (transport.data != nullptr) created.sctp = DescribeSctp(transport.data->association());
  return control::ResponseBody(std::move(created));
}

Dispatcher::Result Dispatcher::ConnectWebRtcTransport(Timestamp now,
                                                      const schema::RequestT& request) {
  absl::StatusOr<Handle<Transport>> handle = Target<Transport>(request);
  if (!handle.ok()) return handle.status();
  const auto& options = *request.body.AsConnectWebRtcTransport();
  auto* const link = workspace_.transports.Find(*handle)->As<WebRtcLink>();
  if (link == nullptr) return absl::FailedPreconditionError(kNotWebRtc);
  if (link->connecting()) {
    return absl::FailedPreconditionError("connect: has been called before");
  }
  absl::StatusOr<dtls::Fingerprint> fingerprint = Strongest(options.fingerprints);
  if (!fingerprint.ok()) return fingerprint.status();

  // A peer without a preference leaves the active part to us: we are reachable, it may not be.
  const bool we_are_client = options.role != schema::DtlsRole::Client;
  link->Connect(we_are_client ? dtls::Role::kClient : dtls::Role::kServer, *fingerprint);
  HandleLinkEvents(workspace_, now, *handle);
  workspace_.Wake(*handle);

  schema::WebRtcTransportConnectedT connected;
  connected.dtls_local_role = we_are_client ? schema::DtlsRole::Client : schema::DtlsRole::Server;
  return control::ResponseBody(std::move(connected));
}

Dispatcher::Result Dispatcher::RestartIce(Timestamp, const schema::RequestT& request) {
  absl::StatusOr<Handle<Transport>> handle = Target<Transport>(request);
  if (!handle.ok()) return handle.status();
  Transport& transport = *workspace_.transports.Find(*handle);
  auto* const link = transport.As<WebRtcLink>();
  if (link == nullptr) return absl::FailedPreconditionError(kNotWebRtc);
  const ice::Credentials fresh = ice::Credentials::Generate(workspace_.options.entropy);
  link->RestartIce(fresh);
  RouteUfrag(workspace_, *handle, transport);
  schema::IceRestartedT restarted;
  restarted.ice_parameters = Describe(fresh);
  return control::ResponseBody(std::move(restarted));
}

Dispatcher::Result Dispatcher::SetMaxIncomingBitrate(Timestamp, const schema::RequestT& request) {
  absl::StatusOr<Handle<Transport>> handle = Target<Transport>(request);
  if (!handle.ok()) return handle.status();
  Transport& transport = *workspace_.transports.Find(*handle);
  transport.ingress.SetMaxBitRate(BitRate::Bps(request.body.AsSetMaxIncomingBitrate()->bitrate));
  workspace_.Wake(*handle);
  return Done();
}

}  // namespace sluice::worker
