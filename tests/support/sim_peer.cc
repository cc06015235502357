#include "tests/support/sim_peer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "worker/engine/demux.h"

namespace sluice::test {
namespace {

// Between two reports; browsers send one a second with video.
constexpr Duration kReportInterval = std::chrono::seconds(1);

IceController::Options IceOptions(const SimPeer::Options& options) {
  IceController::Options ice;
  ice.local = options.local;
  ice.remote = options.remote;
  ice.path = {SocketId(0), options.server};
  ice.nomination = options.nomination;
  return ice;
}

}  // namespace

SimPeer::SimPeer(const Options& options, const dtls::Context& context, Entropy& entropy)
    : options_(options),
      ice_(IceOptions(options), entropy),
      dtls_(context, options.role, options.expected) {
  if (!options.data_channels) return;
  dtls_.KeepApplicationData();
  data_ = std::make_unique<SimData>(options.role);
}

void SimPeer::Receive(Timestamp now, const Datagram& datagram) {
  switch (worker::Classify(datagram.bytes)) {
    case worker::Wire::kStun:
      ice_.Receive(now, datagram);
      while (const std::optional<IceController::Event> event = ice_.PollEvent()) {
        if (std::holds_alternative<IceController::PathConfirmed>(*event)) path_confirmed_ = true;
      }
      break;
    case worker::Wire::kDtls:
      dtls_.Receive(now, datagram.bytes);
      DrainSession(now);
      break;
    case worker::Wire::kRtp:
      ReceiveRtp(now, datagram.bytes);
      break;
    case worker::Wire::kRtcp:
      ReceiveRtcp(now, datagram.bytes);
      break;
    case worker::Wire::kSctp:
    case worker::Wire::kUnknown:
      ++unexpected_;
      break;
  }
}

void SimPeer::DrainSession(Timestamp now) {
  while (std::optional<dtls::Session::Event> event = dtls_.PollEvent()) {
    if (const auto* connected = std::get_if<dtls::Session::Connected>(&*event)) {
      auto srtp = dtls::SrtpSession::Create(connected->keys);
      SLUICE_CHECK(srtp.ok());
      srtp_ = *std::move(srtp);
      BeginMedia(now);
      if (data_ != nullptr) data_->Connect(now);
    } else if (const auto* data = std::get_if<dtls::Session::ApplicationData>(&*event)) {
      data_->Receive(now, data->bytes);
      continue;
    } else {
      closed_ = std::get<dtls::Session::Closed>(*event).reason;
      srtp_.reset();
      for (const auto& track : sent_) track->Stop();
    }
    events_.push_back(*std::move(event));
  }
}

void SimPeer::StartPlain(Timestamp now, const Plain& plain) {
  plain_ = plain;
  if (plain.srtp) {
    auto srtp = dtls::SrtpSession::Create(*plain.srtp);
    SLUICE_CHECK(srtp.ok());
    srtp_ = *std::move(srtp);
  }
  BeginMedia(now);
}

void SimPeer::BeginMedia(Timestamp now) {
  connected_at_ = now;
  next_report_ = now + kReportInterval / 10;
  for (const auto& track : sent_) track->Start(now);
}

Path SimPeer::PathOf(bool rtcp) const {
  if (!plain_) return ice_.path();
  if (rtcp && plain_->rtcp_server) return {SocketId(1), *plain_->rtcp_server};
  return {SocketId(0), options_.server};
}

std::optional<size_t> SimPeer::Open(ByteSpan bytes, bool rtcp) {
  if (!connected()) return std::nullopt;
  if (srtp_ == nullptr) return bytes.size();
  const auto opened = rtcp ? srtp_->UnprotectRtcp(bytes) : srtp_->UnprotectRtp(bytes);
  const size_t* size = std::get_if<size_t>(&opened);
  return size == nullptr ? std::nullopt : std::optional(*size);
}

std::optional<size_t> SimPeer::SealRtcp(ByteSpan out, size_t clear) {
  return srtp_ == nullptr ? clear : srtp_->ProtectRtcp(out, clear);
}

std::optional<dtls::Session::Event> SimPeer::PollEvent() {
  if (events_.empty()) return std::nullopt;
  dtls::Session::Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

SimSendTrack& SimPeer::Send(Timestamp now, const SimTrackOptions& track,
                            const SimEncoderOptions& encoder) {
  sent_.push_back(std::make_unique<SimSendTrack>(track, encoder));
  if (connected()) sent_.back()->Start(now);
  return *sent_.back();
}

SimReceiveTrack& SimPeer::Expect(Timestamp now, const SimTrackOptions& track,
                                 std::vector<Ssrc> sources) {
  received_.push_back(std::make_unique<SimReceiveTrack>(track, std::move(sources), now));
  return *received_.back();
}

void SimPeer::HandleTimeout(Timestamp now) {
  if (!plain_) ice_.HandleTimeout(now);
  if (path_confirmed_) {
    dtls_.HandleTimeout(now);
    DrainSession(now);
  }
  if (!connected()) return;
  if (data_ != nullptr) data_->HandleTimeout(now);
  for (const auto& track : sent_) track->HandleTimeout(now);
  for (const auto& track : received_) track->HandleTimeout(now);
}

std::optional<Timestamp> SimPeer::NextTimeout() const {
  std::optional<Timestamp> next = plain_ ? std::nullopt : ice_.NextTimeout();
  if (path_confirmed_) next = Earlier(next, dtls_.NextTimeout());
  if (!connected()) return next;
  if (data_ != nullptr) next = Earlier(next, data_->NextTimeout());
  for (const auto& track : sent_) next = Earlier(next, track->NextTimeout());
  for (const auto& track : received_) next = Earlier(next, track->NextTimeout());
  return Earlier(next, Earlier(next_report_, feedback_.NextTimeout()));
}

Transmit SimPeer::PollTransmit(Timestamp now, ByteSpan out) {
  if (!plain_) {
    if (const Transmit check = ice_.PollTransmit(now, out)) return check;
    if (!path_confirmed_) return {};
    if (const size_t size = dtls_.PollTransmit(now, out)) return {ice_.path(), size};
    if (const size_t size = WriteData(now, out)) return {ice_.path(), size};
  }
  // A browser without consent is silent (RFC 7675 §5.1): what it makes goes nowhere.
  const bool silent = !plain_ && ice_.state() == IceController::State::kFailed;
  while (connected()) {
    std::optional<size_t> size;
    const size_t clear = WriteRtcp(now, out);
    if (clear != 0) {
      size = SealRtcp(out, clear);
      SLUICE_CHECK(size.has_value());
      rtcp_sent_ += silent ? 0 : 1;
    } else {
      size = WriteRtp(now, out);
    }
    if (!size) break;
    if (!silent) return {PathOf(clear != 0), *size};
  }
  return {};
}

size_t SimPeer::WriteData(Timestamp now, ByteSpan out) {
  if (data_ == nullptr || !connected()) return 0;
  std::array<uint8_t, dtls::Session::kMaxApplicationData> packet;
  const size_t size = data_->PollTransmit(now, packet);
  if (size == 0 || !dtls_.Send(ByteView(packet).first(size))) return 0;
  return dtls_.PollTransmit(now, out);
}

std::optional<size_t> SimPeer::WriteRtp(Timestamp now, ByteSpan out) {
  for (;;) {
    std::optional<RtpPacketBuilder> packet;
    if (!extra_rtp_.empty()) {
      packet = std::move(extra_rtp_.front());
      extra_rtp_.pop_front();
    }
    for (size_t i = 0; i < sent_.size() && !packet; ++i) packet = sent_[i]->Poll();
    if (!packet) return std::nullopt;
    if (const std::optional<size_t> size = SealRtp(now, *packet, out)) return size;
    // What a scenario makes up can be something that SRTP refuses to send, or make it refuse what
    // comes behind it.
    SLUICE_CHECK(made_up_);
  }
}

std::optional<size_t> SimPeer::SealRtp(Timestamp now, RtpPacketBuilder packet, ByteSpan out) {
  if (plain_) {
    const Bytes clear = packet.ToBytes();
    std::ranges::copy(clear, out.begin());
    return srtp_ == nullptr ? clear.size() : srtp_->ProtectRtp(out, clear.size(), {});
  }
  Bytes number(2), moment(3);
  ByteWriter(number).U16(transport_sequence_++);
  // 6.18 fixed point seconds.
  const auto units = static_cast<uint64_t>(now.time_since_epoch().count()) * (1u << 18) / 1'000'000;
  ByteWriter(moment).U24(static_cast<uint32_t>(units & 0xffffff));
  packet.WithExtension(kSendTimeExtensionId, moment)
      .WithExtension(kTransportSequenceExtensionId, number);
  const Bytes clear = packet.ToBytes();
  std::ranges::copy(clear, out.begin());
  return srtp_->ProtectRtp(out, clear.size(), {});
}

SimSendTrack* SimPeer::FindSent(Ssrc ssrc) {
  const auto found =
      std::ranges::find_if(sent_, [&](const auto& track) { return track->track().ssrc == ssrc; });
  return found == sent_.end() ? nullptr : found->get();
}

std::optional<rtp::ReportBlock> SimPeer::report_of(Ssrc ssrc) const {
  const auto found =
      std::ranges::find_if(blocks_, [&](const auto& block) { return block.source == ssrc; });
  if (found == blocks_.end()) return std::nullopt;
  return *found;
}

}  // namespace sluice::test
