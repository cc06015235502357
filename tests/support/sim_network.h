// The network of a simulation: who reaches whom, over which links, through which NAT.
//
// A host is an IP address with an access link in each direction; hosts without one (servers) are
// right at the core. A datagram passes the sender's uplink and the receiver's downlink. Each socket
// of a host can be behind a NAT, which shows it to others under another endpoint and may forget the
// mapping at any time. What arrives is polled; the network calls nobody.
//
// Between two endpoints of TCP there is a connection or there is not: links and NATs do nothing to
// it, it has a delay and a rate of its own (SimStream).

#ifndef SLUICE_TESTS_SUPPORT_SIM_NETWORK_H_
#define SLUICE_TESTS_SUPPORT_SIM_NETWORK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/time.h"
#include "tests/support/sim_link.h"
#include "tests/support/sim_stream.h"
#include "tests/support/trace_hash.h"

namespace sluice::test {

class SimNetwork {
 public:
  struct Delivery {
    Endpoint from;   // as the receiver sees it
    Endpoint to;     // the receiver's own socket
    Endpoint shown;  // what the sender wrote to; differs from `to` behind a NAT
    std::vector<uint8_t> bytes;
  };
  struct Access {
    SimLink up;
    SimLink down;
  };
  // Sees every datagram as it is sent, before any link.
  using Tap = std::function<void(Timestamp now, const Delivery&)>;

  explicit SimNetwork(uint64_t seed) : seed_(seed) {}

  // Gives `host` an access link, or changes the one it has.
  void SetAccess(const IpAddress& host, const LinkOptions& up, const LinkOptions& down);
  const Access& access(const IpAddress& host) const { return *hosts_.at(host); }

  // Two hosts that cannot reach each other, in either direction.
  void Separate(const IpAddress& a, const IpAddress& b) { separated_.insert(std::minmax(a, b)); }
  void Reunite(const IpAddress& a, const IpAddress& b) { separated_.erase(std::minmax(a, b)); }

  // From now on `inner` is seen as `outer`; what is sent to an endpoint it had before is lost.
  void Rebind(const Endpoint& inner, const Endpoint& outer);
  // How others see `inner`.
  Endpoint Shown(const Endpoint& inner) const;

  // A connection, opened at once, with these options in both directions.
  void Connect(const Endpoint& client, const Endpoint& server, const StreamOptions& options);
  // It ends, and what was on its way is lost. False if there was none.
  bool Break(const Endpoint& client, const Endpoint& server);
  // What goes from the one to the other; they must be connected.
  SimStream& stream(const Endpoint& from, const Endpoint& to) { return streams_.at({from, to}); }
  bool AreConnected(const Endpoint& from, const Endpoint& to) const {
    return streams_.contains({from, to});
  }

  // `from` is the sender's own socket. False if a connection had no room for it.
  bool Send(Timestamp now, const Endpoint& from, const Endpoint& to, ByteView bytes);
  // With whatever source address, as spoofers do; passes the links of nobody.
  void Inject(Timestamp now, const Endpoint& shown_from, const Endpoint& to, ByteView bytes);

  std::optional<Timestamp> NextTimeout() const;
  // What has arrived by `now`, in the order of arrival, ties in the order of sending.
  std::optional<Delivery> Poll(Timestamp now);

  void set_tap(Tap tap) { tap_ = std::move(tap); }
  // Of who sent what kind of datagram to whom, when, and how long it was. Handshakes and keys are
  // random in every run, so contents do not count, nor does the length of DTLS.
  const TraceHash& trace() const { return trace_; }

 private:
  bool SendOnStream(Timestamp now, const Endpoint& from, const Endpoint& to, ByteView bytes);
  std::optional<Delivery> PollStreams(Timestamp now);
  void Launch(Timestamp now, Timestamp arrival, Delivery delivery);
  void Trace(Timestamp now, const Delivery& delivery);

  const uint64_t seed_;
  uint64_t next_seed_ = 0;
  std::map<IpAddress, std::unique_ptr<Access>> hosts_;
  std::set<std::pair<IpAddress, IpAddress>> separated_;
  std::map<Endpoint, Endpoint> outer_of_;
  std::map<Endpoint, Endpoint> inner_of_;
  // By time of arrival, and by order of sending within it.
  std::map<std::pair<Timestamp, uint64_t>, Delivery> flying_;
  uint64_t sent_ = 0;
  std::map<std::pair<Endpoint, Endpoint>, SimStream> streams_;
  Tap tap_;
  TraceHash trace_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_SIM_NETWORK_H_
