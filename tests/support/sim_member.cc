#include "tests/support/sim_member.h"

#include "base/check.h"
#include "dtls/srtp_master.h"
#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

// Two interfaces of every member: addresses that belong to nobody else.
std::vector<Endpoint> SocketsOf(size_t number, TransportProtocol protocol) {
  const auto high = static_cast<uint8_t>(number / 250);
  const auto low = static_cast<uint8_t>(1 + number % 250);
  return {{IpAddress::V4(198, 18, high, low), 50'000, protocol},
          {IpAddress::V4(198, 19, high, low), 50'000, protocol}};
}

// A tool has one address, and a second port for RTCP.
std::vector<Endpoint> ToolSocketsOf(size_t number) {
  const Endpoint rtp = SocketsOf(number, TransportProtocol::kUdp).front();
  return {rtp, {rtp.address, static_cast<uint16_t>(rtp.port + 1)}};
}

schema::SrtpSuite SuiteOf(dtls::SrtpProfile profile) {
  return static_cast<schema::SrtpSuite>(static_cast<int>(profile));
}

std::unique_ptr<schema::ConsumerLayersT> LayersOf(rtp::LayerId layers) {
  auto described = std::make_unique<schema::ConsumerLayersT>();
  described->spatial_layer = layers.spatial;
  described->temporal_layer = layers.temporal;
  return described;
}

}  // namespace

std::vector<SimEncodingOptions> ThreeEncodings() {
  const auto encoding = [](const char* rid, int packets, size_t size, uint16_t width) {
    return SimEncodingOptions{.rid = rid,
                              .encoder = {.packets_per_frame = packets,
                                          .packets_per_key_frame = 4 * packets,
                                          .payload_size = size,
                                          .temporal_layers = 3,
                                          .width = width,
                                          .height = static_cast<uint16_t>(width * 9 / 16)}};
  };
  return {encoding("r0", 1, 500, 320), encoding("r1", 2, 1000, 640), encoding("r2", 7, 1000, 1280)};
}

template <typename Body>
SimControl::Answer Member::Ask(std::string_view target, Body body) {
  return sim_.Ask(target, std::move(body), options_.engine);
}

Member::Member(Simulation& sim, std::string name, size_t number, const MemberOptions& options)
    : sim_(sim),
      name_(std::move(name)),
      number_(number),
      options_(options),
      transport_(name_ + "-transport") {
  SetLink(options.link.value_or(sim.options_.link));
  if (options.plain) {
    CreatePlain();
  } else {
    CreateWebRtc();
  }
}

std::unique_ptr<schema::ListenInfoT> Member::OwnPort() const {
  auto info = std::make_unique<schema::ListenInfoT>();
  info->ip = sim_.server(options_.engine).address.ToString();
  return info;
}

void Member::CreateWebRtc() {
  schema::CreateWebRtcTransportT create;
  create.transport_id = transport_;
  create.ice_consent_timeout_s = options_.consent_timeout_s;
  create.enable_tcp = options_.tcp.has_value();
  create.enable_udp = !options_.tcp;
  if (options_.data_channels) create.sctp = std::make_unique<schema::SctpParametersT>();
  if (sim_.options_.shared_port) {
    create.webrtc_server_id = "server";
  } else {
    create.listen_infos.push_back(OwnPort());
  }
  const SimControl::Answer answer = Ask(options_.router, std::move(create));
  SLUICE_CHECK(answer.ok());
  const schema::WebRtcTransportCreatedT& created = *answer.body.AsWebRtcTransportCreated();
  const schema::IceCandidateT& candidate = *created.ice_candidates.front();
  const auto protocol = options_.tcp ? TransportProtocol::kTcp : TransportProtocol::kUdp;
  server_ = {*IpAddress::Parse(candidate.address), candidate.port, protocol};
  worker_credentials_ = {created.ice_parameters->username_fragment,
                         created.ice_parameters->password};
  const auto& fingerprint = *created.dtls_fingerprints.back();

  SimPeer::Options peer{
      .local = ice::Credentials::Generate(sim_.entropy()),
      .remote = worker_credentials_,
      .sockets = SocketsOf(number_, protocol),
      .server = server_,
      .nomination = options_.nomination,
      .role = options_.role,
      .expected = *dtls::Fingerprint::Parse(fingerprint.algorithm, fingerprint.value),
      .cname = name_,
      .data_channels = options_.data_channels,
  };
  peer_ = std::make_unique<SimPeer>(
      peer, options_.impostor ? Simulation::ForeignCertificate() : Simulation::PeerCertificate(),
      sim_.entropy());
}

void Member::CreatePlain() {
  const PlainOptions& plain = *options_.plain;
  schema::CreatePlainTransportT create;
  create.transport_id = transport_;
  create.listen_info = OwnPort();
  create.rtcp_mux = plain.rtcp_mux;
  create.comedia = plain.comedia;
  create.enable_srtp = plain.srtp.has_value();
  if (plain.srtp) create.srtp_suite = SuiteOf(*plain.srtp);
  const SimControl::Answer answer = Ask(options_.router, std::move(create));
  SLUICE_CHECK(answer.ok());
  const schema::PlainTransportCreatedT& created = *answer.body.AsPlainTransportCreated();
  server_ = {*IpAddress::Parse(created.local_address), created.local_port};
  if (created.rtcp_local_port != 0) {
    rtcp_server_ = Endpoint{*IpAddress::Parse(created.rtcp_local_address), created.rtcp_local_port};
  }
  const SimPeer::Options peer{.local = ice::Credentials::Generate(sim_.entropy()),
                              .remote = ice::Credentials::Generate(sim_.entropy()),
                              .sockets = ToolSocketsOf(number_),
                              .server = server_,
                              .expected = Simulation::WorkerCertificate().fingerprints().back(),
                              .cname = name_};
  peer_ = std::make_unique<SimPeer>(peer, Simulation::PeerCertificate(), sim_.entropy());
}

SimControl::Answer Member::ConnectPlain() {
  const PlainOptions& plain = *options_.plain;
  schema::ConnectPlainTransportT connect;
  if (!plain.comedia) {
    connect.ip = peer_->socket(SocketId(0)).address.ToString();
    connect.port = peer_->socket(SocketId(0)).port;
    if (!plain.rtcp_mux) connect.rtcp_port = peer_->socket(SocketId(1)).port;
  }
  std::optional<dtls::SrtpMaster> own;
  if (plain.srtp) {
    own = dtls::SrtpMaster::Generate(plain.own_srtp.value_or(*plain.srtp), sim_.entropy());
    connect.srtp = std::make_unique<schema::SrtpParametersT>();
    connect.srtp->suite = SuiteOf(own->profile());
    connect.srtp->key_base64 = own->ToBase64();
  }
  SimControl::Answer answer = Ask(transport_, std::move(connect));
  SimPeer::Plain started{.rtcp_server = rtcp_server_};
  if (own && answer.ok()) {
    const auto& connected = *answer.body.AsPlainTransportConnected();
    const auto theirs = dtls::SrtpMaster::FromBase64(own->profile(), connected.srtp->key_base64);
    SLUICE_CHECK(theirs.has_value());
    started.srtp = dtls::SrtpKeys::FromHalves(own->profile(), own->bytes(), theirs->bytes());
  }
  peer_->StartPlain(sim_.now(), started);
  sim_.Flush();
  return answer;
}

// Tools know nothing of what browsers put into headers.
std::unique_ptr<schema::RtpParametersT> Member::Describe(const SimTrackOptions& track,
                                                         const std::string& cname) const {
  auto parameters = DescribeTrack(track, cname);
  if (!options_.plain) return parameters;
  parameters->header_extensions.clear();
  for (const auto& codec : parameters->codecs) {
    std::erase_if(codec->rtcp_feedback,
                  [](const auto& feedback) { return feedback->type == "transport-cc"; });
  }
  return parameters;
}

SimControl::Answer Member::Connect() {
  if (options_.plain) return ConnectPlain();
  schema::ConnectWebRtcTransportT connect;
  if (options_.tell_role) {
    connect.role =
        options_.role == dtls::Role::kClient ? schema::DtlsRole::Client : schema::DtlsRole::Server;
  }
  const dtls::Fingerprint& ours = Simulation::PeerCertificate().fingerprints().back();
  auto fingerprint = std::make_unique<schema::FingerprintT>();
  fingerprint->algorithm = ours.algorithm_text();
  fingerprint->value = ours.value_text();
  connect.fingerprints.push_back(std::move(fingerprint));
  if (options_.tcp) {
    sim_.network().Connect(peer_->socket(peer_->ice().path().socket), server_, *options_.tcp);
  }
  SimControl::Answer answer = Ask(transport_, std::move(connect));
  peer_->Start(sim_.now());
  sim_.Flush();
  return answer;
}

Publication& Member::PublishVideo(const PublishOptions& options) {
  SimTrackOptions track{.kind = rtp::MediaKind::kVideo,
                        .payload_type = kProducerVideo,
                        .rtx_payload_type = kProducerRtx,
                        .nack = options.nack,
                        .signals_ssrcs = options.signals_ssrcs};
  if (!options.encodings.empty()) return PublishEncodings(track, options);
  if (options.rtx) track.rtx_ssrc = Ssrc(sim_.entropy().U32());
  return Publish(std::move(track), options);
}

Publication& Member::PublishAudio(const PublishOptions& options) {
  return Publish(
      {.kind = rtp::MediaKind::kAudio, .payload_type = kProducerAudio, .nack = options.nack},
      options);
}

Publication& Member::Publish(SimTrackOptions track, const PublishOptions& options) {
  track.ssrc = Ssrc(sim_.entropy().U32());
  track.mid = std::to_string(next_track_++);
  const std::string id = Produce({track}, options.paused);
  std::vector<SimSendTrack*> senders{&peer_->Send(sim_.now(), track, options.encoder)};
  return *publications_.emplace_back(std::make_unique<Publication>(*this, id, senders));
}

Publication& Member::PublishEncodings(const SimTrackOptions& common,
                                      const PublishOptions& options) {
  std::vector<SimTrackOptions> tracks;
  for (const SimEncodingOptions& encoding : options.encodings) {
    SimTrackOptions track = common;
    track.ssrc = Ssrc(sim_.entropy().U32());
    if (options.rtx) track.rtx_ssrc = Ssrc(sim_.entropy().U32());
    track.rid = encoding.rid;
    track.max_bitrate = encoding.max_bitrate;
    track.mid = std::to_string(next_track_);
    tracks.push_back(std::move(track));
  }
  ++next_track_;
  const std::string id = Produce(tracks, options.paused);
  std::vector<SimSendTrack*> senders;
  for (size_t i = 0; i < tracks.size(); ++i) {
    senders.push_back(&peer_->Send(sim_.now(), tracks[i], options.encodings[i].encoder));
  }
  return *publications_.emplace_back(std::make_unique<Publication>(*this, id, senders));
}

Publication& Member::PublishAgain(Publication& closed) {
  std::vector<SimTrackOptions> tracks;
  std::vector<SimSendTrack*> senders;
  for (size_t i = 0; i < closed.encodings(); ++i) {
    tracks.push_back(closed.track(i).track());
    senders.push_back(&closed.track(i));
  }
  const std::string id = Produce(tracks, false);
  return *publications_.emplace_back(std::make_unique<Publication>(*this, id, senders));
}

std::string Member::Produce(const std::vector<SimTrackOptions>& tracks, bool paused) {
  const SimTrackOptions& first = tracks.front();
  schema::ProduceT produce;
  produce.producer_id = name_ + "-producer-" + first.mid;
  produce.kind = SchemaKind(first.kind);
  produce.rtp_parameters =
      tracks.size() == 1 ? Describe(first, name_) : DescribeEncodings(tracks, name_);
  produce.mapping = DescribeMapping(first.kind);
  produce.paused = paused;
  std::string id = produce.producer_id;
  SLUICE_CHECK(Ask(transport_, std::move(produce)).ok());
  return id;
}

Subscription& Member::Subscribe(const Publication& publication, const SubscribeOptions& options) {
  const bool video = publication.kind() == rtp::MediaKind::kVideo;
  SimTrackOptions track{.kind = publication.kind(),
                        .mid = std::to_string(next_track_++),
                        .ssrc = Ssrc(sim_.entropy().U32()),
                        .payload_type = video ? kRouterVideo : kRouterAudio,
                        .rtx_payload_type = kRouterRtx,
                        .nack = options.nack};
  if (video && options.rtx) track.rtx_ssrc = Ssrc(sim_.entropy().U32());
  schema::ConsumeT consume;
  consume.consumer_id = name_ + "-consumer-" + track.mid;
  consume.producer_id = publication.id();
  consume.kind = SchemaKind(track.kind);
  consume.rtp_parameters = Describe(track, "source");
  consume.paused = options.paused;
  if (options.preferred) consume.preferred_layers = LayersOf(*options.preferred);
  consume.priority = options.priority;
  const std::string id = consume.consumer_id;
  // The browser is told before media can flow.
  std::vector<Ssrc> sources;
  for (size_t i = 0; i < publication.encodings(); ++i) {
    sources.push_back(publication.track(i).track().ssrc);
  }
  SimReceiveTrack& receiver = peer_->Expect(sim_.now(), track, std::move(sources));
  SLUICE_CHECK(Ask(transport_, std::move(consume)).ok());
  return *subscriptions_.emplace_back(std::make_unique<Subscription>(*this, id, receiver));
}

SimControl::Answer Member::Close() { return Ask(transport_, schema::CloseT()); }

schema::TransportStatsT Member::Stats() {
  SimControl::Answer answer = Ask(transport_, schema::GetStatsT());
  SLUICE_CHECK(answer.ok());
  return std::move(*answer.body.AsTransportStats());
}

uint64_t Member::Drops(DropReason reason) { return CountOf(Stats().drops, reason); }

void Member::Rebind() {
  const Endpoint& inner = peer_->socket(SocketId(0));
  Endpoint outer = inner;
  outer.address = IpAddress::V4(203, 0, 113, static_cast<uint8_t>(1 + number_ % 250));
  outer.port = static_cast<uint16_t>(61'000 + rebinds_++);
  sim_.network().Rebind(inner, outer);
}

void Member::MoveToOtherInterface() {
  const SocketId other(1 - peer_->ice().path().socket.value());
  peer_->ice().MoveTo(sim_.now(), {other, server_});
  sim_.Flush();
}

void Member::Disconnect() {
  const Endpoint& socket = peer_->socket(peer_->ice().path().socket);
  if (!sim_.network().Break(socket, server_)) return;
  sim_.engine(options_.engine).HandleDisconnected(sim_.now(), server_, socket);
  sim_.Flush();
}

void Member::Reconnect() {
  Disconnect();
  const SocketId other(1 - peer_->ice().path().socket.value());
  sim_.network().Connect(peer_->socket(other), server_, *options_.tcp);
  MoveToOtherInterface();
}

SimStream& Member::incoming() {
  return sim_.network().stream(server_, peer_->socket(peer_->ice().path().socket));
}

void Member::RestartIce() {
  const SimControl::Answer answer = Ask(transport_, schema::RestartIceT());
  SLUICE_CHECK(answer.ok());
  const auto& fresh = *answer.body.AsIceRestarted()->ice_parameters;
  worker_credentials_ = {fresh.username_fragment, fresh.password};
  peer_->ice().Restart(sim_.now(), ice::Credentials::Generate(sim_.entropy()), worker_credentials_);
  sim_.Flush();
}

void Member::SetLink(const LinkOptions& link) {
  for (const Endpoint& socket : SocketsOf(number_, TransportProtocol::kUdp)) {
    sim_.network().SetAccess(socket.address, link, link);
  }
}

Endpoint Member::shown() const {
  if (options_.plain) return sim_.network().Shown(peer_->socket(SocketId(0)));
  return sim_.network().Shown(peer_->socket(const_cast<SimPeer&>(*peer_).ice().path().socket));
}

SimControl::Answer Publication::Pause() {
  return owner_.simulation().Ask(id_, schema::PauseT(), owner_.engine());
}
SimControl::Answer Publication::Resume() {
  return owner_.simulation().Ask(id_, schema::ResumeT(), owner_.engine());
}
SimControl::Answer Publication::Close() {
  return owner_.simulation().Ask(id_, schema::CloseT(), owner_.engine());
}
schema::RtpStreamStatsT Publication::Stats() {
  SimControl::Answer answer = owner_.simulation().Ask(id_, schema::GetStatsT(), owner_.engine());
  SLUICE_CHECK(answer.ok());
  return std::move(*answer.body.AsStreamStatsList()->streams.front());
}

SimControl::Answer Subscription::Pause() {
  return owner_.simulation().Ask(id_, schema::PauseT(), owner_.engine());
}
SimControl::Answer Subscription::Resume() {
  return owner_.simulation().Ask(id_, schema::ResumeT(), owner_.engine());
}
SimControl::Answer Subscription::Close() {
  return owner_.simulation().Ask(id_, schema::CloseT(), owner_.engine());
}
SimControl::Answer Subscription::Prefer(rtp::LayerId layers) {
  schema::SetPreferredLayersT prefer;
  prefer.layers = LayersOf(layers);
  return owner_.simulation().Ask(id_, std::move(prefer), owner_.engine());
}
SimControl::Answer Subscription::SetPriority(uint8_t priority) {
  schema::SetPriorityT set;
  set.priority = priority;
  return owner_.simulation().Ask(id_, std::move(set), owner_.engine());
}
schema::RtpStreamStatsT Subscription::Stats() {
  SimControl::Answer answer = owner_.simulation().Ask(id_, schema::GetStatsT(), owner_.engine());
  SLUICE_CHECK(answer.ok());
  return std::move(*answer.body.AsStreamStatsList()->streams.front());
}

}  // namespace sluice::test
