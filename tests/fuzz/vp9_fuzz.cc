// Any bytes as a VP9 payload: what is read keeps the limits of its fields.

#include <cstdint>
#include <cstdlib>

#include "rtp/codec/vp9.h"

namespace sluice::rtp::codec {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void TestOne(ByteView payload) {
  const auto parsed = Vp9::Parse(payload);
  const Description description = DescribeVp9(payload);
  if (!parsed) {
    Require(description == Description());
    return;
  }
  Require(parsed->descriptor_size >= 1 && parsed->descriptor_size < payload.size());
  Require(parsed->picture_id < (1u << parsed->picture_id_bits));
  Require(parsed->temporal < 8 && parsed->spatial < 8);
  Require(parsed->reference_count <= Vp9::kMaxReferences);
  Require(!parsed->structure || parsed->structure->spatial_layers <= 8);
  Require(!(parsed->flexible && parsed->base_index));
  Require(!description.key_frame || (description.frame_start && !description.inter_layer));
}

}  // namespace
}  // namespace sluice::rtp::codec

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::rtp::codec::TestOne({data, size});
  return 0;
}
