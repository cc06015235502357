// SRTP and SRTCP with one peer (RFC 3711, RFC 7714), both directions.
//
// It counts and remembers for each SSRC; how a packet is sealed is for SrtpTransform to know. It
// knows nothing of streams beyond their SSRC: what a packet means is for rtp/ to say.

#ifndef SLUICE_DTLS_SRTP_SESSION_H_
#define SLUICE_DTLS_SRTP_SESSION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/drop_reason.h"
#include "base/ids.h"
#include "dtls/bulk_cipher.h"
#include "dtls/replay_window.h"
#include "dtls/rollover_counter.h"
#include "dtls/srtp_keys.h"
#include "dtls/srtp_transform.h"
#include "dtls/ssrc_table.h"

namespace sluice::dtls {

class SrtpSession {
 public:
  using Unprotected = std::variant<size_t, DropReason>;

  // How many SSRCs a peer may send from, RTP and RTCP together. A publisher with ten simulcast
  // sources uses about 60, and as many may be remembered of what it has stopped sending. Each costs
  // about 300 bytes.
  static constexpr size_t kMaxIncoming = 320;

  // How many SSRCs we may send from. A receiver of 2,000 streams with their retransmissions uses
  // 4,000. Each costs 20 bytes.
  static constexpr size_t kMaxOutgoing = 8192;

  static constexpr unsigned kReplayWindow = ReplayWindow::kSize;

  // With `cipher`, which must outlive the session, packets are sealed and opened by it, otherwise
  // by OpenSSL. The bytes are the same.
  static absl::StatusOr<std::unique_ptr<SrtpSession>> Create(const SrtpKeys& keys,
                                                             BulkCipher* cipher = nullptr);

  SrtpSession(const SrtpSession&) = delete;
  SrtpSession& operator=(const SrtpSession&) = delete;

  // In place. Returns the length of the clear packet, or why it must die; a packet that dies has
  // left no trace, but its bytes may be garbage. State of an SSRC comes into being only once a tag
  // has been verified.
  Unprotected UnprotectRtp(ByteSpan packet);
  Unprotected UnprotectRtcp(ByteSpan packet);

  // `out[0, written)` holds the RTP header and that part of the payload which differs for this
  // receiver; `rest` is the shared plaintext that follows. Writes the whole protected packet into
  // `out` and returns its length, or nothing if it does not fit or may not be sent.
  std::optional<size_t> ProtectRtp(ByteSpan out, size_t written, ByteView rest);
  // The same, but the packet is only counted, and has still to be sealed (SealQueue), before the
  // session goes. What is returned is as long as the protected packet.
  // `header` bytes of it stay clear: fixed header, contributing sources and extensions.
  std::optional<SealJob> PrepareRtp(ByteSpan out, size_t header, size_t written, ByteView rest);
  std::optional<size_t> ProtectRtcp(ByteSpan out, size_t written);

  // Free the state of a stream that has ended. What arrives from it later begins anew, which for
  // an incoming stream means that recordings of it would be taken once more: callers remove one
  // only when nobody listens to it any longer.
  void RemoveOutgoing(Ssrc ssrc) { outgoing_.Erase(ssrc); }
  void RemoveIncoming(Ssrc ssrc) { incoming_.Erase(ssrc); }

  SrtpProfile profile() const { return profile_; }
  size_t incoming_count() const { return incoming_.size(); }

 private:
  // What a transform is for.
  enum class Use : uint8_t { kRtpIn, kRtcpIn, kRtpOut, kRtcpOut };
  static constexpr size_t kUses = 4;

  struct Incoming {
    RolloverCounter rollover;
    ReplayWindow rtp;
    ReplayWindow rtcp;
    bool has_media = false;  // It may be known by its reports alone.
  };

  struct Outgoing {
    RolloverCounter rollover;
    uint32_t rtcp_index = 0;
  };

  // What of an RTP packet must be known before it can be opened.
  struct Heading {
    Ssrc ssrc;
    uint16_t seq = 0;
    size_t size = 0;
  };

  SrtpSession(const SrtpKeys& keys, BulkCipher* cipher);

  // Null if OpenSSL has no memory.
  SrtpTransform* TransformFor(Use use) {
    SrtpTransform* const made = transforms_[static_cast<size_t>(use)].get();
    return made != nullptr ? made : MakeTransform(use);
  }
  SrtpTransform* MakeTransform(Use use);

  static std::optional<Heading> ReadHeading(ByteView packet);
  Unprotected UnprotectFirst(ByteSpan packet, const Heading& heading);
  bool OpenAfterWrap(ByteSpan packet, const Heading& heading);

  // Packets that authenticate entitle a peer to guesses, one each, up to this many.
  static constexpr int kMaxGuesses = 64;

  const SrtpKeys keys_;
  BulkCipher* const cipher_;
  const SrtpProfile profile_;
  // Each holds a kilobyte and more, and is made when the first packet needs it: many a peer only
  // sends or only receives, or does neither yet.
  std::array<std::unique_ptr<SrtpTransform>, kUses> transforms_;
  SsrcTable<Incoming, kMaxIncoming> incoming_;
  SsrcTable<Outgoing, kMaxOutgoing> outgoing_;
  int guesses_ = kMaxGuesses;
};

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_SRTP_SESSION_H_
