// A browser as far as the network can tell: full ICE, DTLS in either role, SRTP, tracks in both
// directions, RTCP.
//
// Put together from the same cores as the worker, except for what judges the worker's work (see
// SimReceiveTrack). It knows nothing of signalling: Member does that.

#ifndef SLUICE_TESTS_SUPPORT_SIM_PEER_H_
#define SLUICE_TESTS_SUPPORT_SIM_PEER_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/drop_reason.h"
#include "base/endpoint.h"
#include "base/entropy.h"
#include "base/protocol_core.h"
#include "base/time.h"
#include "dtls/context.h"
#include "dtls/session.h"
#include "dtls/srtp_keys.h"
#include "dtls/srtp_session.h"
#include "rtp/receive/feedback_recorder.h"
#include "rtp/rtcp/report_block.h"
#include "rtp/rtcp/rtcp_packet.h"
#include "tests/support/ice_controller.h"
#include "tests/support/sim_data.h"
#include "tests/support/sim_receive_track.h"
#include "tests/support/sim_send_track.h"

namespace sluice::test {

class SimPeer {
 public:
  struct Options {
    ice::Credentials local = {};
    ice::Credentials remote = {};
    // Our sockets; SocketId is the index. ICE begins on the first.
    std::vector<Endpoint> sockets = {};
    Endpoint server = {};
    IceController::Nomination nomination = IceController::Nomination::kRegular;
    dtls::Role role = dtls::Role::kServer;
    dtls::Fingerprint expected;
    std::string cname = "peer";
    bool data_channels = false;
  };

  // Of a media tool, which speaks RTP to an address it was given and has neither ICE nor DTLS.
  struct Plain {
    // In the clear without.
    std::optional<dtls::SrtpKeys> srtp = std::nullopt;
    // Where RTCP goes, from our second socket, if it has a path of its own.
    std::optional<Endpoint> rtcp_server = std::nullopt;
  };

  // What is referred to must outlive the peer.
  SimPeer(const Options& options, const dtls::Context& context, Entropy& entropy);

  // The first check goes out.
  void Start(Timestamp now) { ice_.Start(now); }
  // Instead: what is sent goes to Options::server at once.
  void StartPlain(Timestamp now, const Plain& plain);

  // `datagram.path` is our socket and who sent it.
  void Receive(Timestamp now, const Datagram& datagram);
  void HandleTimeout(Timestamp now);
  std::optional<Timestamp> NextTimeout() const;
  Transmit PollTransmit(Timestamp now, ByteSpan out);
  // DTLS news; ICE is asked through ice().
  std::optional<dtls::Session::Event> PollEvent();

  // Tracks begin to flow once connected.
  SimSendTrack& Send(Timestamp now, const SimTrackOptions& track, const SimEncoderOptions& encoder);
  SimReceiveTrack& Expect(Timestamp now, const SimTrackOptions& track, std::vector<Ssrc> sources);

  void Close(Timestamp now) { dtls_.Close(now); }

  bool connected() const { return srtp_ != nullptr || plain_.has_value(); }
  std::optional<Timestamp> connected_at() const { return connected_at_; }
  std::optional<dtls::Session::CloseReason> closed() const { return closed_; }
  IceController& ice() { return ice_; }
  const Endpoint& socket(SocketId id) const { return options_.sockets[id.value()]; }
  const Options& options() const { return options_; }
  // For scenarios that forge what only the peer could have sealed.
  dtls::SrtpSession& srtp() { return *srtp_; }
  // With data_channels only.
  SimData& data() { return *data_; }

  const std::vector<std::unique_ptr<SimSendTrack>>& sent() const { return sent_; }
  const std::vector<std::unique_ptr<SimReceiveTrack>>& received() const { return received_; }
  // Media packets that no track expected, and RTCP that made no sense.
  uint64_t unexpected() const { return unexpected_; }
  // Packets on the probation stream, for which a client of the SDK makes room.
  uint64_t padding() const { return padding_; }
  // What did not authenticate.
  uint64_t unsealed() const { return unsealed_; }
  // Feedback about what we send: arrivals that the other side told of, and REMB packets.
  uint64_t arrivals_reported() const { return arrivals_reported_; }
  uint64_t rembs() const { return rembs_; }
  // The last report about each of our tracks, and the round-trip time made of it.
  std::optional<rtp::ReportBlock> report_of(Ssrc ssrc) const;
  std::optional<Duration> media_round_trip() const { return media_round_trip_; }
  // RTCP datagrams sent and received.
  uint64_t rtcp_sent() const { return rtcp_sent_; }
  uint64_t rtcp_received() const { return rtcp_received_; }

  // Asks for nothing again any more; what it could ask for counts as asked for.
  void StopNacks() { asks_again_ = false; }
  // Says nothing any more of when numbered packets arrive.
  void StopFeedback() {
    tells_arrivals_ = false;
    feedback_ = rtp::FeedbackRecorder();
  }
  // Sends a packet of RTCP as it is, sealed.
  void SendRtcp(ByteView compound) { extra_rtcp_.emplace_back(compound.begin(), compound.end()); }
  // Sends an RTP packet as it is, sealed, unless SRTP refuses it.
  void SendRtp(const RtpPacketBuilder& packet) {
    extra_rtp_.push_back(packet);
    made_up_ = true;
  }

 private:
  void DrainSession(Timestamp now);
  void BeginMedia(Timestamp now);
  Path PathOf(bool rtcp) const;
  std::optional<size_t> Open(ByteSpan bytes, bool rtcp);
  std::optional<size_t> SealRtcp(ByteSpan out, size_t clear);
  void ReceiveRtp(Timestamp now, ByteView protected_bytes);
  void ReceiveRtcp(Timestamp now, ByteView protected_bytes);
  void ReceiveMember(Timestamp now, const rtp::RtcpPacket& member);
  void RecordBlocks(Timestamp now, const rtp::ReportBlocks& blocks);
  void RecordArrival(Timestamp now, uint16_t number);
  SimSendTrack* FindSent(Ssrc ssrc);
  // The next packet of SCTP, in DTLS.
  size_t WriteData(Timestamp now, ByteSpan out);
  // Clear RTCP that is due; its length.
  size_t WriteRtcp(Timestamp now, ByteSpan out);
  void WriteReports(Timestamp now, ByteWriter& out);
  std::optional<size_t> WriteRtp(Timestamp now, ByteSpan out);
  std::optional<size_t> SealRtp(Timestamp now, RtpPacketBuilder packet, ByteSpan out);
  Ssrc own_ssrc() const;

  const Options options_;
  IceController ice_;
  dtls::Session dtls_;
  std::unique_ptr<dtls::SrtpSession> srtp_;
  std::unique_ptr<SimData> data_;
  std::optional<Plain> plain_;
  bool path_confirmed_ = false;
  std::optional<Timestamp> connected_at_;
  std::optional<dtls::Session::CloseReason> closed_;
  std::deque<dtls::Session::Event> events_;

  std::vector<std::unique_ptr<SimSendTrack>> sent_;
  std::vector<std::unique_ptr<SimReceiveTrack>> received_;
  uint16_t transport_sequence_ = 0;
  rtp::FeedbackRecorder feedback_;
  bool asks_again_ = true;
  bool tells_arrivals_ = true;
  std::optional<Timestamp> next_report_;
  std::vector<rtp::ReportBlock> blocks_;
  struct Reference {
    Ssrc sender;
    NtpTime time;
    Timestamp arrival;
  };
  std::optional<Reference> reference_;
  std::optional<Duration> media_round_trip_;
  std::deque<Bytes> extra_rtcp_;
  std::deque<RtpPacketBuilder> extra_rtp_;
  bool made_up_ = false;
  uint64_t unexpected_ = 0;
  uint64_t padding_ = 0;
  uint64_t unsealed_ = 0;
  uint64_t arrivals_reported_ = 0;
  uint64_t rembs_ = 0;
  uint64_t rtcp_sent_ = 0;
  uint64_t rtcp_received_ = 0;
};
static_assert(ProtocolCore<SimPeer, Datagram>);

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_SIM_PEER_H_
