// A path to a router of this or another worker: a plain link with one port at either end, and SRTP
// with the strongest suite if at all.
//
// What travels on it differs, not the way: all encodings of a producer, each under an SSRC of its
// own, and word of which of them somebody at the other end wants (pipe_demand.h).

#ifndef SLUICE_WORKER_ENGINE_PIPE_LINK_H_
#define SLUICE_WORKER_ENGINE_PIPE_LINK_H_

#include <optional>

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

 private:
  const bool on_demand_;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_PIPE_LINK_H_
