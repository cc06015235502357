// Media without a recording: VP8 pictures, in one size or as simulcast, and Opus. Sizes vary as a
// camera's and a voice's do; a seed repeats them.

#ifndef SLUICE_BENCH_LOAD_MADE_UP_MEDIA_H_
#define SLUICE_BENCH_LOAD_MADE_UP_MEDIA_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.h"
#include "bench/load/source.h"
#include "tests/support/seeded_entropy.h"

namespace sluice::load {

// 30 pictures a second. A picture leaves in bursts, as a browser's pacer has it.
class MadeUpVideo : public Source {
 public:
  struct Encoding {
    uint16_t width = 1280;
    uint16_t height = 720;
    // Bytes of an average picture between key frames.
    uint32_t picture_size = 7'000;
  };

  // About 1.7 Mbit/s, and 150 kbit/s, 500 kbit/s and 1.7 Mbit/s.
  static std::vector<Encoding> One() { return {{}}; }
  static std::vector<Encoding> Simulcast() {
    return {{320, 180, 650}, {640, 360, 2'100}, {1280, 720, 7'000}};
  }

  MadeUpVideo(std::vector<Encoding> encodings, Duration start, uint64_t seed);

  Duration NextDue() const override;
  MediaPacket Next() override;
  void RequestKeyFrame() override { key_frame_wanted_ = true; }

 private:
  struct Planned {
    Duration due{0};
    uint8_t encoding = 0;
    uint16_t payload_size = 0;
    bool first = false;
    bool last = false;
  };

  void PlanPicture();
  void PlanEncoding(uint8_t encoding, bool key);
  size_t WritePrefix(const Planned& packet);

  const std::vector<Encoding> encodings_;
  test::SeededEntropy entropy_;
  Duration picture_at_;
  uint64_t pictures_ = 0;
  uint16_t picture_id_ = 0;
  bool key_ = true;
  bool key_frame_wanted_ = true;
  std::vector<Planned> planned_;
  size_t next_ = 0;
  std::array<uint8_t, 16> prefix_{};
};

// A packet every 20 ms, of 60 to 160 bytes.
class MadeUpSound : public Source {
 public:
  MadeUpSound(Duration start, uint64_t seed) : entropy_(seed), due_(start) {}

  Duration NextDue() const override { return due_; }
  MediaPacket Next() override;

 private:
  test::SeededEntropy entropy_;
  Duration due_;
  uint32_t timestamp_ = 0;
  std::array<uint8_t, 1> prefix_{};
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_MADE_UP_MEDIA_H_
