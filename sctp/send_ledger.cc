#include "sctp/send_ledger.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::sctp {

void SendLedger::RecordAccepted(StreamId stream, size_t bytes) {
  amounts_[stream] += bytes;
  total_ += bytes;
}

void SendLedger::RecordHandedOver(StreamId stream, size_t bytes) {
  held_ += bytes;
  shares_.push_back({stream, bytes});
}

void SendLedger::RecordHeld(size_t bytes) {
  while (held_ > bytes && !shares_.empty()) {
    Share& oldest = shares_.front();
    const size_t gone = std::min(oldest.bytes, held_ - bytes);
    held_ -= gone;
    Release(oldest.stream, gone);
    oldest.bytes -= gone;
    if (oldest.bytes == 0) shares_.pop_front();
  }
}

void SendLedger::Release(StreamId stream, size_t bytes) {
  const auto amount = amounts_.find(stream);
  SLUICE_CHECK(amount != amounts_.end() && amount->second >= bytes);
  const size_t before = amount->second;
  const size_t after = before - bytes;
  amount->second = after;
  total_ -= bytes;
  if (after == 0) amounts_.erase(amount);

  const auto threshold = thresholds_.find(stream);
  if (threshold == thresholds_.end()) return;
  const bool falls = before > threshold->second && after <= threshold->second;
  if (falls && std::ranges::find(low_, stream) == low_.end()) low_.push_back(stream);
}

size_t SendLedger::amount(StreamId stream) const {
  const auto amount = amounts_.find(stream);
  return amount == amounts_.end() ? 0 : amount->second;
}

void SendLedger::SetLowThreshold(StreamId stream, size_t bytes) { thresholds_[stream] = bytes; }

std::optional<StreamId> SendLedger::PollLow() {
  if (low_.empty()) return std::nullopt;
  const StreamId stream = low_.front();
  low_.pop_front();
  return stream;
}

void SendLedger::Clear() {
  amounts_.clear();
  shares_.clear();
  low_.clear();
  total_ = 0;
  held_ = 0;
}

}  // namespace sluice::sctp
