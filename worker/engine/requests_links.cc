// Requests about transports that are not of WebRTC: plain, pipe and direct ones.

#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "worker/engine/data_flow.h"
#include "worker/engine/demux.h"
#include "worker/engine/direct_flow.h"
#include "worker/engine/direct_link.h"
#include "worker/engine/dispatcher.h"
#include "worker/engine/limits.h"
#include "worker/engine/link_events.h"
#include "worker/engine/media_flow.h"
#include "worker/engine/pipe_link.h"
#include "worker/engine/plain_link.h"
#include "worker/engine/sctp_parameters.h"

namespace sluice::worker {
namespace {

dtls::SrtpProfile ProfileOf(schema::SrtpSuite suite) {
  switch (suite) {
    case schema::SrtpSuite::AeadAes256Gcm:
      return dtls::SrtpProfile::kAeadAes256Gcm;
    case schema::SrtpSuite::AesCm128HmacSha1_80:
      return dtls::SrtpProfile::kAesCm128HmacSha1_80;
    case schema::SrtpSuite::AesCm128HmacSha1_32:
      return dtls::SrtpProfile::kAesCm128HmacSha1_32;
    case schema::SrtpSuite::AeadAes128Gcm:
      break;
  }
  return dtls::SrtpProfile::kAeadAes128Gcm;
}

schema::SrtpSuite SuiteOf(dtls::SrtpProfile profile) {
  switch (profile) {
    case dtls::SrtpProfile::kAeadAes256Gcm:
      return schema::SrtpSuite::AeadAes256Gcm;
    case dtls::SrtpProfile::kAesCm128HmacSha1_80:
      return schema::SrtpSuite::AesCm128HmacSha1_80;
    case dtls::SrtpProfile::kAesCm128HmacSha1_32:
      return schema::SrtpSuite::AesCm128HmacSha1_32;
    case dtls::SrtpProfile::kAeadAes128Gcm:
      break;
  }
  return schema::SrtpSuite::AeadAes128Gcm;
}

std::unique_ptr<schema::SrtpParametersT> Describe(const std::optional<dtls::SrtpMaster>& master) {
  if (!master) return nullptr;
  auto parameters = std::make_unique<schema::SrtpParametersT>();
  parameters->suite = SuiteOf(master->profile());
  parameters->key_base64 = master->ToBase64();
  return parameters;
}

absl::StatusOr<std::optional<dtls::SrtpMaster>> ReadSrtp(
    const std::unique_ptr<schema::SrtpParametersT>& parameters) {
  if (parameters == nullptr) return std::optional<dtls::SrtpMaster>();
  const dtls::SrtpProfile profile = ProfileOf(parameters->suite);
  std::optional<dtls::SrtpMaster> master =
      dtls::SrtpMaster::FromBase64(profile, parameters->key_base64);
  if (!master) {
    return absl::InvalidArgumentError(absl::StrCat(
        "srtpParameters.keyBase64: not ", dtls::SrtpMaster::SizeOf(profile), " bytes in base64"));
  }
  return master;
}

absl::StatusOr<PlainLink::Remote> ReadRemote(const schema::ConnectPlainTransportT& options) {
  PlainLink::Remote remote;
  if (!options.ip.empty() || options.port != 0) {
    const std::optional<IpAddress> address = IpAddress::Parse(options.ip);
    if (!address || address->is_unspecified()) {
      return absl::InvalidArgumentError(
          absl::StrCat("ip: '", absl::CHexEscape(options.ip), "' is no IP address of a peer"));
    }
    if (options.port == 0) return absl::InvalidArgumentError("port: zero");
    remote.rtp = Endpoint{*address, options.port};
    if (options.rtcp_port != 0) remote.rtcp = Endpoint{*address, options.rtcp_port};
  } else if (options.rtcp_port != 0) {
    return absl::InvalidArgumentError("rtcpPort: needs ip and port");
  }
  absl::StatusOr<std::optional<dtls::SrtpMaster>> srtp = ReadSrtp(options.srtp);
  if (!srtp.ok()) return srtp.status();
  remote.srtp = *srtp;
  return remote;
}

const std::string& ShownAddress(const ListenPoint& point, std::string& local) {
  local = point.socket.local.address.ToString();
  return point.announced_address.empty() ? local : point.announced_address;
}

schema::PlainTransportCreatedT DescribeCreated(const PlainLink& link,
                                               const std::vector<ListenPoint>& points) {
  schema::PlainTransportCreatedT created;
  std::string local;
  created.local_address = ShownAddress(points.front(), local);
  created.local_port = points.front().socket.local.port;
  if (points.size() > 1) {
    created.rtcp_local_address = ShownAddress(points.back(), local);
    created.rtcp_local_port = points.back().socket.local.port;
  }
  created.srtp = Describe(link.local_srtp());
  return created;
}

}  // namespace

absl::StatusOr<Handle<Router>> Dispatcher::RouterOfNew(const schema::RequestT& request,
                                                       const std::string& transport_id) const {
  absl::StatusOr<Handle<Router>> router = Target<Router>(request);
  if (!router.ok()) return router.status();
  if (absl::Status status = CheckNewId(transport_id, "transportId"); !status.ok()) return status;
  if (workspace_.transports.size() >= kMaxTransports) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the worker has ", kMaxTransports, " transports"));
  }
  return router;
}

absl::StatusOr<ListenPoint> Dispatcher::ListenOn(const schema::ListenInfoT& info,
                                                 const std::string& field) {
  if (info.protocol != schema::Protocol::Udp) {
    return absl::InvalidArgumentError(field + ".protocol: only udp is supported");
  }
  std::vector<std::unique_ptr<schema::ListenInfoT>> infos;
  infos.push_back(std::make_unique<schema::ListenInfoT>(info));
  absl::StatusOr<std::vector<ListenPoint>> points = Listen(infos);
  if (points.ok()) return std::move(points->front());
  return absl::Status(points.status().code(),
                      absl::StrReplaceAll(points.status().message(), {{"listenInfos[0]", field}}));
}

Handle<Transport> Dispatcher::AddTransport(const std::string& id, Handle<Router> router,
                                           std::unique_ptr<Link> link,
                                           std::vector<ListenPoint> points) {
  // There is no path to the application, and nobody who would tell what it carries.
  const bool has_path = link->kind() != LinkKind::kDirect;
  const bool waits = link->kind() == LinkKind::kPlain;
  const Handle<Transport> handle = workspace_.transports.Emplace(
      std::move(link),
      Transport::Options{
          .entropy = workspace_.options.entropy,
          .unix_offset = workspace_.options.unix_offset,
          .adapts_to_bandwidth = has_path && workspace_.options.adapts_to_bandwidth,
          .waits_for_feedback = waits,
          .traces_estimate = workspace_.options.estimate_traces != nullptr,
      });
  Transport& transport = *workspace_.transports.Find(handle);
  transport.id = id;
  transport.router = router;
  transport.own_points = std::move(points);
  for (const ListenPoint& point : transport.own_points) {
    workspace_.routes.AddSocket(point.socket.id, handle);
  }
  workspace_.names.emplace(id, handle);
  workspace_.routers.Find(router)->transports.push_back(handle);
  workspace_.Wake(handle);
  return handle;
}

Dispatcher::Result Dispatcher::CreatePlainTransport(Timestamp, const schema::RequestT& request) {
  const auto& options = *request.body.AsCreatePlainTransport();
  absl::StatusOr<Handle<Router>> router = RouterOfNew(request, options.transport_id);
  if (!router.ok()) return router.status();
  if (options.rtcp_mux && options.rtcp_listen_info) {
    return absl::InvalidArgumentError("rtcpListenInfo: RTCP shares the port of RTP");
  }
  if (options.sctp != nullptr) {
    if (absl::Status status = CheckSctp(*options.sctp); !status.ok()) return status;
  }
  std::vector<ListenPoint> points;
  absl::StatusOr<ListenPoint> point = ListenOn(*options.listen_info, "listenInfo");
  if (!point.ok()) return point.status();
  points.push_back(*std::move(point));
  if (!options.rtcp_mux) {
    schema::ListenInfoT info = *options.listen_info;
    info.port = 0;
    point = ListenOn(options.rtcp_listen_info ? *options.rtcp_listen_info : info, "rtcpListenInfo");
    if (!point.ok()) {
      workspace_.options.sockets.Close(points.front().socket.id);
      return point.status();
    }
    points.push_back(*std::move(point));
  }
  auto link = std::make_unique<PlainLink>(PlainLink::Options{
      .socket = points.front().socket.id,
      .rtcp_socket = options.rtcp_mux ? std::nullopt : std::optional(points.back().socket.id),
      .comedia = options.comedia,
      .srtp = options.enable_srtp ? std::optional(ProfileOf(options.srtp_suite)) : std::nullopt,
      .cipher = workspace_.options.cipher,
      .entropy = workspace_.options.entropy});
  schema::PlainTransportCreatedT created = DescribeCreated(*link, points);
  const Handle<Transport> handle =
      AddTransport(options.transport_id, *router, std::move(link), std::move(points));
  if (options.sctp != nullptr) {
    AddDataPath(workspace_, handle, *options.sctp);
    created.sctp = DescribeSctp(workspace_.transports.Find(handle)->data->association());
  }
  return control::ResponseBody(std::move(created));
}

Dispatcher::Result Dispatcher::CreatePipeTransport(Timestamp, const schema::RequestT& request) {
  const auto& options = *request.body.AsCreatePipeTransport();
  absl::StatusOr<Handle<Router>> router = RouterOfNew(request, options.transport_id);
  if (!router.ok()) return router.status();
  if (options.sctp != nullptr) {
    if (absl::Status status = CheckSctp(*options.sctp); !status.ok()) return status;
  }
  absl::StatusOr<ListenPoint> point = ListenOn(*options.listen_info, "listenInfo");
  if (!point.ok()) return point.status();
  std::vector<ListenPoint> points{*std::move(point)};
  auto link = std::make_unique<PipeLink>(PipeLink::Options{.socket = points.front().socket.id,
                                                           .enable_srtp = options.enable_srtp,
                                                           .on_demand = options.on_demand,
                                                           .cipher = workspace_.options.cipher,
                                                           .entropy = workspace_.options.entropy});
  schema::PlainTransportCreatedT created = DescribeCreated(*link, points);
  const Handle<Transport> handle =
      AddTransport(options.transport_id, *router, std::move(link), std::move(points));
  if (options.sctp != nullptr) {
    AddDataPath(workspace_, handle, *options.sctp);
    created.sctp = DescribeSctp(workspace_.transports.Find(handle)->data->association());
  }
  return control::ResponseBody(std::move(created));
}

Dispatcher::Result Dispatcher::ConnectPlainTransport(Timestamp now,
                                                     const schema::RequestT& request) {
  absl::StatusOr<Handle<Transport>> handle = Target<Transport>(request);
  if (!handle.ok()) return handle.status();
  Transport& transport = *workspace_.transports.Find(*handle);
  auto* const link = transport.As<PlainLink>();
  if (link == nullptr) {
    return absl::FailedPreconditionError("target: is neither a plain nor a pipe transport");
  }
  absl::StatusOr<PlainLink::Remote> remote = ReadRemote(*request.body.AsConnectPlainTransport());
  if (!remote.ok()) return remote.status();
  if (link->kind() == LinkKind::kPipe && remote->srtp &&
      remote->srtp->profile() != dtls::SrtpProfile::kAeadAes256Gcm) {
    return absl::InvalidArgumentError("srtpParameters.cryptoSuite: pipes use AEAD_AES_256_GCM");
  }
  if (absl::Status status = link->Connect(*remote); !status.ok()) return status;

  schema::PlainTransportConnectedT connected;
  if (link->path()) {
    connected.tuple = DescribeTuple(workspace_, transport, *link->path());
    AdoptPath(workspace_, now, *handle, *link->path());
  }
  if (link->rtcp_path()) {
    connected.rtcp_tuple = DescribeTuple(workspace_, transport, *link->rtcp_path());
    AdoptPath(workspace_, now, *handle, *link->rtcp_path());
  }
  connected.srtp = Describe(link->local_srtp());
  workspace_.Debug(now, LogTag::Srtp, "transport ", transport.id, ": SRTP by ",
                   link->is_protected() ? link->srtp_profile() : "nothing");
  BeginSending(workspace_, now, transport);
  // Both ends agree on who has which stream, so that it does not matter who has which role.
  if (transport.data != nullptr && link->path()) {
    BeginData(workspace_, now, *handle, dtls::Role::kServer);
  }
  workspace_.Wake(*handle);
  return control::ResponseBody(std::move(connected));
}

Dispatcher::Result Dispatcher::CreateDirectTransport(Timestamp, const schema::RequestT& request) {
  const auto& options = *request.body.AsCreateDirectTransport();
  absl::StatusOr<Handle<Router>> router = RouterOfNew(request, options.transport_id);
  if (!router.ok()) return router.status();
  for (const auto& [name, size] : {std::pair("maxSendMessageSize", options.max_send_message_size),
                                   {"maxReceiveMessageSize", options.max_receive_message_size}}) {
    if (size != 0 && size <= kMaxSctpMessage) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": neither 1 nor up to ", kMaxSctpMessage));
  }
  const Handle<Transport> handle =
      AddTransport(options.transport_id, *router, std::make_unique<DirectLink>(), {});
  Transport& transport = *workspace_.transports.Find(handle);
  transport.max_send_message_size = options.max_send_message_size;
  transport.max_receive_message_size = options.max_receive_message_size;
  return Done();
}

Dispatcher::Result Dispatcher::SendRtp(Timestamp now, const schema::RequestT& request) {
  absl::StatusOr<Handle<Producer>> handle = Target<Producer>(request);
  if (!handle.ok()) return handle.status();
  const Handle<Transport> owner = workspace_.producers.Find(*handle)->transport;
  if (workspace_.transports.Find(owner)->As<DirectLink>() == nullptr) {
    return absl::FailedPreconditionError("target: its transport is not a direct one");
  }
  const auto& packets = request.body.AsSendRtp()->packets;
  for (size_t i = 0; i < packets.size(); ++i) {
    if (Classify(packets[i]->bytes) != Wire::kRtp) {
      return absl::InvalidArgumentError(absl::StrCat("packets[", i, "]: no RTP"));
    }
  }
  for (const auto& packet : packets) ReceiveDirect(workspace_, now, owner, packet->bytes);
  return Done();
}

Dispatcher::Result Dispatcher::SendRtcp(Timestamp now, const schema::RequestT& request) {
  absl::StatusOr<Handle<Transport>> handle = Target<Transport>(request);
  if (!handle.ok()) return handle.status();
  if (workspace_.transports.Find(*handle)->As<DirectLink>() == nullptr) {
    return absl::FailedPreconditionError("target: is no direct transport");
  }
  const std::vector<uint8_t>& bytes = request.body.AsSendRtcp()->packet->bytes;
  if (Classify(bytes) != Wire::kRtcp) return absl::InvalidArgumentError("packet: no RTCP");
  ReceiveDirect(workspace_, now, *handle, bytes);
  return Done();
}

}  // namespace sluice::worker
