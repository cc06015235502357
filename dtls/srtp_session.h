// SRTP and SRTCP with one peer (RFC 3711, RFC 7714), both directions.
//
// A narrow seam over libsrtp2, so that a faster cipher can take its place. It knows nothing of
// streams beyond their SSRC: what a packet means is for rtp/ to say.

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
#include "dtls/srtp_keys.h"
#include "dtls/ssrc_set.h"

// libsrtp2's session; its headers stay in the source files of this folder.
struct srtp_ctx_t_;

namespace sluice::dtls {

class SrtpSession {
 public:
  using Unprotected = std::variant<size_t, DropReason>;

  // How many SSRCs a peer may send from, RTP and RTCP together. A publisher with ten simulcast
  // sources uses about 60. Each costs the library about a kilobyte.
  static constexpr size_t kMaxIncoming = 256;

  // RFC 3711 §3.3.2 asks for at least 64. A retransmission on its original SSRC can be a second
  // late, which is about 1,000 packets of a fast stream.
  static constexpr unsigned kReplayWindow = 1024;

  static absl::StatusOr<std::unique_ptr<SrtpSession>> Create(const SrtpKeys& keys);
  ~SrtpSession();

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
  std::optional<size_t> ProtectRtcp(ByteSpan out, size_t written);

  // Free the state of a stream that has ended. What arrives from it later begins anew, which for
  // an incoming stream means that recordings of it would be taken once more: callers remove one
  // only when nobody listens to it any longer.
  void RemoveOutgoing(Ssrc ssrc);
  void RemoveIncoming(Ssrc ssrc);

  SrtpProfile profile() const { return keys_.profile(); }
  size_t incoming_count() const { return incoming_.size(); }

 private:
  struct ContextDeleter {
    void operator()(srtp_ctx_t_* context) const;
  };
  using ContextPtr = std::unique_ptr<srtp_ctx_t_, ContextDeleter>;

  SrtpSession(const SrtpKeys& keys, ContextPtr in, ContextPtr out);

  static absl::StatusOr<ContextPtr> NewContext(SrtpProfile profile, ByteView key, bool inbound);
  Unprotected UnprotectFirst(ByteSpan packet, Ssrc ssrc);
  std::optional<size_t> UnprotectAfterWrap(ByteSpan packet, Ssrc ssrc);

  // Packets that authenticate entitle a peer to guesses, one each, up to this many.
  static constexpr int kMaxGuesses = 64;

  const SrtpKeys keys_;
  ContextPtr in_;
  ContextPtr out_;
  SsrcSet<kMaxIncoming> incoming_;  // All for which libsrtp2 keeps state.
  SsrcSet<kMaxIncoming> media_;     // Those of them that have sent RTP.
  int guesses_ = kMaxGuesses;
};

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_SRTP_SESSION_H_
