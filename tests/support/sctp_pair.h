// Two SCTP associations and the path between them, in virtual time.
//
// What each side tells is kept by kind, so that a test asks for what it wants to know.

#ifndef SLUICE_TESTS_SUPPORT_SCTP_PAIR_H_
#define SLUICE_TESTS_SUPPORT_SCTP_PAIR_H_

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "sctp/association.h"
#include "sctp/stack.h"
#include "tests/support/sim_link.h"

namespace sluice::test {

class SctpPair {
 public:
  struct Side {
    explicit Side(sctp::Stack& stack, const sctp::Association::Options& options)
        : association(stack, options) {}

    sctp::Association association;
    std::optional<sctp::Association::Connected> connected;
    std::optional<sctp::Association::CloseReason> closed;
    std::vector<sctp::Message> messages;
    std::vector<sctp::StreamId> incoming_resets;
    std::vector<sctp::StreamId> outgoing_resets;
    std::vector<sctp::StreamId> low;
    int restarts = 0;
    // If set, told of every message instead of its being kept.
    std::function<void(sctp::Message)> on_message;
  };

  using Options = std::array<sctp::Association::Options, 2>;

  explicit SctpPair(const LinkOptions& link = {}, const Options& options = {}, uint64_t seed = 1);

  // Both sides begin, and the time passes that they need.
  void Connect();

  void RunFor(Duration span);
  // False if that took longer than `limit`.
  bool RunUntil(const std::function<bool()>& done, Duration limit);

  // Everything that is due now: packets go out, events are taken.
  void Drain();

  void set_link(const LinkOptions& link);
  // Sees every packet before the link does; false loses it.
  std::function<bool(int from, std::vector<uint8_t>& packet)> filter;

  Timestamp now() const { return now_; }
  Side& a() { return *sides_[0]; }
  Side& b() { return *sides_[1]; }

  // A message of `size` bytes that tells which one it is.
  static std::vector<uint8_t> Bytes(size_t size, uint32_t number);
  static uint32_t NumberOf(const sctp::Message& message);

 private:
  struct Arrival {
    int to;
    std::vector<uint8_t> packet;
  };

  void DrainSide(int index);
  void Step(Timestamp to);
  Timestamp NextMoment(Timestamp limit) const;

  Timestamp now_;
  sctp::Stack stack_;
  std::array<std::unique_ptr<Side>, 2> sides_;
  std::array<SimLink, 2> links_;  // by sender
  std::multimap<Timestamp, Arrival> under_way_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_SCTP_PAIR_H_
