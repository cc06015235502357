#include "bench/load/sluice_peer.h"

#include <chrono>
#include <memory>
#include <variant>

#include "absl/strings/str_cat.h"
#include "bench/load/sluice_media.h"

namespace sluice::load {
namespace {

constexpr const char* kServer = "server";
constexpr std::chrono::milliseconds kPatience{10'000};
// This measures forwarding, not how long an estimator takes to find out that loopback is wide.
constexpr uint32_t kInitialBitrate = 100'000'000;
// Streams of ours that receivers get; senders have others.
constexpr uint32_t kFirstSsrc = 0x20000000;

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

std::unique_ptr<schema::ListenInfoT> Loopback() {
  auto info = std::make_unique<schema::ListenInfoT>();
  info->ip = "127.0.0.1";
  return info;
}

}  // namespace

absl::StatusOr<PeerIdentity> SluicePeer::Start() {
  ChildProcess::Options options;
  options.arguments = {options_.worker};
  options.arguments.insert(options.arguments.end(), options_.arguments.begin(),
                           options_.arguments.end());
  options.reads_from = 3;
  options.writes_to = 4;
  options.cpu = options_.server_cpu;
  if (absl::Status started = child_.Start(options); !started.ok()) return started;
  last_ssrc_ = kFirstSsrc;
  absl::StatusOr<std::string> version = AwaitVersion();
  if (!version.ok()) return version.status();
  if (absl::Status created = CreateServer(); !created.ok()) return created;
  return PeerIdentity{"sluice", *version, {{child_.pid()}}};
}

// The first message of every worker says who it is.
absl::StatusOr<std::string> SluicePeer::AwaitVersion() {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (const auto message = NextMessage()) {
      const auto* news = message->body.AsNotification();
      const auto* running = news == nullptr ? nullptr : news->body.AsWorkerRunning();
      if (running != nullptr) return running->version;
    } else if (!child_.Alive()) {
      return absl::UnavailableError(
          absl::StrCat("'", options_.worker, "' cannot be run, or refuses its arguments"));
    }
    child_.Await(std::chrono::milliseconds(100));
  }
  return absl::InternalError("the worker does not say that it runs");
}

absl::Status SluicePeer::CreateServer() {
  pending_.emplace_back();
  schema::CreateWebRtcServerT create;
  create.webrtc_server_id = kServer;
  create.listen_infos.push_back(Loopback());
  Ask("", std::move(create));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (const std::optional<Answer> answer = Poll()) {
      return answer->error.empty() ? absl::OkStatus() : absl::InternalError(answer->error);
    }
    child_.Await(std::chrono::milliseconds(100));
  }
  return absl::InternalError("the worker does not answer");
}

void SluicePeer::Submit(const Request& request) {
  pending_.emplace_back();
  std::visit(Overloaded{
                 [&](const RoomRequest& room) { SubmitRoom(room); },
                 [&](const SendRequest& send) { SubmitSend(send); },
                 [&](const ReceiveRequest& receive) { SubmitReceive(receive); },
                 // The worker notices by itself.
                 [&](const ConnectedRequest&) {},
                 [&](const CloseRequest& close) { SubmitClose(close); },
                 [&](const CountersRequest&) { SubmitCounters(); },
             },
             request);
}

template <typename Body>
void SluicePeer::Ask(std::string target, Body body) {
  schema::RequestT request;
  request.id = ++last_request_;
  request.target = std::move(target);
  request.body.Set(std::move(body));
  flatbuffers::FlatBufferBuilder builder;
  std::vector<uint8_t> bytes;
  control::AppendFrame(control::EncodeRequest(builder, request), bytes);
  child_.Write(bytes);
  ++pending_.back().responses;
}

void SluicePeer::SubmitRoom(const RoomRequest& request) {
  schema::CreateRouterT create;
  create.router_id = request.room;
  Ask("", std::move(create));
}

void SluicePeer::AskTransport(const ClientSide& client, const std::string& id) {
  schema::CreateWebRtcTransportT create;
  create.transport_id = id;
  create.webrtc_server_id = kServer;
  create.initial_available_outgoing_bitrate = kInitialBitrate;
  Ask(client.room, std::move(create));
  schema::ConnectWebRtcTransportT connect;
  connect.role = schema::DtlsRole::Client;
  auto fingerprint = std::make_unique<schema::FingerprintT>();
  fingerprint->algorithm = client.fingerprint.algorithm_text();
  fingerprint->value = client.fingerprint.value_text();
  connect.fingerprints.push_back(std::move(fingerprint));
  Ask(id, std::move(connect));
  pending_.back().answer.transport = id;
  transports_.insert(id);
}

void SluicePeer::SubmitSend(const SendRequest& request) {
  const std::string id = absl::StrCat("t", ++last_object_);
  AskTransport(request.client, id);
  std::vector<Track>& tracks = senders_[{request.client.room, request.client.name}];
  tracks.clear();
  for (const TrackDescription& track : request.tracks) {
    const std::string producer = absl::StrCat("p", ++last_object_);
    tracks.push_back({producer, track});
    schema::ProduceT produce;
    produce.producer_id = producer;
    produce.kind = KindOf(track);
    produce.rtp_parameters = DescribeSent(track, options_.twcc);
    produce.mapping = DescribeMapping(track);
    Ask(id, std::move(produce));
  }
}

void SluicePeer::SubmitReceive(const ReceiveRequest& request) {
  const std::string id = absl::StrCat("t", ++last_object_);
  AskTransport(request.client, id);
  Answer& answer = pending_.back().answer;
  answer.twcc_id = options_.twcc ? kTransportSequenceId : 0;
  for (const ReceiveRequest::From& from : request.from) {
    const auto sender = senders_.find({request.client.room, from.sender});
    if (sender == senders_.end()) {
      answer.error = absl::StrCat("nobody called ", from.sender, " sends");
      continue;
    }
    for (const Track& track : sender->second) {
      StreamDescription stream;
      stream.sender = from.sender;
      AskConsume(id, track, from.largest, stream);
      answer.streams.push_back(std::move(stream));
    }
  }
}

void SluicePeer::AskConsume(const std::string& transport, const Track& track, bool largest,
                            StreamDescription& stream) {
  stream.ssrc = ++last_ssrc_;
  stream.rtx_ssrc = ++last_ssrc_;
  schema::ConsumeT consume;
  consume.consumer_id = absl::StrCat("c", ++last_object_);
  consume.producer_id = track.producer;
  consume.kind = KindOf(track.description);
  consume.rtp_parameters = DescribeReceived(track.description, options_.twcc, stream);
  if (!largest) {
    consume.preferred_layers = std::make_unique<schema::ConsumerLayersT>();
    consume.preferred_layers->spatial_layer = 0;
  }
  Ask(transport, std::move(consume));
}

void SluicePeer::SubmitCounters() {
  Ask("", schema::GetWorkerStatsT());
  for (const std::string& transport : transports_) Ask(transport, schema::GetStatsT());
}

void SluicePeer::SubmitClose(const CloseRequest& request) {
  transports_.erase(request.transport);
  Ask(request.transport, schema::CloseT());
}

std::unique_ptr<schema::MessageT> SluicePeer::NextMessage() {
  for (;;) {
    if (const auto frame = reader_.Next(unread_)) {
      flatbuffers::Verifier verifier(frame->data(), frame->size());
      if (!schema::VerifyMessageBuffer(verifier)) return nullptr;
      return schema::UnPackMessage(frame->data());
    }
    unread_ = child_.Read();
    if (unread_.empty()) return nullptr;
  }
}

std::optional<Answer> SluicePeer::Poll() {
  if (pending_.empty()) {
    // What it tells without being asked must not fill the pipe.
    while (NextMessage()) continue;
    return std::nullopt;
  }
  Pending& pending = pending_.front();
  while (pending.responses > 0) {
    const std::unique_ptr<schema::MessageT> message = NextMessage();
    if (!message) {
      if (child_.Alive()) return std::nullopt;
      pending.answer.error = "the worker has ended";
      break;
    }
    // What it tells without being asked is of no use here.
    if (auto* response = message->body.AsResponse()) Apply(*response, pending);
  }
  Answer answer = std::move(pending.answer);
  pending_.pop_front();
  return answer;
}

void SluicePeer::Apply(schema::ResponseT& response, Pending& pending) {
  --pending.responses;
  if (response.code != schema::ResultCode::Ok) {
    if (pending.answer.error.empty()) pending.answer.error = response.message;
  } else if (const auto* created = response.body.AsWebRtcTransportCreated()) {
    ReadTransport(*created, pending.answer);
  } else if (const auto* stats = response.body.AsWorkerStats()) {
    ReadCounters(*stats, pending.answer);
  } else if (const auto* transport = response.body.AsTransportStats()) {
    ReadCounters(*transport, pending.answer);
  }
}

void SluicePeer::ReadTransport(const schema::WebRtcTransportCreatedT& created, Answer& answer) {
  const schema::IceCandidateT& candidate = *created.ice_candidates.front();
  const std::optional<IpAddress> address = IpAddress::Parse(candidate.address);
  if (!address) {
    answer.error = "the worker's candidate has no address";
    return;
  }
  answer.remote.server = {*address, candidate.port};
  answer.remote.credentials = {created.ice_parameters->username_fragment,
                               created.ice_parameters->password};
  for (const auto& shown : created.dtls_fingerprints) {
    answer.remote.fingerprint = dtls::Fingerprint::Parse(shown->algorithm, shown->value);
  }
  answer.remote.role = dtls::Role::kServer;
}

void SluicePeer::ReadCounters(const schema::WorkerStatsT& stats, Answer& answer) {
  answer.counters["datagrams_received"] = stats.datagrams_received;
  answer.counters["datagrams_sent"] = stats.datagrams_sent;
  answer.counters["packets_in_use"] = stats.packets_in_use;
  for (const auto& drop : stats.drops) answer.counters["drop_" + drop->reason] += drop->packets;
}

// Who is believed to have less than is there for him gets less, and that is no fault of the path's
// on loopback.
void SluicePeer::ReadCounters(const schema::TransportStatsT& stats, Answer& answer) {
  for (const auto& drop : stats.drops) answer.counters["drop_" + drop->reason] += drop->packets;
  const uint32_t available = stats.available_outgoing_bitrate;
  if (available == 0 || available >= stats.desired_outgoing_bitrate) return;
  ++answer.counters["transports_too_narrow"];
  ++answer.counters["too_narrow_by_" + stats.bandwidth_reason];
}

}  // namespace sluice::load
