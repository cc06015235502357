// One client of a server: a link, and what it sends or receives on it.

#ifndef SLUICE_BENCH_LOAD_CLIENT_H_
#define SLUICE_BENCH_LOAD_CLIENT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "bench/load/link.h"
#include "bench/load/load_clock.h"
#include "bench/load/reception.h"
#include "bench/load/sending.h"
#include "bench/load/train_reader.h"

namespace sluice::load {

class Client {
 public:
  // What is referred to must outlive the client.
  Client(std::string name, const dtls::Context& context, Entropy& entropy)
      : name_(std::move(name)), link_(context, entropy) {}

  const std::string& name() const { return name_; }
  Link& link() { return link_; }
  const Link& link() const { return link_; }
  Sending* sending() { return sending_ ? &*sending_ : nullptr; }
  Reception* reception() { return reception_ ? &*reception_ : nullptr; }
  const Sending* sending() const { return sending_ ? &*sending_ : nullptr; }
  const Reception* reception() const { return reception_ ? &*reception_ : nullptr; }

  void Send(std::vector<std::unique_ptr<SendTrack>> tracks) {
    sending_.emplace(link_, std::move(tracks));
  }
  void Receive(const Reception::Options& options, std::vector<StreamDescription> streams,
               ReceptionTotals& totals, const TrackTable& tracks) {
    reception_.emplace(options, std::move(streams), totals, tracks);
  }

  // Takes what waits in the socket, up to a bound. True if there may be more.
  bool Read(TrainReader& reader, const LoadClock& clock, ReceptionTotals& totals);
  // Timers and RTCP.
  void Tick(Timestamp now);

  // What the server calls the transport; empty until it has answered.
  std::string transport;
  // Which of several workers has it.
  size_t worker = 0;
  // When the server was asked for it.
  Timestamp asked_at;
  bool told_connected = false;
  bool leaving = false;

 private:
  // True if it was media.
  bool Take(ByteSpan datagram, int64_t stamp_ns, Timestamp at);

  const std::string name_;
  Link link_;
  std::optional<Sending> sending_;
  std::optional<Reception> reception_;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_CLIENT_H_
