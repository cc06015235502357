// Any bytes as an H.265 payload: what is read does not contradict itself.

#include <cstdint>
#include <cstdlib>

#include "rtp/codec/h265.h"

namespace sluice::rtp::codec {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void TestOne(ByteView payload) {
  const auto parsed = H265::Parse(payload);
  const Description description = DescribeH265(payload, false);
  if (!parsed) {
    Require(description == Description());
    return;
  }
  Require(parsed->temporal < 7 && parsed->layer < 64);
  Require(!(parsed->has_vps || parsed->has_sps || parsed->has_pps) || parsed->picture_start);
  Require(!parsed->has_random_access || description.key_frame);
  Require(description.temporal == parsed->temporal);
}

}  // namespace
}  // namespace sluice::rtp::codec

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::rtp::codec::TestOne({data, size});
  return 0;
}
