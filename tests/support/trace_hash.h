// A number that stands for a whole history: two runs that did the same things at the same times
// have the same one (FNV-1a, 64 bits).

#ifndef SLUICE_TESTS_SUPPORT_TRACE_HASH_H_
#define SLUICE_TESTS_SUPPORT_TRACE_HASH_H_

#include <cstdint>

#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/time.h"

namespace sluice::test {

class TraceHash {
 public:
  void Add(ByteView bytes) {
    for (const uint8_t byte : bytes) {
      value_ = (value_ ^ byte) * 0x100000001b3u;
    }
    ++count_;
  }
  void Add(uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) {
      value_ = (value_ ^ (number >> shift & 0xff)) * 0x100000001b3u;
    }
    ++count_;
  }
  void Add(Timestamp time) { Add(static_cast<uint64_t>(time.time_since_epoch().count())); }
  void Add(const Endpoint& endpoint) {
    Add(endpoint.address.bytes());
    Add(uint64_t{endpoint.port});
  }

  uint64_t value() const { return value_; }
  // How many things have been added: a history of nothing is easily repeated.
  uint64_t count() const { return count_; }

 private:
  uint64_t value_ = 0xcbf29ce484222325u;
  uint64_t count_ = 0;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_TRACE_HASH_H_
