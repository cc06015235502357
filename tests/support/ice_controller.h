// The full, controlling side of ICE as far as a test client needs it: checks one path of a lite
// server, nominates it, keeps consent fresh and notices when nobody answers (RFC 8445 §7.2,
// RFC 7675). Answers checks on that path, because there are servers that call themselves lite and
// believe nothing before they have checked it themselves.
//
// It has one path at a time and does not gather, pair or prioritise. What it lacks against a
// browser in cleverness it has in obedience: the tests decide when it moves or restarts.

#ifndef SLUICE_TESTS_SUPPORT_ICE_CONTROLLER_H_
#define SLUICE_TESTS_SUPPORT_ICE_CONTROLLER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <variant>

#include "base/drop_reason.h"
#include "base/endpoint.h"
#include "base/entropy.h"
#include "base/protocol_core.h"
#include "base/time.h"
#include "ice/credentials.h"
#include "ice/stun_message.h"

namespace sluice::test {

class IceController {
 public:
  enum class State { kNew, kChecking, kConnected, kCompleted, kFailed };

  // How the peer is told which path to use.
  enum class Nomination {
    kRegular,     // USE-CANDIDATE in the second check (RFC 8445 §8.1.1)
    kAggressive,  // USE-CANDIDATE in every check (RFC 5245 §8.1.1.2)
    kNumbered,    // the nomination attribute, counting up from one with every choice
    kNever,
  };

  struct Options {
    ice::Credentials local = {};
    ice::Credentials remote = {};
    Path path = {};  // Our socket and the server's endpoint.
    Nomination nomination = Nomination::kRegular;
    uint64_t tie_breaker = 0x0123456789abcdef;
    // RFC 8445 §5.1.2.1 for a peer-reflexive candidate: what PRIORITY has to say.
    std::optional<uint32_t> priority = 110u << 24 | 65'535u << 8 | 255u;
    // Claim the wrong role at first, and give in when told (RFC 8445 §7.2.5.1).
    bool claim_controlled = false;
    // RFC 7675 §5.1. Varied by a fifth either way, as it asks.
    Duration consent_interval = std::chrono::seconds(5);
    Duration consent_timeout = std::chrono::seconds(30);
  };

  struct StateChanged {
    State state;
  };
  // The check of this path was answered by who knows the password: DTLS and media may flow.
  struct PathConfirmed {
    Path path;
  };
  using Event = std::variant<StateChanged, PathConfirmed>;

  // `entropy` must outlive the controller.
  IceController(const Options& options, Entropy& entropy);

  // The first check goes out at the next PollTransmit.
  void Start(Timestamp now);

  void Receive(Timestamp now, const Datagram& datagram);
  void HandleTimeout(Timestamp now);
  std::optional<Timestamp> NextTimeout() const;
  Transmit PollTransmit(Timestamp now, ByteSpan out);
  std::optional<Event> PollEvent();

  // Checks and nominates another path from now on, e.g. after a change of interface.
  void MoveTo(Timestamp now, const Path& path);
  // Nominates the present path once more.
  void Nominate(Timestamp now);
  // ICE restart: both sides have new credentials (RFC 8445 §9).
  void Restart(Timestamp now, const ice::Credentials& local, const ice::Credentials& remote);

  State state() const { return state_; }
  const Path& path() const { return options_.path; }
  const ice::Credentials& local() const { return options_.local; }
  // How the server sees us.
  const std::optional<Endpoint>& mapped() const { return mapped_; }
  const std::optional<Duration>& round_trip() const { return round_trip_; }
  uint64_t requests_sent() const { return requests_sent_; }
  uint64_t retransmissions() const { return retransmissions_; }
  uint64_t role_conflicts() const { return role_conflicts_; }
  const DropCounters& drops() const { return drops_; }

 private:
  // A request under way: its bytes, so that a repetition is the same (RFC 8489 §6.2.1).
  struct Transaction {
    ice::TransactionId id{};
    std::array<uint8_t, 256> bytes{};
    size_t size = 0;
    bool nominates = false;
    int sends_left = 0;
    bool due = true;
    bool repeated = false;
    Timestamp first_sent;
    Duration timeout{0};
    Timestamp next_send;
  };

  // What is to be sent back. One is enough: who gets none asks again.
  struct Answer {
    std::array<uint8_t, 128> bytes;
    size_t size;
  };

  // RFC 8445 §7.3.
  std::optional<DropReason> AnswerCheck(const Datagram& datagram, const ice::StunMessage& request);
  // The matching transaction ends here, well or badly; nothing if the response is not ours.
  std::optional<DropReason> TryReceive(Timestamp now, const Datagram& datagram);
  void Confirm(Timestamp now, const ice::StunMessage& response);
  void BeginTransaction(Timestamp now);
  // Forgets everything known about the path and checks it anew.
  void Recheck(Timestamp now);
  bool WantsToNominate() const;
  void SetState(State state);

  Options options_;
  Entropy& entropy_;
  State state_ = State::kNew;
  bool controlling_;
  bool confirmed_ = false;   // The present path has been answered.
  bool nominated_ = false;   // A nomination of the present path has been answered.
  uint32_t nomination_ = 0;  // The number of the present choice.

  std::optional<Transaction> transaction_;
  std::optional<Answer> answer_;
  std::optional<Timestamp> next_check_;
  std::optional<Timestamp> consent_until_;

  std::optional<Endpoint> mapped_;
  std::optional<Duration> round_trip_;
  uint64_t requests_sent_ = 0;
  uint64_t retransmissions_ = 0;
  uint64_t role_conflicts_ = 0;
  std::deque<Event> events_;
  DropCounters drops_;
};
static_assert(ProtocolCore<IceController, Datagram>);

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_ICE_CONTROLLER_H_
