#include "control-api/request_shape.h"

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace sluice::control {
namespace {

// Collects the first complaint and ignores everything after it, so that a check reads as a list of
// what has to hold.
class Shape {
 public:
  // An id is printable ASCII without spaces: it appears in logs and in statistics as it is.
  void Id(std::string_view field, const flatbuffers::String* text) {
    if (text == nullptr || text->size() == 0) return Complain(field, " is empty");
    if (text->size() > kMaxIdLength) return TooLong(field, kMaxIdLength);
    for (const char character : text->string_view()) {
      if (character <= ' ' || character > '~') {
        return Complain(field, " has a character that is not printable ASCII");
      }
    }
  }

  void OptionalId(std::string_view field, const flatbuffers::String* text) {
    if (text != nullptr && text->size() != 0) Id(field, text);
  }

  // Missing texts are fine here: the schema says which are required.
  void Text(std::string_view field, const flatbuffers::String* text, size_t most = kMaxTextLength) {
    if (text == nullptr) return;
    if (text->size() > most) return TooLong(field, most);
    // A NUL would end the text early for every C interface that it reaches.
    if (text->string_view().find('\0') != std::string_view::npos) {
      Complain(field, " has a NUL character");
    }
  }

  template <typename List, typename Check>
  void Each(std::string_view field, const List* list, size_t most, Check check) {
    if (list == nullptr) return;
    if (list->size() > most) {
      return Complain(field, absl::StrCat(" has more than ", most, " entries"));
    }
    for (const auto* entry : *list) {
      if (!status_.ok()) return;
      check(*entry);
    }
  }

  template <typename List>
  void Count(std::string_view field, const List& list, size_t most) {
    if (list.size() > most) Complain(field, absl::StrCat(" has more than ", most, " entries"));
  }

  template <typename Enum>
  void Known(std::string_view field, Enum value, Enum last) {
    if (value > last) {
      Complain(field, absl::StrCat(" has the unknown value ", static_cast<int>(value)));
    }
  }

  const absl::Status& status() const { return status_; }

 private:
  void TooLong(std::string_view field, size_t most) {
    Complain(field, absl::StrCat(" is longer than ", most, " characters"));
  }
  void Complain(std::string_view field, std::string_view complaint) {
    if (status_.ok()) status_ = absl::InvalidArgumentError(std::string(field).append(complaint));
  }

  absl::Status status_;
};

void CheckListenInfo(const schema::ListenInfo& info, Shape& shape) {
  shape.Known("listen_infos.protocol", info.protocol(), schema::Protocol::MAX);
  shape.Text("listen_infos.ip", info.ip());
  shape.Text("listen_infos.announced_address", info.announced_address());
}

template <typename List>
void CheckListenInfos(const List* infos, Shape& shape) {
  shape.Each("listen_infos", infos, kMaxListenInfos,
             [&shape](const schema::ListenInfo& info) { CheckListenInfo(info, shape); });
}

void CheckCodec(const schema::RtpCodecParameters& codec, Shape& shape) {
  shape.Text("rtp_parameters.codecs.mime_type", codec.mime_type());
  shape.Each("rtp_parameters.codecs.parameters", codec.parameters(), kMaxParametersPerCodec,
             [&shape](const schema::Parameter& parameter) {
               shape.Text("rtp_parameters.codecs.parameters.name", parameter.name());
               shape.Text("rtp_parameters.codecs.parameters.value", parameter.value(),
                          kMaxParameterLength);
             });
  shape.Each("rtp_parameters.codecs.rtcp_feedback", codec.rtcp_feedback(), kMaxFeedbackPerCodec,
             [&shape](const schema::RtcpFeedback& feedback) {
               shape.Text("rtp_parameters.codecs.rtcp_feedback.type", feedback.type());
               shape.Text("rtp_parameters.codecs.rtcp_feedback.parameter", feedback.parameter());
             });
}

void CheckRtpParameters(const schema::RtpParameters& rtp, Shape& shape) {
  shape.Text("rtp_parameters.mid", rtp.mid());
  shape.Each("rtp_parameters.codecs", rtp.codecs(), kMaxCodecs,
             [&shape](const schema::RtpCodecParameters& codec) { CheckCodec(codec, shape); });
  shape.Each("rtp_parameters.header_extensions", rtp.header_extensions(), kMaxHeaderExtensions,
             [&shape](const schema::RtpHeaderExtensionParameters& extension) {
               shape.Text("rtp_parameters.header_extensions.uri", extension.uri());
             });
  shape.Each("rtp_parameters.encodings", rtp.encodings(), kMaxEncodings,
             [&shape](const schema::RtpEncodingParameters& encoding) {
               shape.Text("rtp_parameters.encodings.rid", encoding.rid());
               shape.Text("rtp_parameters.encodings.scalability_mode", encoding.scalability_mode());
             });
  if (rtp.rtcp() != nullptr) shape.Text("rtp_parameters.rtcp.cname", rtp.rtcp()->cname());
}

void Check(const schema::UpdateSettings& body, Shape& shape) {
  shape.Known("log_level", body.log_level(), schema::LogLevel::MAX);
  if (body.log_tags() == nullptr) return;
  shape.Count("log_tags", *body.log_tags(), kMaxLogTags);
  for (const auto tag : *body.log_tags()) {
    shape.Known("log_tags", static_cast<schema::LogTag>(tag), schema::LogTag::MAX);
  }
}

void Check(const schema::CreateRouter& body, Shape& shape) {
  shape.Id("router_id", body.router_id());
}

void Check(const schema::CreateWebRtcServer& body, Shape& shape) {
  shape.Id("webrtc_server_id", body.webrtc_server_id());
  CheckListenInfos(body.listen_infos(), shape);
}

void Check(const schema::CreateWebRtcTransport& body, Shape& shape) {
  shape.Id("transport_id", body.transport_id());
  shape.OptionalId("webrtc_server_id", body.webrtc_server_id());
  CheckListenInfos(body.listen_infos(), shape);
}

void Check(const schema::ConnectWebRtcTransport& body, Shape& shape) {
  shape.Known("role", body.role(), schema::DtlsRole::MAX);
  shape.Each("fingerprints", body.fingerprints(), kMaxFingerprints,
             [&shape](const schema::Fingerprint& fingerprint) {
               shape.Text("fingerprints.algorithm", fingerprint.algorithm());
               shape.Text("fingerprints.value", fingerprint.value());
             });
}

void Check(const schema::CreatePlainTransport& body, Shape& shape) {
  shape.Id("transport_id", body.transport_id());
  CheckListenInfo(*body.listen_info(), shape);
  if (body.rtcp_listen_info() != nullptr) CheckListenInfo(*body.rtcp_listen_info(), shape);
  shape.Known("srtp_suite", body.srtp_suite(), schema::SrtpSuite::MAX);
}

void Check(const schema::CreatePipeTransport& body, Shape& shape) {
  shape.Id("transport_id", body.transport_id());
  CheckListenInfo(*body.listen_info(), shape);
}

void Check(const schema::ConnectPlainTransport& body, Shape& shape) {
  shape.Text("ip", body.ip());
  if (body.srtp() == nullptr) return;
  shape.Known("srtp.suite", body.srtp()->suite(), schema::SrtpSuite::MAX);
  shape.Text("srtp.key_base64", body.srtp()->key_base64());
}

void CheckPacket(const schema::Packet& packet, Shape& shape) {
  shape.Count("packet.bytes", *packet.bytes(), kMaxPacketSize);
}

void Check(const schema::SendRtp& body, Shape& shape) {
  shape.Each("packets", body.packets(), kMaxPackets,
             [&shape](const schema::Packet& packet) { CheckPacket(packet, shape); });
}

void Check(const schema::Produce& body, Shape& shape) {
  shape.Id("producer_id", body.producer_id());
  shape.Known("kind", body.kind(), schema::MediaKind::MAX);
  CheckRtpParameters(*body.rtp_parameters(), shape);
  shape.Each("mapping", body.mapping(), kMaxMappings, [](const schema::PayloadTypeMapping&) {});
}

void Check(const schema::EnableTraceEvents& body, Shape& shape) {
  if (body.types() == nullptr) return;
  shape.Count("types", *body.types(), kMaxTraceTypes);
  for (const auto type : *body.types()) {
    shape.Known("types", static_cast<schema::TraceType>(type), schema::TraceType::MAX);
  }
}

void Check(const schema::SubscribeStats& body, Shape& shape) {
  if (body.kinds() == nullptr) return;
  shape.Count("kinds", *body.kinds(), kMaxStatsKinds);
  for (const auto kind : *body.kinds()) {
    shape.Known("kinds", static_cast<schema::StatsKind>(kind), schema::StatsKind::MAX);
  }
}

void Check(const schema::Consume& body, Shape& shape) {
  shape.Id("consumer_id", body.consumer_id());
  shape.Id("producer_id", body.producer_id());
  shape.Known("kind", body.kind(), schema::MediaKind::MAX);
  CheckRtpParameters(*body.rtp_parameters(), shape);
  if (body.mapping() == nullptr) return;
  shape.Each("mapping", body.mapping(), kMaxMappings, [](const schema::PayloadTypeMapping&) {});
}

void Check(const schema::ProduceData& body, Shape& shape) {
  shape.Id("data_producer_id", body.data_producer_id());
  shape.Text("label", body.label(), kMaxLabelLength);
  shape.Text("protocol", body.protocol(), kMaxLabelLength);
}

template <typename List>
void CheckSubchannels(const List* subchannels, Shape& shape) {
  if (subchannels != nullptr) shape.Count("subchannels", *subchannels, kMaxSubchannels);
}

void Check(const schema::ConsumeData& body, Shape& shape) {
  shape.Id("data_consumer_id", body.data_consumer_id());
  shape.Id("data_producer_id", body.data_producer_id());
  CheckSubchannels(body.subchannels(), shape);
}

// Transports that are not of WebRTC, packets of the application, and those who watch.
void CheckLinks(const schema::Request& request, Shape& shape) {
  switch (request.body_type()) {
    case schema::RequestBody::CreatePlainTransport:
      Check(*request.body_as_CreatePlainTransport(), shape);
      break;
    case schema::RequestBody::CreatePipeTransport:
      Check(*request.body_as_CreatePipeTransport(), shape);
      break;
    case schema::RequestBody::CreateDirectTransport:
      shape.Id("transport_id", request.body_as_CreateDirectTransport()->transport_id());
      break;
    case schema::RequestBody::ConnectPlainTransport:
      Check(*request.body_as_ConnectPlainTransport(), shape);
      break;
    case schema::RequestBody::SendRtp:
      Check(*request.body_as_SendRtp(), shape);
      break;
    case schema::RequestBody::SendRtcp:
      CheckPacket(*request.body_as_SendRtcp()->packet(), shape);
      break;
    case schema::RequestBody::SubscribeStats:
      Check(*request.body_as_SubscribeStats(), shape);
      break;
    default:
      break;
  }
}

void CheckObservers(const schema::Request& request, Shape& shape) {
  switch (request.body_type()) {
    case schema::RequestBody::CreateAudioLevelObserver:
      shape.Id("observer_id", request.body_as_CreateAudioLevelObserver()->observer_id());
      break;
    case schema::RequestBody::CreateActiveSpeakerObserver:
      shape.Id("observer_id", request.body_as_CreateActiveSpeakerObserver()->observer_id());
      break;
    case schema::RequestBody::AddProducer:
      shape.Id("producer_id", request.body_as_AddProducer()->producer_id());
      break;
    case schema::RequestBody::RemoveProducer:
      shape.Id("producer_id", request.body_as_RemoveProducer()->producer_id());
      break;
    default:
      break;
  }
}

}  // namespace

absl::Status CheckShape(const schema::Request& request) {
  Shape shape;
  shape.OptionalId("target", request.target());
  // Methods that are not named here have bodies of numbers only.
  switch (request.body_type()) {
    case schema::RequestBody::UpdateSettings:
      Check(*request.body_as_UpdateSettings(), shape);
      break;
    case schema::RequestBody::CreateRouter:
      Check(*request.body_as_CreateRouter(), shape);
      break;
    case schema::RequestBody::CreateWebRtcServer:
      Check(*request.body_as_CreateWebRtcServer(), shape);
      break;
    case schema::RequestBody::CreateWebRtcTransport:
      Check(*request.body_as_CreateWebRtcTransport(), shape);
      break;
    case schema::RequestBody::ConnectWebRtcTransport:
      Check(*request.body_as_ConnectWebRtcTransport(), shape);
      break;
    case schema::RequestBody::Produce:
      Check(*request.body_as_Produce(), shape);
      break;
    case schema::RequestBody::Consume:
      Check(*request.body_as_Consume(), shape);
      break;
    case schema::RequestBody::EnableTraceEvents:
      Check(*request.body_as_EnableTraceEvents(), shape);
      break;
    case schema::RequestBody::ProduceData:
      Check(*request.body_as_ProduceData(), shape);
      break;
    case schema::RequestBody::ConsumeData:
      Check(*request.body_as_ConsumeData(), shape);
      break;
    case schema::RequestBody::SendData:
      CheckSubchannels(request.body_as_SendData()->subchannels(), shape);
      break;
    case schema::RequestBody::SetSubchannels:
      CheckSubchannels(request.body_as_SetSubchannels()->subchannels(), shape);
      break;
    default:
      CheckLinks(request, shape);
      CheckObservers(request, shape);
      break;
  }
  return shape.status();
}

}  // namespace sluice::control
