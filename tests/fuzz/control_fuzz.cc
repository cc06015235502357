// The control channel as its application could abuse it: streams cut anywhere, frames of any bytes,
// and honest requests with some bytes changed.
//
// The first byte of the input chooses; the rest is material. Whatever comes out of Decode() must
// survive the trip back into bytes, because the engine relies on every field of it.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "control-api/frame.h"
#include "control-api/request.h"

namespace sluice::control {
namespace {

using Bytes = std::vector<uint8_t>;

// Stops the fuzzer. A plain assert would be compiled out of a release build.
void Require(bool condition) {
  if (!condition) std::abort();
}

void DecodeOne(FrameBytes frame) {
  const DecodedRequest decoded = Decode(frame);
  if (!decoded.request.ok()) {
    Require(!decoded.request.status().message().empty());
    return;
  }
  const schema::RequestT& request = **decoded.request;
  Require(decoded.id == request.id && request.id != 0 && request.body.value != nullptr);

  flatbuffers::FlatBufferBuilder builder;
  const DecodedRequest again = Decode(EncodeRequest(builder, request));
  Require(again.request.ok());
  Require((*again.request)->target == request.target);
  Require((*again.request)->body.type == request.body.type);
}

// The first byte is the size of the pieces that the stream arrives in.
void ReadStream(FrameBytes input) {
  if (input.empty()) return;
  const size_t cut = size_t{input[0]} + 1;
  FrameBytes stream = input.subspan(1);
  FrameReader reader;
  while (!stream.empty() && !reader.failed()) {
    FrameBytes piece = stream.first(std::min(cut, stream.size()));
    stream = stream.subspan(piece.size());
    while (const auto frame = reader.Next(piece)) {
      Require(frame->size() <= kMaxFrameSize);
      DecodeOne(*frame);
    }
    Require(piece.empty() || reader.failed());
  }
}

std::unique_ptr<schema::RtpParametersT> SomeRtpParameters() {
  auto rtp = std::make_unique<schema::RtpParametersT>();
  rtp->mid = "0";
  for (const char* mime : {"video/VP8", "video/rtx"}) {
    auto codec = std::make_unique<schema::RtpCodecParametersT>();
    codec->mime_type = mime;
    codec->payload_type = static_cast<uint8_t>(96 + rtp->codecs.size());
    codec->clock_rate = 90000;
    codec->parameters.push_back(std::make_unique<schema::ParameterT>());
    codec->parameters.back()->name = "apt";
    codec->parameters.back()->value = "96";
    codec->rtcp_feedback.push_back(std::make_unique<schema::RtcpFeedbackT>());
    codec->rtcp_feedback.back()->type = "nack";
    rtp->codecs.push_back(std::move(codec));
  }
  rtp->header_extensions.push_back(std::make_unique<schema::RtpHeaderExtensionParametersT>());
  rtp->header_extensions.back()->uri = "urn:ietf:params:rtp-hdrext:sdes:mid";
  rtp->header_extensions.back()->id = 4;
  rtp->encodings.push_back(std::make_unique<schema::RtpEncodingParametersT>());
  rtp->encodings.back()->ssrc = 1111;
  rtp->encodings.back()->rid = "r0";
  rtp->rtcp = std::make_unique<schema::RtcpParametersT>();
  rtp->rtcp->cname = "cname";
  return rtp;
}

std::vector<std::unique_ptr<schema::ListenInfoT>> SomeListenInfos() {
  std::vector<std::unique_ptr<schema::ListenInfoT>> infos;
  infos.push_back(std::make_unique<schema::ListenInfoT>());
  infos.back()->ip = "127.0.0.1";
  infos.back()->announced_address = "example.org";
  return infos;
}

schema::RequestBodyUnion Produce() {
  schema::ProduceT produce;
  produce.producer_id = "producer";
  produce.kind = schema::MediaKind::Video;
  produce.rtp_parameters = SomeRtpParameters();
  produce.mapping.push_back(std::make_unique<schema::PayloadTypeMappingT>());
  schema::RequestBodyUnion body;
  body.Set(std::move(produce));
  return body;
}

schema::RequestBodyUnion Consume() {
  schema::ConsumeT consume;
  consume.consumer_id = "consumer";
  consume.producer_id = "producer";
  consume.rtp_parameters = SomeRtpParameters();
  schema::RequestBodyUnion body;
  body.Set(std::move(consume));
  return body;
}

schema::RequestBodyUnion CreateTransport() {
  schema::CreateWebRtcTransportT create;
  create.transport_id = "transport";
  create.listen_infos = SomeListenInfos();
  schema::RequestBodyUnion body;
  body.Set(std::move(create));
  return body;
}

schema::RequestBodyUnion CreateServer() {
  schema::CreateWebRtcServerT create;
  create.webrtc_server_id = "server";
  create.listen_infos = SomeListenInfos();
  schema::RequestBodyUnion body;
  body.Set(std::move(create));
  return body;
}

schema::RequestBodyUnion Connect() {
  schema::ConnectWebRtcTransportT connect;
  connect.fingerprints.push_back(std::make_unique<schema::FingerprintT>());
  connect.fingerprints.back()->algorithm = "sha-256";
  connect.fingerprints.back()->value = "00:11:22";
  schema::RequestBodyUnion body;
  body.Set(std::move(connect));
  return body;
}

schema::RequestBodyUnion SetBitrate() {
  schema::RequestBodyUnion body;
  body.Set(schema::SetMaxIncomingBitrateT());
  return body;
}

schema::RequestBodyUnion CreatePlain() {
  schema::CreatePlainTransportT create;
  create.transport_id = "transport";
  create.listen_info = std::move(SomeListenInfos().front());
  create.rtcp_listen_info = std::move(SomeListenInfos().front());
  schema::RequestBodyUnion body;
  body.Set(std::move(create));
  return body;
}

schema::RequestBodyUnion CreatePipe() {
  schema::CreatePipeTransportT create;
  create.transport_id = "transport";
  create.listen_info = std::move(SomeListenInfos().front());
  create.sctp = std::make_unique<schema::SctpParametersT>();
  schema::RequestBodyUnion body;
  body.Set(std::move(create));
  return body;
}

schema::RequestBodyUnion ConsumeData() {
  schema::ConsumeDataT consume;
  consume.data_consumer_id = "consumer";
  consume.data_producer_id = "producer";
  consume.stream = std::make_unique<schema::SctpStreamParametersT>();
  consume.subchannels = {1, 2};
  schema::RequestBodyUnion body;
  body.Set(std::move(consume));
  return body;
}

schema::RequestBodyUnion ConnectPlain() {
  schema::ConnectPlainTransportT connect;
  connect.ip = "127.0.0.1";
  connect.port = 5004;
  connect.srtp = std::make_unique<schema::SrtpParametersT>();
  connect.srtp->key_base64 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  schema::RequestBodyUnion body;
  body.Set(std::move(connect));
  return body;
}

schema::RequestBodyUnion SendRtp() {
  schema::SendRtpT send;
  send.packets.push_back(std::make_unique<schema::PacketT>());
  send.packets.back()->bytes = {0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 9};
  schema::RequestBodyUnion body;
  body.Set(std::move(send));
  return body;
}

Bytes HonestFrame(uint8_t choice) {
  constexpr schema::RequestBodyUnion (*kBodies[])() = {
      Produce,     Consume,      CreateTransport, CreateServer, Connect,    SetBitrate,
      CreatePlain, ConnectPlain, SendRtp,         CreatePipe,   ConsumeData};
  schema::RequestT request;
  request.id = 1;
  request.target = "target";
  request.body = kBodies[choice % std::size(kBodies)]();
  flatbuffers::FlatBufferBuilder builder;
  const FrameBytes frame = EncodeRequest(builder, request);
  return {frame.begin(), frame.end()};
}

// One byte for the request, then three for each change: a position and what stands there now.
void DecodeChanged(FrameBytes input) {
  if (input.empty()) return;
  Bytes frame = HonestFrame(input[0]);
  DecodeOne(frame);
  for (FrameBytes rest = input.subspan(1); rest.size() >= 3; rest = rest.subspan(3)) {
    frame[(size_t{rest[0]} << 8 | rest[1]) % frame.size()] = rest[2];
  }
  DecodeOne(frame);
}

}  // namespace
}  // namespace sluice::control

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::control;
  if (size == 0) return 0;
  const FrameBytes material = FrameBytes(data, size).subspan(1);
  switch (data[0] % 3) {
    case 0:
      ReadStream(material);
      break;
    case 1:
      DecodeOne(material);
      break;
    default:
      DecodeChanged(material);
      break;
  }
  return 0;
}
