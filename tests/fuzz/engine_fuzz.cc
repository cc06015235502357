// A whole engine at the mercy of a byte string: requests, packets, time and sockets in any order.
//
// Whatever happens: nothing crashes, every request is answered once (SimControl sees to that), no
// timeout is asked for that does nothing (Simulation sees to that), nothing is sent to an endpoint
// that has not proven itself, and once everything is closed nothing is left: no object, no packet,
// no socket, no route.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/check.h"
#include "rtp/rtcp/nack.h"
#include "rtp/rtcp/pli.h"
#include "tests/support/simulation.h"

namespace sluice::test {
namespace {

using std::chrono::milliseconds;

// What a byte of the input does.
enum Action : uint8_t {
  kCreate,
  kConnect,
  kPublish,
  kSubscribe,
  kPause,
  kResume,
  kClose,
  kRestartIce,
  kMove,
  kRebind,
  kCutOff,
  kTime,
  kStrangerSends,
  kPeerSendsRtp,
  kPeerSendsRtcp,
  kFeedback,
  kSpoof,
  kFrame,
  kStats,
  kSocketErrors,
  kLink,
  kActionCount
};

class Script {
 public:
  explicit Script(ByteView input) : in_(input) {
    sim_.network().set_tap([this](Timestamp, const SimNetwork::Delivery& delivery) {
      // Only members have addresses that may be sent to.
      if (delivery.from == sim_.server()) SLUICE_CHECK(delivery.to != stranger_.endpoint);
    });
  }

  void Run() {
    for (int steps = 0; !in_.empty() && steps < 200; ++steps) {
      Do(static_cast<Action>(in_.U8() % kActionCount), in_.U8());
    }
    CloseAll();
  }

 private:
  static constexpr size_t kMaxMembers = 6;
  static constexpr size_t kMaxTracks = 12;

  void Do(Action action, uint8_t which) {
    switch (action) {
      case kCreate:
        return Create(which);
      case kConnect:
        return WithMember(which, [](Member& m) { m.Connect(); });
      case kPublish:
        return Publish(which);
      case kSubscribe:
        return Subscribe(which);
      case kPause:
        return Ask(which, schema::PauseT());
      case kResume:
        return Ask(which, schema::ResumeT());
      case kClose:
        return Close(which);
      case kRestartIce:
        return WithBrowser(which, [](Member& m) { m.RestartIce(); });
      case kMove:
        return WithBrowser(
            which, [](Member& m) { m.on_tcp() ? m.Reconnect() : m.MoveToOtherInterface(); });
      case kRebind:
        return WithMember(which, [](Member& m) { m.Rebind(); });
      case kCutOff:
        return CutOff(which);
      case kTime:
        return Wait(milliseconds(which < 250 ? which : which * 150));
      case kFrame:
        return Frame(which);
      case kStats:
        return Ask(which, schema::GetStatsT());
      case kSocketErrors:
        sockets_run_out_ = which % 2 == 0;
        return sim_.engine().sockets().Exhaust(sockets_run_out_);
      case kLink:
        return SetLink(which);
      default:
        return Send(action, which);
    }
  }

  // All pauses of an input together are bounded, or one input could play for hours.
  void Wait(Duration span) {
    span = std::min(span, patience_);
    patience_ -= span;
    sim_.RunFor(span);
  }

  void Send(Action action, uint8_t which) {
    const Bytes bytes = Take(which);
    switch (action) {
      case kStrangerSends:
        // Everybody's port, and that of a tool.
        sim_.SendAs(stranger_, sim_.server(), bytes);
        return WithMember(which, [&](Member& m) { sim_.SendAs(stranger_, m.server(), bytes); });
      case kSpoof:
        return WithMember(which, [&](Member& m) {
          sim_.network().Inject(sim_.now(), m.shown(), m.server(), bytes);
        });
      case kPeerSendsRtp:
        return WithMember(which, [&](Member& m) { SendRtp(m, bytes); });
      case kPeerSendsRtcp:
        return WithMember(which, [&](Member& m) {
          Bytes compound = bytes;
          if (compound.size() < 8) return;
          // As it must be to be sealed.
          compound[0] = static_cast<uint8_t>(0x80 | (compound[0] & 0x3f));
          compound[1] = static_cast<uint8_t>(192 + compound[1] % 32);
          if (m.connected()) m.peer().SendRtcp(compound);
        });
      case kFeedback:
        return Feedback(which);
      default:
        return;
    }
  }

  void Create(uint8_t which) {
    if (members_.size() >= kMaxMembers) return;
    MemberOptions options;
    options.role = which & 1 ? dtls::Role::kClient : dtls::Role::kServer;
    options.tell_role = options.role == dtls::Role::kClient || (which & 2);
    options.impostor = (which & 0x1c) == 0x1c;
    options.consent_timeout_s = which & 0x20 ? 10 : 30;
    // A tool has one address and no connections, and takes a socket of the worker's.
    if (which & 0x40) {
      if (sockets_run_out_) return;
      options.plain = SomeTool(which);
    } else if (which & 0x80) {
      options.tcp = StreamOptions{.one_way = milliseconds(5)};
    }
    Member& member = sim_.Arrive("m" + std::to_string(next_name_++), options);
    members_.push_back(&member);
    targets_.push_back(member.transport());
  }

  static PlainOptions SomeTool(uint8_t which) {
    PlainOptions plain{.rtcp_mux = (which & 1) != 0, .comedia = (which & 2) != 0};
    if (which & 4) plain.srtp = dtls::SrtpProfile::kAesCm128HmacSha1_80;
    return plain;
  }

  // Tools have no ICE.
  template <typename What>
  void WithBrowser(uint8_t which, What what) {
    WithMember(which, [&](Member& member) {
      if (!member.is_tool()) what(member);
    });
  }

  template <typename What>
  void WithMember(uint8_t which, What what) {
    if (members_.empty()) return;
    Member& member = *members_[which % members_.size()];
    // What has been closed can be asked nothing.
    if (!closed_.contains(member.transport())) what(member);
  }

  void Publish(uint8_t which) {
    WithMember(which, [&](Member& member) {
      if (publications_.size() >= kMaxTracks) return;
      const PublishOptions options{
          .rtx = (which & 0x40) != 0,
          .paused = (which & 0x20) != 0,
          .encoder = {.first_seq = static_cast<uint16_t>(which * 257), .payload_size = 100}};
      Publication& fresh =
          which & 0x80 ? member.PublishAudio(options) : member.PublishVideo(options);
      publications_.push_back(&fresh);
      targets_.push_back(fresh.id());
    });
  }

  void Subscribe(uint8_t which) {
    if (publications_.empty()) return;
    const Publication& source = *publications_[in_.U8() % publications_.size()];
    if (closed_.contains(source.id())) return;
    WithMember(which, [&](Member& member) {
      if (subscriptions_ >= 3 * kMaxTracks) return;
      ++subscriptions_;
      Subscription& fresh =
          member.Subscribe(source, {.rtx = (which & 0x40) != 0, .paused = (which & 0x20) != 0});
      views_.push_back(&fresh);
      targets_.push_back(fresh.id());
    });
  }

  template <typename Body>
  void Ask(uint8_t which, Body body) {
    if (targets_.empty()) return;
    sim_.Ask(targets_[which % targets_.size()], std::move(body));
  }

  void Close(uint8_t which) {
    if (targets_.empty()) return;
    const std::string target = targets_[which % targets_.size()];
    if (sim_.Ask(target, schema::CloseT()).ok()) FindClosed();
  }

  // Whoever went along with what was closed.
  void FindClosed() {
    for (const std::string& target : targets_) {
      if (sim_.Ask(target, schema::DumpT()).code == schema::ResultCode::NotFound) {
        closed_.insert(target);
      }
    }
  }

  void CutOff(uint8_t which) {
    WithMember(which, [&](Member& member) {
      if (member.on_tcp()) return CutOffTcp(member, which);
      const IpAddress host = member.shown().address;
      const IpAddress server = sim_.server().address;
      which & 1 ? sim_.network().Separate(host, server) : sim_.network().Reunite(host, server);
    });
  }

  void CutOffTcp(Member& member, uint8_t which) {
    if (!sim_.network().AreConnected(member.server(), member.shown())) return;
    if (which & 2) return member.Disconnect();
    member.incoming().Stall(which & 1);
  }

  void SetLink(uint8_t which) {
    WithMember(which, [&](Member& member) {
      member.SetLink({.one_way = milliseconds(in_.U8() % 100),
                      .jitter = milliseconds(in_.U8() % 50),
                      .loss = in_.U8() / 512.0,
                      .reorder = in_.U8() / 512.0,
                      .duplicate = in_.U8() / 512.0});
    });
  }

  void Frame(uint8_t which) {
    const Bytes bytes = Take(which);
    sim_.control().AskRaw(sim_.now(), bytes);
    sim_.Flush();
  }

  void SendRtp(Member& member, const Bytes& bytes) {
    if (!member.connected() || bytes.size() < 12) return;
    ByteReader in(bytes);
    RtpPacketBuilder packet;
    const uint8_t flags = in.U8();
    // Some of them under the name of a track.
    uint32_t ssrc = in.U32();
    if (flags & 1 && !member.peer().sent().empty()) {
      const auto& track = *member.peer().sent()[ssrc % member.peer().sent().size()];
      ssrc = flags & 2 && track.track().rtx_ssrc ? track.track().rtx_ssrc->value()
                                                 : track.track().ssrc.value();
    }
    packet.WithSsrc(ssrc).WithPayloadType(in.U8() & 0x7f).WithSeq(in.U16());
    packet.WithTimestamp(in.U32()).WithMarker(flags & 4);
    if (flags & 8) packet.WithPadding(static_cast<uint8_t>(1 + flags % 7));
    if (flags & 16) packet.WithTextExtension(kMidExtensionId, "0");
    packet.WithPayload({in.rest().begin(), in.rest().end()});
    member.peer().SendRtp(packet);
  }

  void Feedback(uint8_t which) {
    if (views_.empty()) return;
    Subscription& view = *views_[which % views_.size()];
    const rtp::FeedbackSources sources{Ssrc(1), view.track().track().ssrc};
    std::array<uint8_t, 600> bytes;
    ByteWriter out(bytes);
    if (which & 0x80) {
      rtp::PictureLossIndication{sources}.WriteTo(out);
    } else {
      rtp::GenericNack nack;
      nack.sources = sources;
      for (int i = which & 0x3f; i >= 0; --i) nack.Add(SeqNo(in_.U16()));
      nack.WriteTo(out);
    }
    WithMember(which, [&](Member& m) {
      if (m.connected()) m.peer().SendRtcp(out.written());
    });
  }

  Bytes Take(uint8_t size) {
    const ByteView taken = in_.Bytes(std::min<size_t>(size * size_t{5}, in_.remaining()));
    return {taken.begin(), taken.end()};
  }

  void CloseAll() {
    sim_.RunFor(milliseconds(100));
    sim_.Ask("room", schema::CloseT());
    // Frames of the input may have made routers and servers of their own: the engine's own way out.
    sim_.engine().engine().Close(sim_.now());
    sim_.Ask("server", schema::CloseT());
    sim_.Flush();
    sim_.RunFor(milliseconds(200));
    SLUICE_CHECK(sim_.engine().NextTimeout() == std::nullopt);
    const schema::WorkerStatsT stats = sim_.WorkerStats();
    SLUICE_CHECK(stats.transports + stats.producers + stats.consumers == 0);
    SLUICE_CHECK(sim_.engine().pool().in_use() == 0);
    SLUICE_CHECK(sim_.engine().misdirected() == 0);
    SLUICE_CHECK(sim_.engine().sockets().kept().empty());
    const SimControl::Answer dump = sim_.Ask("", schema::DumpT());
    const std::string& json = dump.body.AsDumpText()->json;
    SLUICE_CHECK(json.find("\"routedPaths\":0") != std::string::npos);
    SLUICE_CHECK(json.find("\"routedUfrags\":0") != std::string::npos);
  }

  ByteReader in_;
  Simulation sim_{{.seed = 1, .link = {.one_way = milliseconds(5)}, .listens_on_tcp = true}};
  Stranger& stranger_ = sim_.AddStranger(IpAddress::V4(198, 51, 100, 7));
  std::vector<Member*> members_;
  std::vector<Publication*> publications_;
  std::vector<Subscription*> views_;
  std::vector<std::string> targets_;
  std::set<std::string> closed_;
  size_t subscriptions_ = 0;
  int next_name_ = 0;
  bool sockets_run_out_ = false;
  Duration patience_ = std::chrono::seconds(60);
};

}  // namespace
}  // namespace sluice::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::test::Script(sluice::ByteView(data, std::min<size_t>(size, 4096))).Run();
  return 0;
}
