// A peer and its place in a room: what a browser and its application do together.

#ifndef SLUICE_TESTS_SUPPORT_SIM_MEMBER_H_
#define SLUICE_TESTS_SUPPORT_SIM_MEMBER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/endpoint.h"
#include "control-api/response.h"
#include "dtls/context.h"
#include "dtls/srtp_keys.h"
#include "rtp/forward/layer.h"
#include "tests/support/sim_control.h"
#include "tests/support/sim_link.h"
#include "tests/support/sim_peer.h"
#include "tests/support/sim_stream.h"

namespace sluice::test {

class Member;
class Simulation;

// Of a media tool on a plain transport.
struct PlainOptions {
  bool rtcp_mux = true;
  bool comedia = false;
  // As the transport is asked for; in the clear without.
  std::optional<dtls::SrtpProfile> srtp = std::nullopt;
  // Of the tool, if it is another.
  std::optional<dtls::SrtpProfile> own_srtp = std::nullopt;
};

struct MemberOptions {
  size_t engine = 0;
  std::string router = "room";
  // The peer's role in DTLS, and what it tells the worker of it.
  dtls::Role role = dtls::Role::kServer;
  bool tell_role = true;
  IceController::Nomination nomination = IceController::Nomination::kRegular;
  // Of the peer; the simulation's own if none is given.
  std::optional<LinkOptions> link = std::nullopt;
  // A certificate other than the one that was signalled.
  bool impostor = false;
  uint8_t consent_timeout_s = 30;
  // The peer comes over a connection with this delay and rate; there must be a port for it
  // (Simulation::Options::listens_on_tcp).
  std::optional<StreamOptions> tcp = std::nullopt;
  bool data_channels = false;
  // A media tool and not a browser, if this is given.
  std::optional<PlainOptions> plain = std::nullopt;
};

struct SimEncodingOptions {
  std::string rid;
  SimEncoderOptions encoder;
  // As declared to the worker; 0 declares nothing.
  uint32_t max_bitrate = 0;
};

// Three sizes at 30 pictures a second in three temporal layers: about 130, 490 and 1,700 kbit/s.
std::vector<SimEncodingOptions> ThreeEncodings();

struct PublishOptions {
  bool rtx = true;  // of video; otherwise retransmissions come under the SSRC itself
  bool nack = true;
  bool paused = false;
  SimEncoderOptions encoder = {};
  // Of video: the same picture several times, each with its own SSRC and RID; `encoder` is unused.
  std::vector<SimEncodingOptions> encodings = {};
  bool signals_ssrcs = true;  // see SimTrackOptions
};

struct SubscribeOptions {
  bool rtx = true;
  bool nack = true;
  bool paused = false;
  // Nothing: all.
  std::optional<rtp::LayerId> preferred = std::nullopt;
  uint8_t priority = 1;
};

// A producer. Lives as long as the simulation, closed or not.
class Publication {
 public:
  Publication(Member& owner, std::string id, std::vector<SimSendTrack*> tracks)
      : owner_(owner), id_(std::move(id)), tracks_(std::move(tracks)) {}

  const std::string& id() const { return id_; }
  // One of its encodings.
  SimSendTrack& track(size_t encoding = 0) { return *tracks_[encoding]; }
  const SimSendTrack& track(size_t encoding = 0) const { return *tracks_[encoding]; }
  size_t encodings() const { return tracks_.size(); }
  rtp::MediaKind kind() const { return track().track().kind; }
  Member& owner() { return owner_; }

  SimControl::Answer Pause();
  SimControl::Answer Resume();
  SimControl::Answer Close();
  schema::RtpStreamStatsT Stats();

 private:
  Member& owner_;
  const std::string id_;
  const std::vector<SimSendTrack*> tracks_;
};

// A consumer.
class Subscription {
 public:
  Subscription(Member& owner, std::string id, SimReceiveTrack& track)
      : owner_(owner), id_(std::move(id)), track_(track) {}

  const std::string& id() const { return id_; }
  SimReceiveTrack& track() { return track_; }

  SimControl::Answer Pause();
  SimControl::Answer Resume();
  SimControl::Answer Close();
  SimControl::Answer Prefer(rtp::LayerId layers);
  SimControl::Answer SetPriority(uint8_t priority);
  schema::RtpStreamStatsT Stats();

 private:
  Member& owner_;
  const std::string id_;
  SimReceiveTrack& track_;
};

class Member {
 public:
  Member(Simulation& sim, std::string name, size_t number, const MemberOptions& options);

  // Signals our fingerprint and starts the peer.
  SimControl::Answer Connect();

  Publication& PublishVideo(const PublishOptions& options = {});
  Publication& PublishAudio(const PublishOptions& options = {});
  // The application takes again what it has closed; the peer goes on as if nothing had happened.
  Publication& PublishAgain(Publication& closed);
  Subscription& Subscribe(const Publication& publication, const SubscribeOptions& options = {});

  // The whole transport.
  SimControl::Answer Close();
  schema::TransportStatsT Stats();
  uint64_t Drops(DropReason reason);

  // The NAT in front of the peer shows it under another port from now on.
  void Rebind();
  // The peer leaves its interface for another one with another address.
  void MoveToOtherInterface();
  void RestartIce();
  // Of a peer on TCP: its connection breaks, and the worker notices; it opens another from another
  // port and checks it.
  void Disconnect();
  void Reconnect();
  // What comes to this peer, over the connection it uses.
  SimStream& incoming();
  bool on_tcp() const { return options_.tcp.has_value(); }
  // Both directions of the access link.
  void SetLink(const LinkOptions& link);

  bool connected() const { return peer_->connected(); }
  // It is no browser.
  bool is_tool() const { return options_.plain.has_value(); }
  const std::string& name() const { return name_; }
  // The id of the transport.
  const std::string& transport() const { return transport_; }
  size_t engine() const { return options_.engine; }
  SimPeer& peer() { return *peer_; }
  const SimPeer& peer() const { return *peer_; }
  // As the worker sees the peer.
  Endpoint shown() const;
  const Endpoint& server() const { return server_; }
  const std::string& local_ufrag() const { return worker_credentials_.ufrag; }
  const ice::Credentials& worker_credentials() const { return worker_credentials_; }
  Simulation& simulation() { return sim_; }
  // Bytes that were sent to this member's sockets.
  uint64_t datagrams_received = 0;

 private:
  void CreateWebRtc();
  void CreatePlain();
  std::unique_ptr<schema::ListenInfoT> OwnPort() const;
  SimControl::Answer ConnectPlain();
  std::unique_ptr<schema::RtpParametersT> Describe(const SimTrackOptions& track,
                                                   const std::string& cname) const;
  Publication& PublishEncodings(const SimTrackOptions& common, const PublishOptions& options);
  Publication& Publish(SimTrackOptions track, const PublishOptions& options);
  // One producer of all of them; its id.
  std::string Produce(const std::vector<SimTrackOptions>& tracks, bool paused);
  template <typename Body>
  SimControl::Answer Ask(std::string_view target, Body body);

  Simulation& sim_;
  const std::string name_;
  const size_t number_;
  const MemberOptions options_;
  std::string transport_;
  Endpoint server_;
  ice::Credentials worker_credentials_;
  // Of plain transports.
  std::optional<Endpoint> rtcp_server_;
  std::unique_ptr<SimPeer> peer_;
  std::vector<std::unique_ptr<Publication>> publications_;
  std::vector<std::unique_ptr<Subscription>> subscriptions_;
  uint32_t next_track_ = 0;
  uint16_t rebinds_ = 0;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_SIM_MEMBER_H_
