// Any bytes as an H.264 payload: what is read does not contradict itself.

#include <cstdint>
#include <cstdlib>

#include "rtp/codec/h264.h"

namespace sluice::rtp::codec {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void TestOne(ByteView payload) {
  const auto parsed = H264::Parse(payload);
  const Description description = DescribeH264(payload, false);
  if (!parsed) {
    Require(description == Description());
    return;
  }
  Require(!parsed->profile || parsed->has_sps);
  Require(!(parsed->has_sps || parsed->has_pps) || parsed->picture_start);
  Require(description.key_frame == (parsed->has_idr || parsed->has_sps));
  // No picture depends on it, so nothing can start with it.
  Require(!(parsed->non_reference && parsed->has_sps));
}

}  // namespace
}  // namespace sluice::rtp::codec

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::rtp::codec::TestOne({data, size});
  return 0;
}
