#include "bench/support/fan_out.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "rtp/packet/extension_map.h"
#include "tests/support/allocation_count.h"
#include "tests/support/sim_media.h"
#include "tests/support/simulation.h"
#include "tests/support/virtual_gettimeofday.h"

namespace sluice::bench {
namespace {

using test::SimControl;
using test::SimTrackOptions;

constexpr const char* kRouter = "room";
constexpr const char* kServer = "server";
constexpr const char* kPublisher = "publisher";
constexpr const char* kProducer = "picture";

// Above what any picture here needs, so that a call does not begin with seconds of probing.
constexpr uint32_t kFirstEstimate = 5'000'000;

// What the seal adds to RTP and RTCP at most (RFC 7714 §9, §14.2).
constexpr size_t kSealRoom = 32;
constexpr size_t kMaxRtcp = 1'200;

// The pictures of the smaller encodings of a meeting, in packets, and which encoding is the
// largest.
constexpr int kSmallerPictures[] = {1, 2};
constexpr uint8_t kLargest = 2;
// A key frame a second: whoever wants another encoding need not ask for one.
constexpr uint64_t kKeyFrameEvery = 30;

// Packets of RTCP have a second byte in this range (RFC 5761 §4).
bool IsRtcp(ByteView datagram) { return datagram[1] >= 192 && datagram[1] <= 223; }

std::string TransportOf(size_t receiver) { return "receiver-" + std::to_string(receiver); }
std::string ConsumerOf(size_t receiver) { return "view-" + std::to_string(receiver); }

// The number of a packet for transport-wide feedback: extensions are not encrypted.
std::optional<uint16_t> NumberOf(ByteView packet) {
  constexpr size_t kFixedHeader = 12;
  constexpr uint16_t kOneByteForm = 0xbede;
  ByteReader in(packet.subspan(kFixedHeader));
  if ((packet[0] & 0x10) == 0 || in.U16() != kOneByteForm) return std::nullopt;
  ByteReader elements(in.Bytes(size_t{4} * in.U16()));
  while (!elements.empty()) {
    const uint8_t head = elements.U8();
    if (head == 0) continue;
    const size_t size = (head & 0xfu) + 1;
    if (head >> 4 == test::kTransportSequenceExtensionId && size == 2) return elements.U16();
    elements.Bytes(size);
  }
  return std::nullopt;
}

}  // namespace

FanOut::FanOut(const Options& options) : FanOut(options, nullptr) {}

FanOut::FanOut(const Options& options, const Ground& ground) : FanOut(options, &ground) {}

FanOut::FanOut(const Options& options, const Ground* ground)
    : options_(options),
      ground_(ground != nullptr ? *ground : OwnGround()),
      listener_(ground_.sockets),
      entropy_(options.seed) {
  AddSources();
  test::SetWallClock(now_);
  engine_ = std::make_unique<worker::Engine>(
      worker::Engine::Options{.pool = ground_.pool,
                              .entropy = entropy_,
                              .sockets = listener_,
                              .dtls = test::Simulation::WorkerCertificate(),
                              .usage = usage_,
                              .cipher = cipher_.get(),
                              .pid = 1,
                              .adapts_to_bandwidth = options.feedback == Feedback::kAnswered});
  control_ = std::make_unique<SimControl>(*engine_);
  Listen();
  Produce();
  for (size_t i = 0; i < options.receivers; ++i) AddReceiver(i);
}

FanOut::~FanOut() = default;

uint64_t FanOut::DestroyEngine() {
  control_.reset();
  const uint64_t before = test::AllocationWatch::freed();
  {
    const test::AllocationWatch watch;
    engine_.reset();
  }
  return test::AllocationWatch::freed() - before;
}

absl::StatusOr<worker::BoundSocket> FanOut::Listener::Open(const worker::ListenOptions& options) {
  absl::StatusOr<worker::BoundSocket> opened = sockets_.Open(options);
  if (opened.ok()) socket_ = opened->id;
  return opened;
}

FanOut::Ground FanOut::OwnGround() {
  return {.pool = own_pool_,
          .sockets = own_sockets_,
          .address = IpAddress::V4(10, 0, 0, 1),
          .address_of = [](size_t receiver) {
            return IpAddress::V4(0x0a010000u + static_cast<uint32_t>(receiver));
          }};
}

template <typename Body>
SimControl::Answer FanOut::Ask(const std::string& target, Body body) {
  SimControl::Answer answer = control_->Ask(now_, target, std::move(body));
  SLUICE_CHECK(answer.ok());
  return answer;
}

void FanOut::Listen() {
  schema::CreateRouterT router;
  router.router_id = kRouter;
  Ask("", std::move(router));
  schema::CreateWebRtcServerT create;
  create.webrtc_server_id = kServer;
  auto info = std::make_unique<schema::ListenInfoT>();
  info->ip = ground_.address.ToString();
  create.listen_infos.push_back(std::move(info));
  Ask("", std::move(create));
}

std::unique_ptr<EnginePeer> FanOut::Connect(const std::string& transport, const Endpoint& local) {
  schema::CreateWebRtcTransportT create;
  create.transport_id = transport;
  create.webrtc_server_id = kServer;
  create.ice_consent_timeout_s = 0;
  create.initial_available_outgoing_bitrate = kFirstEstimate;
  const SimControl::Answer answer = Ask(kRouter, std::move(create));
  const schema::WebRtcTransportCreatedT& created = *answer.body.AsWebRtcTransportCreated();
  const Endpoint server{ground_.address, created.ice_candidates.front()->port};
  auto peer = std::make_unique<EnginePeer>(
      EnginePeer::Options{
          local,
          server,
          {created.ice_parameters->username_fragment, created.ice_parameters->password},
          options_.profile},
      entropy_);
  schema::ConnectWebRtcTransportT connect;
  connect.role = schema::DtlsRole::Client;
  const dtls::Fingerprint certificate = peer->fingerprint();
  auto fingerprint = std::make_unique<schema::FingerprintT>();
  fingerprint->algorithm = certificate.algorithm_text();
  fingerprint->value = certificate.value_text();
  connect.fingerprints.push_back(std::move(fingerprint));
  Ask(transport, std::move(connect));
  peer->Start(now_);
  Exchange(*peer);
  SLUICE_CHECK(peer->connected());
  return peer;
}

void FanOut::Exchange(EnginePeer& peer) {
  std::array<uint8_t, worker::TransmitBatch::kMaxDatagram> out;
  for (bool busy = true; busy;) {
    busy = false;
    while (const size_t size = peer.PollTransmit(now_, out)) {
      Deliver(peer.local(), ground_.pool.Copy(ByteView(out).first(size), now_));
      busy = true;
    }
    engine_->HandleTimeout(now_);
    for (bool more = true; more;) {
      more = engine_->PollTransmit(now_, batch_);
      for (const worker::TransmitBatch::Entry& entry : batch_.entries()) {
        if (entry.path.remote == peer.local()) peer.Receive(now_, batch_.bytes(entry));
        busy = true;
      }
      batch_.Clear();
    }
    control_->Drain();
  }
}

void FanOut::Deliver(const Endpoint& from, PacketRef packet) {
  SLUICE_CHECK(packet);
  engine_->HandleDatagram(now_, listener_.socket(), from, std::move(packet));
}

std::unique_ptr<schema::RtpParametersT> FanOut::Describe(
    const std::vector<SimTrackOptions>& encodings) const {
  auto parameters = test::DescribeEncodings(encodings, "source");
  if (options_.feedback != Feedback::kOff) return parameters;
  std::erase_if(parameters->header_extensions, [](const auto& extension) {
    return extension->id == test::kTransportSequenceExtensionId ||
           extension->id == test::kSendTimeExtensionId;
  });
  for (const auto& codec : parameters->codecs) {
    std::erase_if(codec->rtcp_feedback,
                  [](const auto& feedback) { return feedback->type == "transport-cc"; });
  }
  return parameters;
}

void FanOut::Produce() {
  publisher_ = Connect(kPublisher, {ground_.address_of(options_.receivers), kFirstPort});
  const bool video = options_.kind == rtp::MediaKind::kVideo;
  std::vector<SimTrackOptions> encodings;
  for (const MediaSource& source : sources_) {
    encodings.push_back({.kind = options_.kind,
                         .ssrc = source.ssrc(),
                         .payload_type = video ? test::kProducerVideo : test::kProducerAudio,
                         .nack = options_.nack});
  }
  schema::ProduceT produce;
  produce.producer_id = kProducer;
  produce.kind = test::SchemaKind(options_.kind);
  produce.rtp_parameters = Describe(encodings);
  produce.mapping = test::DescribeMapping(options_.kind);
  Ask(kPublisher, std::move(produce));
}

void FanOut::AddReceiver(size_t receiver) {
  if (receivers_.size() <= receiver) receivers_.resize(receiver + 1);
  receivers_[receiver] = {
      Connect(TransportOf(receiver), {ground_.address_of(receiver), PortOf(receiver + 1)}),
      rtp::FeedbackRecorder()};
  if (!options_.idle) AddConsumer(receiver);
}

void FanOut::AddConsumer(size_t receiver) {
  const bool video = options_.kind == rtp::MediaKind::kVideo;
  // Any two numbers that the others do not have.
  const auto ssrc = static_cast<uint32_t>(1'000'000 + 2 * receiver);
  SimTrackOptions track{.kind = options_.kind,
                        .ssrc = Ssrc(ssrc),
                        .payload_type = video ? test::kRouterVideo : test::kRouterAudio,
                        .rtx_payload_type = test::kRouterRtx,
                        .nack = options_.nack};
  if (video && options_.nack) track.rtx_ssrc = Ssrc(ssrc + 1);
  schema::ConsumeT consume;
  consume.consumer_id = ConsumerOf(receiver);
  consume.producer_id = kProducer;
  consume.kind = test::SchemaKind(track.kind);
  consume.rtp_parameters = Describe({track});
  if (options_.simulcast) {
    consume.preferred_layers = std::make_unique<schema::ConsumerLayersT>();
    consume.preferred_layers->spatial_layer = receiver == 0 ? kLargest : 0;
    consume.preferred_layers->temporal_layer = rtp::kMaxTemporalLayers - 1;
  }
  Ask(TransportOf(receiver), std::move(consume));
}

void FanOut::CloseConsumer(size_t receiver) { Ask(ConsumerOf(receiver), schema::CloseT()); }

void FanOut::CloseReceiver(size_t receiver) { Ask(TransportOf(receiver), schema::CloseT()); }

Duration FanOut::turn() const {
  // Encodings share the time of a picture.
  int64_t packets = 0;
  for (const MediaSource& source : sources_) packets += source.packets_per_picture();
  const Duration picture = sources_.front().interval() * sources_.front().packets_per_picture();
  return picture / packets * static_cast<int64_t>(options_.packets_per_turn);
}

void FanOut::AddSources() {
  MediaSource::Options source{.kind = options_.kind,
                              .shape = options_.shape,
                              .packets_per_picture = options_.packets_per_picture,
                              .numbered = options_.feedback != Feedback::kOff};
  if (options_.simulcast) {
    source.key_frame_every = kKeyFrameEvery;
    for (int packets : kSmallerPictures) {
      MediaSource::Options smaller = source;
      smaller.packets_per_picture = packets;
      smaller.ssrc = Ssrc(static_cast<uint32_t>(MediaSource::kSsrc.value() + 1 + sources_.size()));
      sources_.emplace_back(smaller);
    }
  }
  sources_.emplace_back(source);
}

test::Bytes FanOut::NextClear() {
  test::Bytes packet = sources_[speaking_].Next(next_prepared_, next_number_++);
  if (sources_[speaking_].at_start()) speaking_ = (speaking_ + 1) % sources_.size();
  return packet;
}

void FanOut::Prepare(size_t turns) {
  ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(fed_));
  fed_ = 0;
  for (size_t i = 0; i < turns; ++i) {
    next_prepared_ += turn();
    for (size_t j = 0; j < options_.packets_per_turn; ++j) {
      const test::Bytes clear = NextClear();
      test::Bytes sealed = clear;
      sealed.resize(clear.size() + kSealRoom);
      const std::optional<size_t> size = publisher_->srtp().ProtectRtp(sealed, clear.size(), {});
      SLUICE_CHECK(size.has_value());
      ready_.push_back(ground_.pool.Copy(ByteView(sealed).first(*size), next_prepared_));
    }
  }
}

void FanOut::Feed() {
  SLUICE_CHECK(ready_.size() - fed_ >= options_.packets_per_turn);
  turn_begins_ += turn();
  now_ = turn_begins_;
  for (size_t i = 0; i < options_.packets_per_turn; ++i) {
    Deliver(publisher_->local(), std::move(ready_[fed_++]));
  }
}

std::optional<Timestamp> FanOut::NextStep() const {
  const std::optional<Timestamp> due = engine_->NextTimeout();
  if (!due) return std::nullopt;
  const Timestamp next(std::chrono::ceil<std::chrono::milliseconds>(due->time_since_epoch()));
  const Timestamp step = std::max(next, now_ + std::chrono::milliseconds(1));
  if (step >= turn_begins_ + turn()) return std::nullopt;
  return step;
}

void FanOut::Count(const worker::TransmitBatch& batch) {
  for (const worker::TransmitBatch::Entry& entry : batch.entries()) {
    ++datagrams_;
    const ByteView bytes = batch.bytes(entry);
    const size_t peer = entry.path.remote.port - kFirstPort;
    if (peer == 0 || IsRtcp(bytes)) continue;
    ++forwarded_;
    if (options_.feedback == Feedback::kAnswered) Note(peer - 1, bytes);
  }
}

void FanOut::Note(size_t receiver, ByteView packet) {
  const std::optional<uint16_t> number = NumberOf(packet);
  if (number && noted_.size() < kMaxNoted) {
    noted_.push_back({static_cast<uint32_t>(receiver), *number, now_});
  }
}

void FanOut::Answer() {
  for (const Noted& noted : noted_) {
    receivers_[noted.receiver].feedback.Record(noted.number, noted.time);
  }
  noted_.clear();
  std::array<uint8_t, kMaxRtcp + kSealRoom> room;
  for (size_t i = 0; i < receivers_.size(); ++i) {
    rtp::FeedbackRecorder& feedback = receivers_[i].feedback;
    while (feedback.NextTimeout() && *feedback.NextTimeout() <= now_) {
      ByteWriter out(ByteSpan(room).first(kMaxRtcp));
      if (!feedback.WriteFeedback(now_, Ssrc(1), MediaSource::kSsrc, out)) break;
      const std::optional<size_t> size = receivers_[i].peer->srtp().ProtectRtcp(room, out.size());
      SLUICE_CHECK(size.has_value());
      answers_.push_back({i, ground_.pool.Copy(ByteView(room).first(*size), now_)});
    }
  }
}

void FanOut::Tell() {
  for (Sealed& answer : answers_) {
    Deliver(receivers_[answer.receiver].peer->local(), std::move(answer.packet));
  }
  answers_.clear();
}

void FanOut::WarmUp(Duration span) {
  for (auto left = span / turn(); left > 0; --left) {
    Prepare(1);
    Feed();
    Drain();
    if (options_.feedback != Feedback::kAnswered) continue;
    Answer();
    Tell();
  }
}

}  // namespace sluice::bench
