// A path to one peer: datagrams on one side, clear packets on the other.
//
// What the rest of the engine needs of a peer's way in and out, whatever finds the peer and proves
// that it is the right one: ICE and DTLS (webrtc_link), addresses that the application knows or
// the first packet (plain_link, pipe_link), the application itself (direct_link). A link knows
// nothing of streams.
//
// Sealing and opening are here and not virtual: links differ in where keys come from, not in what
// is done with them, and every packet passes.

#ifndef SLUICE_WORKER_ENGINE_LINK_H_
#define SLUICE_WORKER_ENGINE_LINK_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/drop_reason.h"
#include "base/endpoint.h"
#include "base/packet_pool.h"
#include "base/time.h"
#include "dtls/srtp_session.h"
#include "rtp/send/egress_writer.h"
#include "worker/engine/packet_tap.h"
#include "worker/engine/transmit_batch.h"

namespace sluice::worker {

enum class LinkKind : uint8_t { kWebRtc, kPlain, kPipe, kDirect };

// As the control API calls a transport over such a link, e.g. "webrtc".
std::string_view LinkKindName(LinkKind kind);

class Link {
 public:
  virtual ~Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  LinkKind kind() const { return kind_; }

  // True if media can be sent.
  bool ready() const { return (srtp_ != nullptr || is_clear_) && destination_->has_value(); }
  // Where media goes, and where RTCP goes if that has a path of its own; the latter may be missing
  // while media can be sent.
  const Path& destination() const { return **destination_; }
  const std::optional<Path>& rtcp_destination() const { return *rtcp_destination_; }

  // Decrypts in place. The reason if the packet must die.
  std::optional<DropReason> OpenRtp(PacketRef& packet) { return Open(packet, false); }
  std::optional<DropReason> OpenRtcp(PacketRef& packet) { return Open(packet, true); }

  // See dtls::SrtpSession. Nothing if the packet does not fit.
  std::optional<dtls::SealJob> PrepareRtp(ByteSpan out, const rtp::OutgoingPacket& packet) {
    const auto job = srtp_ == nullptr
                         ? PrepareClear(out, packet)
                         : srtp_->PrepareRtp(out, packet.header_size, packet.written, packet.rest);
    if (tap_ != nullptr && job) TapSent(false, out.first(packet.written), packet.rest);
    return job;
  }
  std::optional<size_t> SealRtp(ByteSpan out, size_t written, ByteView rest);
  std::optional<size_t> SealRtcp(ByteSpan out, size_t written) {
    if (tap_ != nullptr) TapSent(true, out.first(written), {});
    return srtp_ == nullptr ? std::optional(written) : srtp_->ProtectRtcp(out, written);
  }
  // Streams that have ended need no more cryptographic state.
  void ForgetOutgoing(Ssrc ssrc) {
    if (srtp_ != nullptr) srtp_->RemoveOutgoing(ssrc);
  }
  void ForgetIncoming(Ssrc ssrc) {
    if (srtp_ != nullptr) srtp_->RemoveIncoming(ssrc);
  }
  // What comes is authentic.
  bool is_protected() const { return srtp_ != nullptr; }
  // As registered with IANA; empty while nothing is encrypted.
  std::string_view srtp_profile() const {
    return srtp_ == nullptr ? std::string_view() : dtls::SrtpProfileName(srtp_->profile());
  }

  // What records the packets of this link; null while nobody does.
  PacketTap* tap() const { return tap_.get(); }
  void set_tap(std::unique_ptr<PacketTap> tap) { tap_ = std::move(tap); }

  // Tells the peer, where there is a way to; afterwards the link only drains.
  virtual void Close(Timestamp /*now*/) {}
  virtual void HandleTimeout(Timestamp /*now*/) {}
  virtual std::optional<Timestamp> NextTimeout() const { return std::nullopt; }
  // Appends what the link itself has to say. True if the batch was too full for all of it.
  virtual bool PollTransmit(Timestamp /*now*/, TransmitBatch& /*batch*/) { return false; }
  // True if data of SCTP can be sent.
  virtual bool CanSendData() const { return false; }
  // What fits one datagram; it leaves with the next PollTransmit(). False if it cannot be sent.
  virtual bool SendData(ByteView /*data*/) { return false; }
  // What died in the link before it was a packet.
  virtual DropCounters drops() const { return {}; }

 protected:
  // RFC 3711 or nothing: a clear link sends packets as they are, and takes them as they come.
  enum class Protection : uint8_t { kSrtp, kNone };

  Link(LinkKind kind, Protection protection)
      : kind_(kind), is_clear_(protection == Protection::kNone) {}

  // Null takes the keys away.
  void set_srtp(std::unique_ptr<dtls::SrtpSession> srtp) { srtp_ = std::move(srtp); }
  // Where the destination is found from now on. The same for RTCP unless it is said otherwise.
  void Follow(const std::optional<Path>& destination) {
    destination_ = rtcp_destination_ = &destination;
  }
  void FollowForRtcp(const std::optional<Path>& destination) { rtcp_destination_ = &destination; }

 private:
  static std::optional<dtls::SealJob> PrepareClear(ByteSpan out, const rtp::OutgoingPacket& packet);
  std::optional<DropReason> Open(PacketRef& packet, bool rtcp);
  std::optional<DropReason> Decrypt(PacketRef& packet, bool rtcp);
  const Path* PathOf(bool rtcp) const;
  void TapSent(bool rtcp, ByteView front, ByteView rest);

  static constexpr std::optional<Path> kNowhere{};

  const LinkKind kind_;
  const bool is_clear_;
  std::unique_ptr<dtls::SrtpSession> srtp_;
  std::unique_ptr<PacketTap> tap_;
  const std::optional<Path>* destination_ = &kNowhere;
  const std::optional<Path>* rtcp_destination_ = &kNowhere;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_LINK_H_
