// A path to a media tool: RTP over addresses that the application knows, or that the first valid
// packet shows (comedia), with SRTP under keys that the application carries, or in the clear.
//
// There is nothing that finds the peer or asks for its consent. What keeps strangers out is the
// complete path, a socket of this transport alone and one remote endpoint, and SRTP where it is on.

#ifndef SLUICE_WORKER_ENGINE_PLAIN_LINK_H_
#define SLUICE_WORKER_ENGINE_PLAIN_LINK_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/entropy.h"
#include "dtls/bulk_cipher.h"
#include "dtls/srtp_master.h"
#include "worker/engine/link.h"

namespace sluice::worker {

class PlainLink : public Link {
 public:
  static constexpr bool Is(LinkKind kind) {
    return kind == LinkKind::kPlain || kind == LinkKind::kPipe;
  }

  struct Options {
    SocketId socket;
    // None: RTCP shares the socket of RTP (RFC 5761).
    std::optional<SocketId> rtcp_socket = std::nullopt;
    // The first valid packet shows where the peer is.
    bool comedia = false;
    // Nothing: in the clear.
    std::optional<dtls::SrtpProfile> srtp = std::nullopt;
    // May be null; what is referred to must outlive the link.
    dtls::BulkCipher* cipher = nullptr;
    Entropy& entropy;
  };
  // What the application knows of the peer; what is missing is learnt or not needed.
  struct Remote {
    std::optional<Endpoint> rtp = std::nullopt;
    std::optional<Endpoint> rtcp = std::nullopt;
    std::optional<dtls::SrtpMaster> srtp = std::nullopt;
  };

  explicit PlainLink(const Options& options) : PlainLink(LinkKind::kPlain, options) {}

  // Once only. FailedPrecondition or InvalidArgument, with the field that is missing or too much,
  // if it cannot be; then nothing has changed. Where the suite of the peer is another, ours
  // follows: local_srtp() is new afterwards.
  absl::Status Connect(const Remote& remote);

  bool comedia() const { return comedia_; }
  bool rtcp_mux() const { return !rtcp_socket_.has_value(); }
  // The keys we send with; the peer has to be told.
  const std::optional<dtls::SrtpMaster>& local_srtp() const { return local_srtp_; }

  // What a packet of a path that does not belong to the peer is: it may show where the peer is, if
  // it proves to be valid, or it is a stranger's.
  bool MayShow(const Path& path, bool rtcp) const;
  // A valid packet has come over `path`, which MayShow allowed.
  void Learn(const Path& path, bool rtcp) { (is_rtcp_path(rtcp) ? rtcp_path_ : path_) = path; }

  const std::optional<Path>& path() const { return path_; }
  // Of RTCP alone; none where it is multiplexed.
  const std::optional<Path>& rtcp_path() const { return rtcp_path_; }

  // SCTP as it is, beside RTP; SRTP protects nothing of it. What may go wrong by that is for the
  // application to weigh.
  bool CanSendData() const override { return path_.has_value(); }
  bool SendData(ByteView data) override;
  bool PollTransmit(Timestamp now, TransmitBatch& batch) override;
  // A datagram of SCTP may show where the peer is: not where SRTP has to prove it.
  bool MayShowByData(const Path& path) const { return !local_srtp_ && MayShow(path, false); }

 protected:
  PlainLink(LinkKind kind, const Options& options);

 private:
  bool is_rtcp_path(bool rtcp) const { return rtcp && rtcp_socket_.has_value(); }
  absl::Status Check(const Remote& remote) const;

  const SocketId socket_;
  const std::optional<SocketId> rtcp_socket_;
  const bool comedia_;
  dtls::BulkCipher* const cipher_;
  Entropy& entropy_;
  bool connected_ = false;
  std::optional<dtls::SrtpMaster> local_srtp_;
  std::optional<Path> path_;
  std::optional<Path> rtcp_path_;

 protected:
  // A packet of SCTP until the next PollTransmit(); empty if there is none.
  std::vector<uint8_t> data_;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_PLAIN_LINK_H_
