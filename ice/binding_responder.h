// Answers Binding requests of anybody (RFC 8489 §2): tells whoever asks under which address he is
// seen. For clients that want to know whether they reach a media port, and as what; nothing about
// ICE follows from it.
//
// Whoever can forge an address can have the answer sent to somebody else, so it must not be worth
// it. To no address more bytes are sent than came from it: a request that is shorter than its
// answer (20 bytes against 32 for IPv4, 44 for IPv6) only counts, and is answered when it is
// repeated, which STUN clients do after half a second (RFC 8489 §6.2.1). Besides, there are only so
// many answers a second, for one address and for all.
//
// A request with credentials is none of its business, and what it does not understand it does not
// answer.

#ifndef SLUICE_ICE_BINDING_RESPONDER_H_
#define SLUICE_ICE_BINDING_RESPONDER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/time.h"
#include "ice/stun_message.h"

namespace sluice::ice {

class BindingResponder {
 public:
  // Each costs less than two microseconds with the system call; this is a thousandth of a core.
  static constexpr uint32_t kAnswersPerSecond = 500;
  // Whoever looks for his address asks a few times; many may share one.
  static constexpr uint32_t kAnswersPerSource = 20;
  // Addresses that are remembered. One that takes the place of another begins with nothing, so a
  // crowd gets fewer answers and never more.
  static constexpr size_t kSources = 1024;
  // What an address can save up: a request of the largest size.
  static constexpr size_t kMaxCredit = kMaxStunSize;
  // Answers that wait to be sent; they do so until the end of a turn.
  static constexpr size_t kMaxWaiting = 64;

  struct Counters {
    uint64_t requests = 0;  // all that could have been answered
    uint64_t answers = 0;
    uint64_t short_of_credit = 0;  // shorter than the answer
    uint64_t over_limit = 0;       // too many, of one or of all
  };

  // `seed` decides who takes whose place, and should not be guessed.
  explicit BindingResponder(uint64_t seed) : seed_(seed) {}

  // False if this is not for us: no Binding request, one with credentials, or with attributes that
  // would have to be understood.
  bool Receive(Timestamp now, const Datagram& datagram);
  // Writes the next answer into `out`.
  Transmit PollTransmit(ByteSpan out);
  bool empty() const { return waiting_.empty(); }

  const Counters& counters() const { return counters_; }

 private:
  // A header, an IPv6 address and a checksum.
  static constexpr size_t kMaxAnswer = kStunHeaderSize + 24 + 8;
  struct Answer {
    Path path;
    size_t size = 0;
    std::array<uint8_t, kMaxAnswer> bytes{};
  };
  // What came from an address and has not been sent there, and how many answers it had this second.
  struct Source {
    IpAddress address;
    size_t credit = 0;
    Timestamp second{};
    uint32_t answers = 0;
  };

  Source& SourceOf(const IpAddress& address);
  // True if there is one left for `source`, which this takes.
  bool TakeFromLimits(Timestamp now, Source& source);

  const uint64_t seed_;
  std::array<Source, kSources> sources_{};
  Timestamp second_;
  uint32_t answers_ = 0;
  std::deque<Answer> waiting_;
  Counters counters_;
};

}  // namespace sluice::ice

#endif  // SLUICE_ICE_BINDING_RESPONDER_H_
