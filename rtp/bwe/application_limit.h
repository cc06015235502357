// Whether the application sends clearly less than it may, and has done so for a while.
//
// Who is limited by the application learns nothing from what arrives but that as much fits.

#ifndef SLUICE_RTP_BWE_APPLICATION_LIMIT_H_
#define SLUICE_RTP_BWE_APPLICATION_LIMIT_H_

#include <chrono>
#include <optional>

#include "base/time.h"
#include "base/units.h"
#include "rtp/bwe/scaled.h"

namespace sluice::rtp::bwe {

class ApplicationLimit {
 public:
  // A perfect encoder uses nine tenths; layers are steps of a third.
  static constexpr double kShare = 0.75;
  // An encoder follows an estimate that has just grown within this.
  static constexpr Duration kPatience = std::chrono::seconds(1);

  void Record(Timestamp now, BitRate sent, BitRate estimate) {
    if (sent >= Scaled(estimate, kShare)) {
      since_.reset();
    } else if (!since_) {
      since_ = now;
    }
    limited_ = since_ && now - *since_ >= kPatience;
  }

  bool limited() const { return limited_; }

 private:
  std::optional<Timestamp> since_;
  bool limited_ = false;
};

}  // namespace sluice::rtp::bwe

#endif  // SLUICE_RTP_BWE_APPLICATION_LIMIT_H_
