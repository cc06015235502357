// The lite side of ICE (RFC 8445 §2.5): answers the checks of one full peer and thereby learns from
// where that peer may speak and where it wants to be spoken to.
//
// The agent sends nothing of its own accord. It is always the controlled side, it has one
// component, and nobody tells it the peer's candidates: every path is peer-reflexive, and exists
// because an authenticated Binding request came over it. What is not authenticated is dropped in
// silence and counted; nothing else than such a request ever changes state (RFC 8445 §7.3).
//
// Consent (RFC 7675) is inferred, since a lite agent sends no checks: a path over which no
// authenticated request came for `consent_timeout` is gone. When the last one goes, the peer has
// disconnected, and nothing may be sent until it checks again.
//
// Feed Receive() what LooksLikeStun(), and drain PollTransmit() and PollEvent() before more input
// comes: an owner who does not will see input dropped as kQueueFull.

#ifndef SLUICE_ICE_LITE_AGENT_H_
#define SLUICE_ICE_LITE_AGENT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/drop_reason.h"
#include "base/endpoint.h"
#include "base/protocol_core.h"
#include "base/time.h"
#include "ice/credentials.h"
#include "ice/stun_message.h"

namespace sluice::ice {

enum class State { kNew, kConnected, kCompleted, kDisconnected, kClosed };

// "new", "connected", "completed", "disconnected", "closed".
std::string_view StateName(State state);

class LiteAgent {
 public:
  struct Options {
    // RFC 7675 §5.1. Zero: paths never expire.
    Duration consent_timeout = std::chrono::seconds(30);
  };

  struct StateChanged {
    State state;
  };
  // Media and DTLS may now come from here.
  struct PathValidated {
    Path path;
  };
  // Send here from now on.
  struct PathSelected {
    Path path;
  };
  // Expired, evicted by a newer one, or the agent was closed. If it was the selected one and no
  // PathSelected follows, there is nowhere to send.
  struct PathRemoved {
    Path path;
  };
  using Event = std::variant<StateChanged, PathValidated, PathSelected, PathRemoved>;

  struct Counters {
    uint64_t requests = 0;            // authenticated Binding requests, whatever the answer
    uint64_t responses = 0;           // success responses prepared
    uint64_t role_conflicts = 0;      // 487
    uint64_t unknown_attributes = 0;  // 420
    uint64_t nominations = 0;         // changes of the selected path that the peer asked for
    uint64_t evicted_paths = 0;
  };

  // A browser has a handful of interfaces, each with one or two address families. Eight is what
  // servers of this kind allow; a ninth path replaces the one that has been silent longest.
  static constexpr size_t kMaxPaths = 8;

  LiteAgent(Credentials local, Options options);

  void Receive(Timestamp now, const Datagram& datagram);
  void HandleTimeout(Timestamp now);
  std::optional<Timestamp> NextTimeout() const;
  // Writes the next response into `out`. One that does not fit is dropped as kTooLarge.
  Transmit PollTransmit(Timestamp now, ByteSpan out);
  std::optional<Event> PollEvent();

  // RFC 8445 §9: the old and the fresh credentials are both valid until the first check with the
  // fresh ones. Paths and selection stay until the peer's new checks change them.
  void Restart(Credentials fresh);
  // The connection behind this path has ended (RFC 6544 §7): it is gone at once, whatever consent
  // says. Unknown paths are ignored.
  void LosePath(const Path& path);
  // Final: paths are removed, and input is ignored from then on.
  void Close();

  // The newest ones.
  const Credentials& local() const { return local_; }
  bool AcceptsUfrag(std::string_view ufrag) const;
  // One or two, newest first; none once closed.
  std::vector<std::string_view> accepted_ufrags() const;
  // As of the newest authenticated request; empty before there was one.
  const std::string& remote_ufrag() const { return remote_ufrag_; }

  State state() const { return state_; }
  const std::optional<Path>& selected() const { return selected_; }
  bool IsValidated(const Path& path) const { return FindPath(path) != nullptr; }
  size_t path_count() const { return path_count_; }

  const DropCounters& drops() const { return drops_; }
  const Counters& counters() const { return counters_; }

 private:
  struct ValidPath {
    Path path;
    Timestamp last_request;
  };

  // A transaction and where it came from. See IsReplay.
  struct SeenRequest {
    TransactionId transaction{};
    Path path;
  };

  // The longest response: an error with eight unknown attributes.
  static constexpr size_t kMaxResponse = 96;
  struct Response {
    Path path;
    uint8_t size = 0;
    std::array<uint8_t, kMaxResponse> bytes;
  };

  // A bounded first-in-first-out queue. It keeps the room that it once needed, which is one entry
  // or a few, so that checks cost no allocation and an idle transport little memory.
  template <typename T, size_t kCapacity>
  class Queue {
   public:
    size_t room() const { return kCapacity - items_.size(); }
    bool empty() const { return items_.empty(); }
    void Push(const T& value) {
      SLUICE_DCHECK(room() > 0);
      items_.push_back(value);
    }
    const T& front() const { return items_[first_]; }
    void Pop() {
      if (++first_ == items_.size()) Clear();
    }
    void Clear() {
      items_.clear();
      first_ = 0;
    }

   private:
    std::vector<T> items_;
    size_t first_ = 0;
  };

  // Answers of one turn; a peer has at most one check per path under way.
  static constexpr size_t kMaxResponses = 2 * kMaxPaths;
  // One request makes four events at most. Expiry and close can make nineteen more before the next
  // one (eight paths removed, eight selected in turn, three states), and cannot be refused; so
  // requests are, once less room is left.
  static constexpr size_t kMaxEvents = 48;
  static constexpr size_t kReservedEvents = 4 + 2 * kMaxPaths + 3;
  // About three minutes of checks at the pace browsers keep.
  static constexpr size_t kSeenRequests = 64;

  // What Receive does; the answer is why the datagram was dropped, if it was.
  std::optional<DropReason> TryReceive(Timestamp now, const Datagram& datagram);
  // Answers an authentic request; false if no response could be made.
  bool Answer(Timestamp now, const Path& path, const StunMessage& request,
              std::string_view password);
  const Credentials* CredentialsFor(std::string_view ufrag) const;
  bool IsReplay(const TransactionId& transaction, const Path& path) const;
  void RememberRequest(const TransactionId& transaction, const Path& path);

  void Accept(Timestamp now, const Path& path, const StunMessage& request);
  void EnterGeneration(const Username& username);
  void TouchPath(Timestamp now, const Path& path);
  bool IsNomination(const StunMessage& request);
  void Select(const Path& path);
  void RemovePath(size_t index);
  // Chooses where to send once the selected path has gone.
  void Reselect();
  void SetState(State state);

  const ValidPath* FindPath(const Path& path) const;
  bool Respond(const Path& path, const StunMessage& response, std::string_view password);

  Options options_;
  Credentials local_;
  std::optional<Credentials> previous_;
  bool local_in_use_ = false;  // An authenticated request has named local_.
  std::string remote_ufrag_;

  State state_ = State::kNew;
  std::array<ValidPath, kMaxPaths> paths_{};
  size_t path_count_ = 0;
  std::optional<Path> selected_;
  // The highest NOMINATION seen since the peer last began afresh.
  std::optional<uint32_t> nomination_;

  std::array<SeenRequest, kSeenRequests> seen_{};
  size_t seen_count_ = 0;
  size_t seen_next_ = 0;

  Queue<Response, kMaxResponses> responses_;
  Queue<Event, kMaxEvents> events_;
  DropCounters drops_;
  Counters counters_;
};
static_assert(ProtocolCore<LiteAgent, Datagram>);

}  // namespace sluice::ice

#endif  // SLUICE_ICE_LITE_AGENT_H_
