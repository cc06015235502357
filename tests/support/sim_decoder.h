// A decoder that knows only what matters to forwarding: a picture can be shown once all packets of
// its frame are there and everything it refers to has been shown. Every frame refers to the one
// before it, key frames to none.

#ifndef SLUICE_TESTS_SUPPORT_SIM_DECODER_H_
#define SLUICE_TESTS_SUPPORT_SIM_DECODER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "base/time.h"

namespace sluice::test {

class SimDecoder {
 public:
  struct Packet {
    uint32_t timestamp = 0;
    bool first = false;  // of its frame
    bool last = false;
    bool key_frame = false;  // of the first packet of one
  };

  // `seq` no longer wraps. Each number once.
  void Insert(Timestamp now, int64_t seq, const Packet& packet);

  // A number that stands for no packet.
  void InsertEmpty(Timestamp now, int64_t seq);

  std::optional<Timestamp> first_picture() const { return first_picture_; }
  std::optional<Timestamp> last_picture() const { return last_picture_; }
  uint64_t pictures() const { return pictures_; }
  uint64_t key_pictures() const { return key_pictures_; }
  // The longest time between two pictures, ever.
  Duration longest_freeze() const { return longest_freeze_; }
  // Pictures that came but could not be shown, because one they refer to never came.
  uint64_t skips() const { return skips_; }

 private:
  // If all of the frame that begins at `seq` is here, the number behind it.
  std::optional<int64_t> EndOfFrame(int64_t seq) const;
  void Show(Timestamp now, int64_t begin, int64_t end);
  // Whatever follows the last picture, in order.
  void ShowMore(Timestamp now);

  // Far more than a jitter buffer holds.
  static constexpr size_t kMaxWaiting = 4000;

  std::map<int64_t, Packet> waiting_;
  std::set<int64_t> empty_;
  // Where the next frame begins; nothing until the first picture.
  std::optional<int64_t> next_;
  std::optional<Timestamp> first_picture_;
  std::optional<Timestamp> last_picture_;
  uint64_t pictures_ = 0;
  uint64_t key_pictures_ = 0;
  uint64_t skips_ = 0;
  Duration longest_freeze_{0};
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_SIM_DECODER_H_
