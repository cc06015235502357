// Transport-wide feedback for tests: bytes as a receiver would send them, and what is read from
// them again.

#ifndef SLUICE_TESTS_SUPPORT_BWE_FEEDBACK_H_
#define SLUICE_TESTS_SUPPORT_BWE_FEEDBACK_H_

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/time.h"
#include "rtp/rtcp/transport_feedback.h"
#include "rtp/rtcp/transport_feedback_builder.h"

namespace sluice::test {

class BweFeedback {
 public:
  // About everything from `base` to the last of `arrivals`, which are numbers and times in order of
  // number. Numbers are the sender's without wrap.
  BweFeedback(int64_t base, const std::vector<std::pair<int64_t, Timestamp>>& arrivals) {
    rtp::TransportFeedbackBuilder builder(TransportSeq{base}, arrivals.front().second,
                                          bytes_.size());
    for (const auto& [sequence, time] : arrivals) {
      SLUICE_CHECK(builder.Add(TransportSeq{sequence}, time));
    }
    ByteWriter out(bytes_);
    builder.WriteTo(out, rtp::FeedbackSources{Ssrc(1), Ssrc(2)}, 0);
    parsed_ = rtp::TransportFeedback::Parse(out.written());
    SLUICE_CHECK(parsed_.has_value());
  }
  BweFeedback(const BweFeedback&) = delete;
  BweFeedback& operator=(const BweFeedback&) = delete;

  const rtp::TransportFeedback& get() const { return *parsed_; }

 private:
  std::array<uint8_t, 1200> bytes_{};
  std::optional<rtp::TransportFeedback> parsed_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_BWE_FEEDBACK_H_
