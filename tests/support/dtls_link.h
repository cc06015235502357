// Two ends of a DTLS association and the network between them, in virtual time.
//
// Drives anything with the verbs of dtls::Session, or test::OpensslPeer. The wall clock that
// OpenSSL reads moves with the link's time, so an executable that uses this also links
// virtual_gettimeofday.cc.

#ifndef SLUICE_TESTS_SUPPORT_DTLS_LINK_H_
#define SLUICE_TESTS_SUPPORT_DTLS_LINK_H_

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "tests/support/seeded_entropy.h"
#include "tests/support/virtual_gettimeofday.h"

namespace sluice::test {

struct DtlsLinkOptions {
  uint64_t seed = 1;
  double loss = 0;
  double duplicates = 0;
  Duration delay = std::chrono::milliseconds(20);  // One way.
  Duration jitter{};                               // Up to so much more: reorders.
};

template <typename Left, typename Right>
class DtlsLink {
 public:
  using Datagram = std::vector<uint8_t>;
  // May look at, change or (by returning false) swallow a datagram on its way.
  using Tap = std::function<bool(bool from_left, Datagram&)>;

  DtlsLink(Left& left, Right& right, DtlsLinkOptions options = {})
      : left_(left), right_(right), options_(options), entropy_(options.seed) {
    SetWallClock(now_);
  }

  void set_tap(Tap tap) { tap_ = std::move(tap); }
  Timestamp now() const { return now_; }

  // Sends what both have to say, without moving the time.
  void Flush() {
    std::array<uint8_t, 65536> buffer;
    while (const size_t size = left_.PollTransmit(now_, buffer)) {
      Send(true, {buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(size)});
    }
    while (const size_t size = right_.PollTransmit(now_, buffer)) {
      Send(false, {buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(size)});
    }
  }

  void RunFor(Duration span) {
    RunUntil(now_ + span, [] { return false; });
  }

  // True if `done` came true within `limit`.
  bool RunUntilDone(Duration limit, const std::function<bool()>& done) {
    RunUntil(now_ + limit, done);
    return done();
  }

 private:
  void RunUntil(Timestamp end, const std::function<bool()>& done) {
    for (Flush(); !done(); Flush()) {
      std::optional<Timestamp> next = Earlier(TimeoutOf(left_), TimeoutOf(right_));
      if (!flying_.empty()) next = Earlier(next, flying_.begin()->first);
      if (!next || *next > end) {
        now_ = end;
        SetWallClock(now_);
        return;
      }
      now_ = std::max(now_, *next);
      SetWallClock(now_);
      Step();
    }
  }

  void Step() {
    while (!flying_.empty() && flying_.begin()->first <= now_) {
      const auto [to_right, datagram] = std::move(flying_.begin()->second);
      flying_.erase(flying_.begin());
      to_right ? right_.Receive(now_, datagram) : left_.Receive(now_, datagram);
    }
    if (const auto due = TimeoutOf(left_); due && *due <= now_) left_.HandleTimeout(now_);
    if (const auto due = TimeoutOf(right_); due && *due <= now_) right_.HandleTimeout(now_);
  }

  template <typename End>
  std::optional<Timestamp> TimeoutOf(const End& end) const {
    if constexpr (requires { end.NextTimeout(now_); }) {
      return end.NextTimeout(now_);
    } else {
      return end.NextTimeout();
    }
  }

  void Send(bool from_left, Datagram datagram) {
    if (tap_ && !tap_(from_left, datagram)) return;
    if (entropy_.Chance(options_.loss)) return;
    Launch(from_left, datagram);
    if (entropy_.Chance(options_.duplicates)) Launch(from_left, datagram);
  }

  void Launch(bool from_left, const Datagram& datagram) {
    Duration delay = options_.delay;
    if (options_.jitter.count() > 0) {
      delay += Duration(
          static_cast<int64_t>(entropy_.Below(static_cast<uint64_t>(options_.jitter.count()))));
    }
    flying_.emplace(now_ + delay, std::pair(from_left, datagram));
  }

  Left& left_;
  Right& right_;
  DtlsLinkOptions options_;
  SeededEntropy entropy_;
  Tap tap_;
  // Far from zero, so that a test which forgets to pass the time on is wrong by years.
  Timestamp now_{std::chrono::hours(24)};
  std::multimap<Timestamp, std::pair<bool, Datagram>> flying_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_DTLS_LINK_H_
