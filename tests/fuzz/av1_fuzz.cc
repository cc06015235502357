// Any bytes as an AV1 payload with a dependency descriptor.
//
// The first byte of the input says how many of the following are the descriptor; the rest is the
// payload.

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "rtp/codec/av1.h"
#include "rtp/packet/dependency_descriptor.h"

namespace sluice::rtp::codec {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void CheckPayload(ByteView payload) {
  const auto parsed = Av1::Parse(payload);
  const Description description = DescribeAv1(payload, false, std::nullopt);
  if (!parsed) {
    Require(description == Description());
    return;
  }
  Require(parsed->element_count < 4);
  Require(parsed->temporal < 8 && parsed->spatial < 4);
  Require(!(parsed->new_sequence && parsed->continuation));
  Require(!parsed->has_sequence_header || parsed->frame_start);
  Require(description.key_frame == (parsed->new_sequence || parsed->has_sequence_header));
}

void CheckWithDescriptor(ByteView payload, ByteView value) {
  const auto descriptor = DependencyDescriptor::Parse(value);
  const Description without = DescribeAv1(payload, false, std::nullopt);
  const Description with = DescribeAv1(payload, false, value);
  if (!descriptor) {
    Require(with == without);
    return;
  }
  Require(with.picture_id_bits == 16 && with.picture_id == descriptor->frame_number);
  Require(with.template_id == descriptor->template_id && with.template_id < 64);
  Require(with.frame_start == descriptor->start_of_frame);
  Require(with.frame_end == descriptor->end_of_frame);
  // A descriptor can add a key frame to what the payload shows, and take none away.
  Require(with.key_frame || !without.key_frame);
}

void TestOne(ByteView input) {
  if (input.empty()) return;
  const size_t descriptor_size = std::min<size_t>(input[0], input.size() - 1);
  const ByteView payload = input.subspan(1 + descriptor_size);
  CheckPayload(payload);
  CheckWithDescriptor(payload, input.subspan(1, descriptor_size));
}

}  // namespace
}  // namespace sluice::rtp::codec

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::rtp::codec::TestOne({data, size});
  return 0;
}
