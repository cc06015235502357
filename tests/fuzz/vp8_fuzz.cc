// Any bytes as a VP8 payload: what is read keeps the limits of its fields.

#include <cstdint>
#include <cstdlib>

#include "rtp/codec/vp8.h"

namespace sluice::rtp::codec {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void TestOne(ByteView payload) {
  const auto parsed = Vp8::Parse(payload);
  const Description description = DescribeVp8(payload, false);
  if (!parsed) {
    Require(description == Description());
    return;
  }
  // The payload descriptor has at most six bytes, and something must follow.
  Require(parsed->descriptor_size >= 1 && parsed->descriptor_size <= 6);
  Require(parsed->descriptor_size < payload.size());
  Require(parsed->picture_id < (1u << parsed->picture_id_bits));
  Require(parsed->temporal.value_or(0) < 4 && parsed->key_index.value_or(0) < 32);
  Require(!parsed->key_frame || parsed->frame_start());
  Require(parsed->width < (1 << 14) && parsed->height < (1 << 14));
  Require(description.key_frame == parsed->key_frame);
}

}  // namespace
}  // namespace sluice::rtp::codec

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::rtp::codec::TestOne({data, size});
  return 0;
}
