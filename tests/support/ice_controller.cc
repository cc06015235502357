#include "tests/support/ice_controller.h"

#include <algorithm>
#include <string>

#include "base/check.h"
#include "ice/stun_integrity.h"

namespace sluice::test {
namespace {

// RFC 8489 §6.2.1: RTO and Rc. With doubling, a transaction lives for 39.5 s at most, which consent
// cuts short.
constexpr Duration kInitialTimeout = std::chrono::milliseconds(500);
constexpr int kMaxSends = 7;

}  // namespace

IceController::IceController(const Options& options, Entropy& entropy)
    : options_(options), entropy_(entropy), controlling_(!options.claim_controlled) {}

void IceController::Start(Timestamp now) {
  if (state_ != State::kNew) return;
  Recheck(now);
}

void IceController::Receive(Timestamp now, const Datagram& datagram) {
  if (const auto reason = TryReceive(now, datagram)) drops_.Count(*reason);
}

void IceController::HandleTimeout(Timestamp now) {
  if (consent_until_ && now >= *consent_until_) {
    transaction_.reset();
    next_check_.reset();
    consent_until_.reset();
    SetState(State::kFailed);
    return;
  }
  if (transaction_ && !transaction_->due && now >= transaction_->next_send) {
    // RFC 7675 §5.1: consent is asked for anew at every interval. Going on to double would leave
    // gaps in which a path that has come back goes unnoticed.
    const bool stale = confirmed_ && now - transaction_->first_sent >= options_.consent_interval;
    if (stale || transaction_->sends_left == 0) {
      BeginTransaction(now);
    } else {
      transaction_->due = true;
    }
  }
  if (next_check_ && now >= *next_check_) BeginTransaction(now);
}

std::optional<Timestamp> IceController::NextTimeout() const {
  std::optional<Timestamp> next = Earlier(consent_until_, next_check_);
  if (transaction_ && !transaction_->due) next = Earlier(next, transaction_->next_send);
  return next;
}

Transmit IceController::PollTransmit(Timestamp now, ByteSpan out) {
  if (answer_ && answer_->size <= out.size()) {
    const size_t size = answer_->size;
    std::copy_n(answer_->bytes.begin(), size, out.begin());
    answer_.reset();
    return {.path = options_.path, .size = size};
  }
  if (!transaction_ || !transaction_->due) return {};
  Transaction& sent = *transaction_;
  if (sent.size > out.size()) return {};
  std::copy_n(sent.bytes.begin(), sent.size, out.begin());

  ++requests_sent_;
  if (sent.sends_left == kMaxSends) {
    sent.first_sent = now;
    sent.timeout = kInitialTimeout;
  } else {
    ++retransmissions_;
    sent.repeated = true;
    sent.timeout *= 2;
  }
  --sent.sends_left;
  sent.due = false;
  sent.next_send = now + sent.timeout;
  return {.path = options_.path, .size = sent.size};
}

std::optional<IceController::Event> IceController::PollEvent() {
  if (events_.empty()) return std::nullopt;
  const Event event = events_.front();
  events_.pop_front();
  return event;
}

void IceController::MoveTo(Timestamp now, const Path& path) {
  options_.path = path;
  Recheck(now);
}

void IceController::Nominate(Timestamp now) {
  if (state_ == State::kNew || state_ == State::kFailed) return;
  nominated_ = false;
  ++nomination_;
  BeginTransaction(now);
}

void IceController::Restart(Timestamp now, const ice::Credentials& local,
                            const ice::Credentials& remote) {
  options_.local = local;
  options_.remote = remote;
  Recheck(now);
}

void IceController::Recheck(Timestamp now) {
  confirmed_ = false;
  nominated_ = false;
  ++nomination_;
  consent_until_ = now + options_.consent_timeout;
  BeginTransaction(now);
  SetState(State::kChecking);
}

std::optional<DropReason> IceController::TryReceive(Timestamp now, const Datagram& datagram) {
  const std::optional<ice::StunMessage> response = ice::StunMessage::Parse(datagram.bytes);
  if (!response || !ice::HasFingerprint(*response)) return DropReason::kStunMalformed;
  if (response->is_binding(ice::StunClass::kRequest)) return AnswerCheck(datagram, *response);
  const bool success = response->is_binding(ice::StunClass::kSuccess);
  if (!success && !response->is_binding(ice::StunClass::kError)) {
    return DropReason::kStunUnexpected;
  }
  // RFC 8445 §7.2.5.2.1: an answer comes from where the question went.
  if (!transaction_ || response->transaction != transaction_->id ||
      datagram.path != options_.path) {
    return DropReason::kStunUnexpected;
  }
  if (!ice::HasIntegrity(*response, options_.remote.password)) {
    return DropReason::kStunBadIntegrity;
  }
  if (success) {
    if (!response->mapped) return DropReason::kStunMalformed;
    Confirm(now, *response);
    return std::nullopt;
  }
  if (response->error_code == ice::kErrorRoleConflict) {
    ++role_conflicts_;
    controlling_ = !controlling_;
    BeginTransaction(now);
  } else {
    // Asking again at once would be answered alike.
    transaction_.reset();
    next_check_ = now + options_.consent_interval;
  }
  return std::nullopt;
}

std::optional<DropReason> IceController::AnswerCheck(const Datagram& datagram,
                                                     const ice::StunMessage& request) {
  if (state_ == State::kNew || datagram.path != options_.path) return DropReason::kStunUnexpected;
  if (!ice::HasIntegrity(request, options_.local.password)) return DropReason::kStunBadIntegrity;
  ice::StunMessage response;
  response.message_class = ice::StunClass::kSuccess;
  response.transaction = request.transaction;
  response.mapped = datagram.path.remote;

  answer_ = Answer{};
  ByteWriter out(answer_->bytes);
  response.WriteTo(out);
  SLUICE_CHECK(ice::Seal(out, options_.local.password));
  answer_->size = out.size();
  return std::nullopt;
}

void IceController::Confirm(Timestamp now, const ice::StunMessage& response) {
  // A repeated request makes it unknown which of the sends was answered.
  if (!transaction_->repeated) round_trip_ = now - transaction_->first_sent;
  nominated_ = nominated_ || transaction_->nominates;
  mapped_ = response.mapped;
  consent_until_ = now + options_.consent_timeout;
  transaction_.reset();
  if (!confirmed_) {
    confirmed_ = true;
    events_.push_back(PathConfirmed{options_.path});
  }
  SetState(nominated_ ? State::kCompleted : State::kConnected);

  if (WantsToNominate()) {
    BeginTransaction(now);
    return;
  }
  // RFC 7675 §5.1: 0.8 to 1.2 times the interval, so that many clients do not fall into step.
  const int64_t interval = options_.consent_interval.count();
  const int64_t vary = static_cast<int64_t>(entropy_.U32() % 401) - 200;
  next_check_ = now + Duration(interval + interval * vary / 1000);
}

void IceController::BeginTransaction(Timestamp now) {
  next_check_.reset();
  transaction_ = Transaction{};
  Transaction& fresh = *transaction_;
  entropy_.Fill(fresh.id);
  fresh.sends_left = kMaxSends;
  fresh.next_send = now;
  fresh.nominates = options_.nomination == Nomination::kAggressive ||
                    (options_.nomination != Nomination::kNever && confirmed_);

  ice::StunMessage request;
  request.transaction = fresh.id;
  const std::string username = options_.remote.ufrag + ":" + options_.local.ufrag;
  request.username = username;
  request.priority = options_.priority;
  if (controlling_) {
    request.controlling = options_.tie_breaker;
    const bool numbered = options_.nomination == Nomination::kNumbered;
    request.use_candidate = fresh.nominates && !numbered;
    // Once answered, the number need not be repeated.
    if (fresh.nominates && numbered && !nominated_) request.nomination = nomination_;
  } else {
    request.controlled = options_.tie_breaker;
  }

  ByteWriter out(fresh.bytes);
  request.WriteTo(out);
  SLUICE_CHECK(ice::Seal(out, options_.remote.password));
  fresh.size = out.size();
}

bool IceController::WantsToNominate() const {
  return options_.nomination != Nomination::kNever && !nominated_;
}

void IceController::SetState(State state) {
  if (state_ == state) return;
  state_ = state;
  events_.push_back(StateChanged{state});
}

}  // namespace sluice::test
