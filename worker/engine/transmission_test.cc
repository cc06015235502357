#include "worker/engine/transmission.h"

#include <gtest/gtest.h>

namespace sluice::worker {
namespace {

TEST(TransmissionTest, NameTellsAllOfIt) {
  for (const uint32_t stream : {0u, 1u, Transmission::kMaxStream}) {
    for (const uint16_t seq : {uint16_t{0}, uint16_t{0x8001}, uint16_t{0xffff}}) {
      for (const uint8_t repeats : {uint8_t{0}, uint8_t{3}, Transmission::kMaxRepeats}) {
        const uint32_t name = Transmission{stream, SeqNo(seq), repeats}.name();
        EXPECT_NE(name, 0u);
        const Transmission named = Transmission::Named(name);
        EXPECT_EQ(named.stream, stream);
        EXPECT_EQ(named.seq, SeqNo(seq));
        EXPECT_EQ(named.repeats, repeats);
      }
    }
  }
}

}  // namespace
}  // namespace sluice::worker
