#include "ice/lite_agent.h"

#include <algorithm>
#include <utility>

#include "ice/stun_integrity.h"

namespace sluice::ice {

std::string_view StateName(State state) {
  switch (state) {
    case State::kNew:
      return "new";
    case State::kConnected:
      return "connected";
    case State::kCompleted:
      return "completed";
    case State::kDisconnected:
      return "disconnected";
    case State::kClosed:
      return "closed";
  }
  return "";
}

LiteAgent::LiteAgent(Credentials local, Options options)
    : options_(options), local_(std::move(local)) {}

void LiteAgent::Receive(Timestamp now, const Datagram& datagram) {
  if (const auto reason = TryReceive(now, datagram)) drops_.Count(*reason);
}

void LiteAgent::HandleTimeout(Timestamp now) {
  if (options_.consent_timeout <= Duration::zero() || path_count_ == 0) return;
  // RFC 7675 §5.1: consent is given per path, so each expires by itself.
  for (size_t i = path_count_; i-- > 0;) {
    if (now - paths_[i].last_request >= options_.consent_timeout) RemovePath(i);
  }
  if (!selected_ || IsValidated(*selected_)) return;
  // Thirty seconds later, no nomination under way can still be mistaken for a newer one.
  nomination_.reset();
  Reselect();
}

std::optional<Timestamp> LiteAgent::NextTimeout() const {
  if (options_.consent_timeout <= Duration::zero()) return std::nullopt;
  std::optional<Timestamp> next;
  for (size_t i = 0; i < path_count_; ++i) {
    next = Earlier(next, paths_[i].last_request + options_.consent_timeout);
  }
  return next;
}

Transmit LiteAgent::PollTransmit(Timestamp /*now*/, ByteSpan out) {
  while (!responses_.empty()) {
    const Response& response = responses_.front();
    if (response.size > out.size()) {
      drops_.Count(DropReason::kTooLarge);
      responses_.Pop();
      continue;
    }
    std::copy_n(response.bytes.begin(), response.size, out.begin());
    const Transmit transmit = {.path = response.path, .size = response.size};
    responses_.Pop();
    return transmit;
  }
  return {};
}

std::optional<LiteAgent::Event> LiteAgent::PollEvent() {
  if (events_.empty()) return std::nullopt;
  const Event event = events_.front();
  events_.Pop();
  return event;
}

void LiteAgent::Restart(Credentials fresh) {
  if (state_ == State::kClosed) return;
  // A second restart before the peer has heard of the first replaces only what the peer never
  // used: the credentials its checks carry at this moment must go on working.
  if (local_in_use_ || !previous_) previous_ = std::move(local_);
  local_ = std::move(fresh);
  local_in_use_ = false;
}

void LiteAgent::LosePath(const Path& path) {
  const ValidPath* const lost = FindPath(path);
  if (lost == nullptr) return;
  RemovePath(static_cast<size_t>(lost - paths_.data()));
  if (selected_ == path) Reselect();
}

void LiteAgent::Close() {
  if (state_ == State::kClosed) return;
  while (path_count_ > 0) RemovePath(path_count_ - 1);
  selected_.reset();
  previous_.reset();
  responses_.Clear();
  SetState(State::kClosed);
}

bool LiteAgent::AcceptsUfrag(std::string_view ufrag) const {
  return CredentialsFor(ufrag) != nullptr;
}

std::vector<std::string_view> LiteAgent::accepted_ufrags() const {
  if (state_ == State::kClosed) return {};
  std::vector<std::string_view> ufrags = {local_.ufrag};
  if (previous_) ufrags.push_back(previous_->ufrag);
  return ufrags;
}

// The order matters: what is cheap comes before what is dear, and nothing is stored, answered or
// changed before the sender has proved that it knows the password. RFC 8489 §9.1.3 would have us
// answer 400 and 401; to whoever asks without credentials we are not there, so that nobody can use
// us as a reflector or learn which ufrags are live.
std::optional<DropReason> LiteAgent::TryReceive(Timestamp now, const Datagram& datagram) {
  if (state_ == State::kClosed) return DropReason::kTransportClosed;
  const std::optional<StunMessage> request = StunMessage::Parse(datagram.bytes);
  // RFC 8445 §7: checks carry FINGERPRINT.
  if (!request || !HasFingerprint(*request)) return DropReason::kStunMalformed;
  if (!request->is_binding(StunClass::kRequest)) return DropReason::kStunUnexpected;

  const std::optional<Username> username =
      request->username ? SplitUsername(*request->username) : std::nullopt;
  if (!username) return DropReason::kStunUnknownUser;
  const Credentials* credentials = CredentialsFor(username->local);
  if (credentials == nullptr) return DropReason::kStunUnknownUser;
  if (!HasIntegrity(*request, credentials->password)) return DropReason::kStunBadIntegrity;

  if (IsReplay(request->transaction, datagram.path)) return DropReason::kStunUnexpected;
  if (responses_.room() == 0 || events_.room() < kReservedEvents) return DropReason::kQueueFull;

  ++counters_.requests;
  const bool refused = !request->unknown.empty() || request->controlled;
  if (!refused) EnterGeneration(*username);
  // Entering a generation can retire only credentials that this request did not name.
  if (!Answer(now, datagram.path, *request, credentials->password)) return DropReason::kTooLarge;
  return std::nullopt;
}

bool LiteAgent::Answer(Timestamp now, const Path& path, const StunMessage& request,
                       std::string_view password) {
  StunMessage response;
  response.transaction = request.transaction;
  response.message_class = StunClass::kError;
  if (!request.unknown.empty()) {
    // RFC 8489 §6.3.1: a request that asks for what we do not know is not carried out at all.
    ++counters_.unknown_attributes;
    response.error_code = kErrorUnknownAttribute;
    response.unknown = request.unknown;
    return Respond(path, response, password);
  }
  if (request.controlled) {
    // RFC 8445 §6.1.1: the full agent is controlling when the other one is lite, whatever the
    // tie-breakers, so it is always the peer who has to change its mind.
    ++counters_.role_conflicts;
    response.error_code = kErrorRoleConflict;
    return Respond(path, response, password);
  }
  Accept(now, path, request);
  ++counters_.responses;
  response.message_class = StunClass::kSuccess;
  response.mapped = path.remote;
  return Respond(path, response, password);
}

const Credentials* LiteAgent::CredentialsFor(std::string_view ufrag) const {
  if (state_ == State::kClosed) return nullptr;
  if (ufrag == local_.ufrag) return &local_;
  if (previous_ && ufrag == previous_->ufrag) return &*previous_;
  return nullptr;
}

// A request that was captured and sent again from elsewhere would validate the sender's path, and
// with USE-CANDIDATE move the media there. A full agent is safe, because it checks back; a lite one
// has only the fact that a transaction belongs to one path (RFC 8489 §6.1). From the same path the
// same transaction is a retransmission.
bool LiteAgent::IsReplay(const TransactionId& transaction, const Path& path) const {
  return std::any_of(seen_.begin(), seen_.begin() + static_cast<std::ptrdiff_t>(seen_count_),
                     [&](const SeenRequest& seen) {
                       return seen.transaction == transaction && seen.path != path;
                     });
}

void LiteAgent::RememberRequest(const TransactionId& transaction, const Path& path) {
  // Retransmissions must not push out other transactions.
  for (size_t i = 0; i < seen_count_; ++i) {
    if (seen_[i].transaction == transaction) return;
  }
  seen_[seen_next_] = {transaction, path};
  seen_next_ = (seen_next_ + 1) % kSeenRequests;
  seen_count_ = std::min(seen_count_ + 1, kSeenRequests);
}

void LiteAgent::Accept(Timestamp now, const Path& path, const StunMessage& request) {
  RememberRequest(request.transaction, path);
  TouchPath(now, path);
  if (IsNomination(request)) {
    if (selected_ != path) ++counters_.nominations;
    Select(path);
    SetState(State::kCompleted);
    return;
  }
  if (selected_) return;
  // Deviation: RFC 8445 §12.1.2 lets a lite agent send only after nomination. Browsers nominate a
  // round trip later, and the path has been authenticated; waiting would only delay the handshake.
  Select(path);
  SetState(State::kConnected);
}

void LiteAgent::EnterGeneration(const Username& username) {
  const bool first_of_local = !local_in_use_ && username.local == local_.ufrag;
  if (first_of_local) {
    local_in_use_ = true;
    previous_.reset();
  }
  const bool new_remote = username.remote != remote_ufrag_;
  if (new_remote) remote_ufrag_ = username.remote;
  // A peer that has begun afresh may count its nominations from the beginning again.
  if (first_of_local || new_remote) nomination_.reset();
}

void LiteAgent::TouchPath(Timestamp now, const Path& path) {
  const auto end = paths_.begin() + static_cast<std::ptrdiff_t>(path_count_);
  const auto known =
      std::find_if(paths_.begin(), end, [&](const ValidPath& valid) { return valid.path == path; });
  if (known != end) {
    known->last_request = now;
    return;
  }
  if (path_count_ == kMaxPaths) {
    // The selected path is never the victim: a peer may lose a spare, but not the call.
    const auto age = [&](const ValidPath& valid) {
      return valid.path == selected_ ? Timestamp::max() : valid.last_request;
    };
    const auto oldest = std::ranges::min_element(paths_, {}, age);
    ++counters_.evicted_paths;
    RemovePath(static_cast<size_t>(oldest - paths_.begin()));
  }
  paths_[path_count_++] = {path, now};
  events_.Push(PathValidated{path});
}

// RFC 8445 §7.3.1.5, and renomination: the highest number wins, whatever the order of arrival. Once
// a peer numbers its choices, a bare USE-CANDIDATE can only be a late one. Among bare ones the
// latest wins: RFC 8445 has only one, and of several (aggressive nomination, RFC 5245 §8.1.1.2) the
// last to be sent is the one the peer settled on.
bool LiteAgent::IsNomination(const StunMessage& request) {
  if (!request.nomination) return request.use_candidate && !nomination_;
  if (nomination_ && *request.nomination <= *nomination_) return false;
  nomination_ = request.nomination;
  return true;
}

void LiteAgent::Select(const Path& path) {
  if (selected_ == path) return;
  selected_ = path;
  events_.Push(PathSelected{path});
}

void LiteAgent::RemovePath(size_t index) {
  events_.Push(PathRemoved{paths_[index].path});
  paths_[index] = paths_[--path_count_];
}

void LiteAgent::Reselect() {
  if (path_count_ == 0) {
    selected_.reset();
    SetState(State::kDisconnected);
    return;
  }
  // The peer is alive elsewhere and has not said so. It checked this path last, so it hears us
  // there; a nomination will correct us.
  const auto newest = std::max_element(
      paths_.begin(), paths_.begin() + static_cast<std::ptrdiff_t>(path_count_),
      [](const ValidPath& a, const ValidPath& b) { return a.last_request < b.last_request; });
  Select(newest->path);
  SetState(State::kConnected);
}

void LiteAgent::SetState(State state) {
  if (state_ == state) return;
  state_ = state;
  events_.Push(StateChanged{state});
}

const LiteAgent::ValidPath* LiteAgent::FindPath(const Path& path) const {
  for (size_t i = 0; i < path_count_; ++i) {
    if (paths_[i].path == path) return &paths_[i];
  }
  return nullptr;
}

bool LiteAgent::Respond(const Path& path, const StunMessage& response, std::string_view password) {
  Response written;
  written.path = path;
  ByteWriter out(written.bytes);
  response.WriteTo(out);
  if (!Seal(out, password)) return false;
  written.size = static_cast<uint8_t>(out.size());
  responses_.Push(written);
  return true;
}

}  // namespace sluice::ice
