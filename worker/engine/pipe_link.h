// A path to a router of this or another worker: a plain link with one port at either end, and SRTP
// with the strongest suite if at all.
//
// What travels on it differs, not the way: all encodings of a producer, each under an SSRC of its
// own, and word of which of them somebody at the other end wants (pipe_demand.h). Packets of SCTP
// travel in RTCP as application-defined data (RFC 3550 §6.7), so that whatever protects media
// protects them as well, and nobody who could not send media can send them.

#ifndef SLUICE_WORKER_ENGINE_PIPE_LINK_H_
#define SLUICE_WORKER_ENGINE_PIPE_LINK_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "rtp/rtcp/application_data.h"
#include "worker/engine/plain_link.h"

namespace sluice::worker {

class PipeLink final : public PlainLink {
 public:
  static constexpr bool Is(LinkKind kind) { return kind == LinkKind::kPipe; }

  struct Options {
    SocketId socket;
    bool enable_srtp = false;
    bool on_demand = true;
    // As PlainLink::Options.
    dtls::BulkCipher* cipher = nullptr;
    Entropy& entropy;
  };

  explicit PipeLink(const Options& options)
      : PlainLink(LinkKind::kPipe,
                  {.socket = options.socket,
                   .rtcp_socket = std::nullopt,
                   .srtp = options.enable_srtp ? std::optional(dtls::SrtpProfile::kAeadAes256Gcm)
                                               : std::nullopt,
                   .cipher = options.cipher,
                   .entropy = options.entropy}),
        on_demand_(options.on_demand) {}

  // Both ends say which encodings they want, and send no others.
  bool on_demand() const { return on_demand_; }

  bool CanSendData() const override { return ready(); }
  // At most kMaxData bytes.
  bool SendData(ByteView data) override;
  bool PollTransmit(Timestamp now, TransmitBatch& batch) override;
  // The packet of SCTP that `rtcp` holds, if it does; a view of it.
  static std::optional<ByteView> ReadData(ByteView rtcp);

  // What a datagram of 1,200 bytes holds beside the header, and SRTCP's index and tag (RFC 7714
  // §9).
  static constexpr size_t kMaxData = 1200 - rtp::ApplicationData::kOverhead - 20;

 private:
  const bool on_demand_;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_PIPE_LINK_H_
