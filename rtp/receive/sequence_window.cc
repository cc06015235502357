#include "rtp/receive/sequence_window.h"

#include <algorithm>

namespace sluice::rtp {
namespace {

// Numbers start in the second lap, so that those before the first one stay positive.
constexpr int64_t kLap = 0x10000;

}  // namespace

SequenceWindow::Placement SequenceWindow::Place(SeqNo wire, int max_behind) {
  if (!started_) {
    started_ = true;
    newest_ = RtpSeq{kLap + wire.value()};
    oldest_ = newest_ + -kMaxMisorder;
    Set(newest_, true);
    return {Order::kFirst, newest_, 0};
  }
  if (expect_restart_) return Restart(wire);

  const int ahead = wire.DistanceFrom(SeqNo(static_cast<uint16_t>(newest_.value)));
  if (ahead > 0 && ahead < kMaxDropout) return PlaceAhead(newest_ + ahead);
  if (ahead <= 0 && -ahead <= max_behind) return PlaceBehind(newest_ + ahead);

  // One packet from nowhere may be a stray; two in a row are a sender that started over.
  if (restart_candidate_ == wire) return Restart(wire);
  restart_candidate_ = wire + 1;
  return {};
}

SequenceWindow::Placement SequenceWindow::PlaceRetransmission(SeqNo wire) {
  if (!started_ || expect_restart_) return {};
  const int ahead = wire.DistanceFrom(SeqNo(static_cast<uint16_t>(newest_.value)));
  // The newest packets of a burst may be lost, and then their retransmissions lead.
  if (ahead > 0 && ahead < kMaxDropout) return PlaceAhead(newest_ + ahead);
  if (ahead <= 0 && -ahead <= kMaxAge) return PlaceBehind(newest_ + ahead);
  return {};
}

RtpSeq SequenceWindow::Unwrap(SeqNo wire) const {
  return newest_ + wire.DistanceFrom(SeqNo(static_cast<uint16_t>(newest_.value)));
}

SequenceWindow::Placement SequenceWindow::PlaceAhead(RtpSeq seq) {
  const int64_t skipped = seq - newest_ - 1;
  for (RtpSeq missing = newest_ + 1; missing < seq; missing = missing + 1) Set(missing, false);
  Set(seq, true);
  newest_ = seq;
  return {Order::kNewest, seq, skipped};
}

SequenceWindow::Placement SequenceWindow::PlaceBehind(RtpSeq seq) {
  if (seq < oldest_) return {};
  if (Test(seq)) return {Order::kDuplicate, seq, 0};
  Set(seq, true);
  return {Order::kLate, seq, 0};
}

// The new row continues above the old one, whichever way the sender jumped, so that whoever keeps
// order by these numbers need not know about it.
SequenceWindow::Placement SequenceWindow::Restart(SeqNo wire) {
  const auto step = static_cast<uint16_t>(wire.value() - static_cast<uint16_t>(newest_.value));
  const RtpSeq first = newest_ + (step == 0 ? kLap : step);
  oldest_ = std::max(newest_ + 1, first + -kMaxMisorder);
  newest_ = first;
  expect_restart_ = false;
  restart_candidate_.reset();
  received_.fill(0);
  Set(first, true);
  return {Order::kRestarted, first, 0};
}

bool SequenceWindow::Test(RtpSeq seq) const {
  const size_t bit = static_cast<size_t>(seq.value) % kBits;
  return (received_[bit / 64] >> (bit % 64) & 1) != 0;
}

void SequenceWindow::Set(RtpSeq seq, bool received) {
  const size_t bit = static_cast<size_t>(seq.value) % kBits;
  const uint64_t mask = uint64_t{1} << (bit % 64);
  if (received) {
    received_[bit / 64] |= mask;
  } else {
    received_[bit / 64] &= ~mask;
  }
}

}  // namespace sluice::rtp
