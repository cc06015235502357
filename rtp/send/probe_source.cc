#include "rtp/send/probe_source.h"

#include <utility>

namespace sluice::rtp {
namespace {

// Ticks of the video clock (90 kHz) in 100 us.
constexpr int64_t kTicks = 9;

}  // namespace

std::optional<ProbeSource::Choice> ProbeSource::Repeat(Timestamp now, uint32_t probe,
                                                       std::span<const Stream> streams,
                                                       size_t wanted) {
  if (probe != probe_) {
    probe_ = probe;
    round_ = 0;
    stream_ = 0;
    next_.reset();
  }
  for (int step = 0; step < kMaxSteps && round_ < kMaxRounds && !streams.empty(); ++step) {
    if (stream_ >= streams.size()) Turn(streams.size());
    const Stream& stream = streams[stream_];
    const int64_t number = next_.value_or(stream.cache->newest());
    if (number < stream.cache->oldest()) {
      Turn(streams.size());
      continue;
    }
    next_ = number - 1;
    std::optional<RetransmissionCache::Entry> entry = stream.cache->Peek(now, number);
    if (!entry) continue;
    const size_t size = entry->packet.size();
    if (size > kTooLarge * wanted || size * kTooSmall < wanted) continue;
    return Choice{stream.owner, *std::move(entry)};
  }
  return std::nullopt;
}

void ProbeSource::Turn(size_t streams) {
  next_.reset();
  if (++stream_ < streams) return;
  stream_ = 0;
  ++round_;
}

PaddingWriter::Header ProbeSource::NextPadding(Timestamp now) {
  const SeqNo seq = next_seq_;
  next_seq_ = seq + 1;
  const int64_t ticks = now.time_since_epoch().count() / 100 * kTicks;
  return {kProbationSsrc, kProbationPayloadType, seq, static_cast<uint32_t>(ticks)};
}

}  // namespace sluice::rtp
