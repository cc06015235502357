#include "tests/support/sim_pipe.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "tests/support/simulation.h"
#include "worker/engine/data_names.h"

namespace sluice::test {
namespace {

std::string NameOf(const SimPipe::Options& options, const char* end) {
  return "pipe-" + std::to_string(options.near) + "-" + std::to_string(options.far) + "-" + end;
}

// An address of its own for each end, so that the path between them can be bad alone.
IpAddress AddressOf(const SimPipe::Options& options, uint8_t end) {
  return IpAddress::V4(10, static_cast<uint8_t>(1 + options.near),
                       static_cast<uint8_t>(options.far), end);
}

// In the numbers of the routers, which are the same everywhere.
SimTrackOptions Carried(const SimTrackOptions& source, bool rtx, Entropy& entropy) {
  const bool video = source.kind == rtp::MediaKind::kVideo;
  SimTrackOptions track = source;
  track.mid.clear();
  track.rid.clear();
  track.payload_type = video ? kRouterVideo : kRouterAudio;
  track.rtx_payload_type = kRouterRtx;
  track.ssrc = Ssrc(entropy.U32());
  track.rtx_ssrc.reset();
  if (video && rtx) track.rtx_ssrc = Ssrc(entropy.U32());
  return track;
}

// Pipes are paced by nobody, so nothing on them is numbered for an estimator.
std::unique_ptr<schema::RtpParametersT> Describe(const std::vector<SimTrackOptions>& tracks) {
  auto parameters = DescribeEncodings(tracks, "pipe");
  std::erase_if(parameters->header_extensions,
                [](const auto& extension) { return extension->id != kAudioLevelExtensionId; });
  for (const auto& codec : parameters->codecs) {
    std::erase_if(codec->rtcp_feedback,
                  [](const auto& feedback) { return feedback->type == "transport-cc"; });
  }
  return parameters;
}

std::vector<std::unique_ptr<schema::PayloadTypeMappingT>> Same(rtp::MediaKind kind) {
  auto mapping = DescribeMapping(kind);
  for (const auto& entry : mapping) entry->payload_type = entry->mapped_payload_type;
  return mapping;
}

}  // namespace

SimPipe::SimPipe(Simulation& sim, const Options& options)
    : sim_(sim), options_(options), near_(NameOf(options, "near")), far_(NameOf(options, "far")) {
  for (uint8_t end : {uint8_t{1}, uint8_t{2}}) {
    // Half of the link's delay and loss at each end would not be the link: one end has it all.
    const LinkOptions none;
    const LinkOptions& link = end == 1 ? options.link : none;
    sim.network().SetAccess(AddressOf(options, end), link, link);
  }
  const End near = Create(options.near, near_, AddressOf(options, 1));
  const End far = Create(options.far, far_, AddressOf(options, 2));
  Connect(options.near, near_, far);
  Connect(options.far, far_, near);
}

SimPipe::End SimPipe::Create(size_t engine, const std::string& transport,
                             const IpAddress& address) {
  schema::CreatePipeTransportT create;
  create.transport_id = transport;
  create.listen_info = std::make_unique<schema::ListenInfoT>();
  create.listen_info->ip = address.ToString();
  create.enable_srtp = options_.srtp;
  create.on_demand = options_.on_demand;
  if (options_.data_channels) create.sctp = std::make_unique<schema::SctpParametersT>();
  SimControl::Answer answer = sim_.Ask("room", std::move(create), engine);
  SLUICE_CHECK(answer.ok());
  auto& created = *answer.body.AsPlainTransportCreated();
  return {created.local_address, created.local_port, std::move(created.srtp)};
}

void SimPipe::Connect(size_t engine, const std::string& transport, const End& to) {
  schema::ConnectPlainTransportT connect;
  connect.ip = to.address;
  connect.port = to.port;
  if (to.srtp) connect.srtp = std::make_unique<schema::SrtpParametersT>(*to.srtp);
  SLUICE_CHECK(sim_.Ask(transport, std::move(connect), engine).ok());
}

std::string SimPipe::ConsumerOf(const Publication& publication, const SimPipe& pipe) {
  return pipe.near_ + "-" + publication.id();
}

void SimPipe::Carry(const Publication& publication) {
  std::vector<SimTrackOptions> tracks;
  for (size_t i = 0; i < publication.encodings(); ++i) {
    tracks.push_back(Carried(publication.track(i).track(), options_.rtx, sim_.entropy()));
  }
  schema::ConsumeT consume;
  consume.consumer_id = ConsumerOf(publication, *this);
  consume.producer_id = publication.id();
  consume.kind = SchemaKind(publication.kind());
  consume.rtp_parameters = Describe(tracks);
  SLUICE_CHECK(sim_.Ask(near_, std::move(consume), options_.near).ok());
  schema::ProduceT produce;
  produce.producer_id = publication.id();
  produce.kind = SchemaKind(publication.kind());
  produce.rtp_parameters = Describe(tracks);
  produce.mapping = Same(publication.kind());
  SLUICE_CHECK(sim_.Ask(far_, std::move(produce), options_.far).ok());
  carried_.push_back(publication.id());
}

void SimPipe::CarryData(const std::string& producer, sctp::StreamId stream,
                        const sctp::Reliability& reliability) {
  schema::ConsumeDataT consume;
  consume.data_consumer_id = near_ + "-" + producer;
  consume.data_producer_id = producer;
  consume.stream = worker::DescribeStream(stream, reliability);
  SLUICE_CHECK(sim_.Ask(near_, std::move(consume), options_.near).ok());
  schema::ProduceDataT produce;
  produce.data_producer_id = producer;
  produce.stream = worker::DescribeStream(stream, reliability);
  SLUICE_CHECK(sim_.Ask(far_, std::move(produce), options_.far).ok());
  carried_.push_back(producer);
}

void SimPipe::Follow() {
  const auto& news = sim_.control(options_.near).news();
  for (; news_seen_ < news.size(); ++news_seen_) {
    const schema::NotificationT& each = news[news_seen_];
    const auto found = std::ranges::find_if(
        carried_, [&](const std::string& id) { return near_ + "-" + id == each.target; });
    if (found == carried_.end()) continue;
    if (each.body.AsProducerPaused() != nullptr) {
      SLUICE_CHECK(sim_.Ask(*found, schema::PauseT(), options_.far).ok());
    } else if (each.body.AsProducerResumed() != nullptr) {
      SLUICE_CHECK(sim_.Ask(*found, schema::ResumeT(), options_.far).ok());
    } else if (each.body.AsProducerClosed() != nullptr) {
      SLUICE_CHECK(sim_.Ask(*found, schema::CloseT(), options_.far).ok());
    }
  }
}

schema::TransportStatsT SimPipe::NearStats() {
  SimControl::Answer answer = sim_.Ask(near_, schema::GetStatsT(), options_.near);
  SLUICE_CHECK(answer.ok());
  return std::move(*answer.body.AsTransportStats());
}

uint64_t SimPipe::bytes_received() {
  SimControl::Answer answer = sim_.Ask(far_, schema::GetStatsT(), options_.far);
  SLUICE_CHECK(answer.ok());
  return answer.body.AsTransportStats()->bytes_received;
}

SimControl::Answer SimPipe::CloseNear() { return sim_.Ask(near_, schema::CloseT(), options_.near); }
SimControl::Answer SimPipe::CloseFar() { return sim_.Ask(far_, schema::CloseT(), options_.far); }

}  // namespace sluice::test
