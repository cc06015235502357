#include "ice/binding_responder.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "ice/stun_integrity.h"

namespace sluice::ice {
namespace {

constexpr Duration kSecond = std::chrono::seconds(1);

// FNV-1a, begun with a secret.
size_t Hash(uint64_t seed, ByteView bytes) {
  uint64_t hash = 14'695'981'039'346'656'037u ^ seed;
  for (uint8_t byte : bytes) hash = (hash ^ byte) * 1'099'511'628'211u;
  return static_cast<size_t>(hash ^ hash >> 32);
}

}  // namespace

bool BindingResponder::Receive(Timestamp now, const Datagram& datagram) {
  const std::optional<StunMessage> request = StunMessage::Parse(datagram.bytes);
  if (!request || !request->is_binding(StunClass::kRequest)) return false;
  if (request->username || request->integrity_at || !request->unknown.empty()) return false;
  const bool has_fingerprint = request->fingerprint_at.has_value();
  if (has_fingerprint && !HasFingerprint(*request)) return false;

  ++counters_.requests;
  StunMessage response;
  response.message_class = StunClass::kSuccess;
  response.transaction = request->transaction;
  response.mapped = datagram.path.remote;
  Answer answer{.path = datagram.path};
  ByteWriter out(answer.bytes);
  response.WriteTo(out);
  // RFC 8489 §7.3.1: as the question, so the answer.
  if (!out.ok() || (has_fingerprint && !AddFingerprint(out))) return true;
  answer.size = out.size();

  Source& source = SourceOf(datagram.path.remote.address);
  source.credit = std::min(source.credit + datagram.bytes.size(), kMaxCredit);
  if (source.credit < answer.size) {
    ++counters_.short_of_credit;
  } else if (waiting_.size() >= kMaxWaiting || !TakeFromLimits(now, source)) {
    ++counters_.over_limit;
  } else {
    source.credit -= answer.size;
    ++counters_.answers;
    waiting_.push_back(answer);
  }
  return true;
}

Transmit BindingResponder::PollTransmit(ByteSpan out) {
  if (waiting_.empty() || out.size() < kMaxAnswer) return {};
  const Answer& answer = waiting_.front();
  std::copy_n(answer.bytes.begin(), answer.size, out.begin());
  const Transmit transmit{.path = answer.path, .size = answer.size};
  waiting_.pop_front();
  return transmit;
}

BindingResponder::Source& BindingResponder::SourceOf(const IpAddress& address) {
  Source& source = sources_[Hash(seed_, address.bytes()) % kSources];
  if (source.address != address) source = Source{.address = address};
  return source;
}

bool BindingResponder::TakeFromLimits(Timestamp now, Source& source) {
  if (now - second_ >= kSecond) {
    second_ = now;
    answers_ = 0;
  }
  if (now - source.second >= kSecond) {
    source.second = now;
    source.answers = 0;
  }
  if (answers_ >= kAnswersPerSecond || source.answers >= kAnswersPerSource) return false;
  ++answers_;
  ++source.answers;
  return true;
}

}  // namespace sluice::ice
