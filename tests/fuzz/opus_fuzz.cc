// Any bytes as an Opus payload: no packet plays for less than 2.5 ms or for more than 120 ms.

#include <cstdint>
#include <cstdlib>

#include "rtp/codec/opus.h"

namespace sluice::rtp::codec {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void TestOne(ByteView payload) {
  const auto parsed = Opus::Parse(payload);
  const Description description = DescribeOpus(payload);
  if (!parsed) {
    Require(description == Description());
    return;
  }
  Require(parsed->config < 32);
  Require(parsed->frame_count >= 1 && parsed->frame_count <= 48);
  Require(parsed->duration() >= std::chrono::microseconds(2500));
  Require(parsed->duration() <= std::chrono::milliseconds(120));
  Require(description.frame_start && description.frame_end);
  Require(description.silence == (payload.size() <= 2));
}

}  // namespace
}  // namespace sluice::rtp::codec

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::rtp::codec::TestOne({data, size});
  return 0;
}
