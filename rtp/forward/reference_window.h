// Remembers of the last pictures of a stream whether they were passed on, so that it can be told
// whether a picture that names its references (VP9 in flexible mode) can be decoded.

#ifndef SLUICE_RTP_FORWARD_REFERENCE_WINDOW_H_
#define SLUICE_RTP_FORWARD_REFERENCE_WINDOW_H_

#include <bitset>
#include <cstddef>
#include <cstdint>

namespace sluice::rtp {

class ReferenceWindow {
 public:
  // RFC 9628 §4.2: P_DIFF has seven bits, in streams with picture ids of seven bits, too.
  static constexpr size_t kPictures = 128;

  void Clear() {
    passed_.reset();
    refused_.reset();
    started_ = false;
  }

  // What happened to a packet of `picture`.
  void Record(uint16_t picture, bool passed) {
    const uint8_t id = picture % kPictures;
    if (!started_) newest_ = id;
    started_ = true;
    const uint8_t ahead = (id - newest_) % kPictures;
    // Pictures in between may still come.
    if (ahead < kPictures / 2) {
      while (newest_ != id) Forget(newest_ = (newest_ + 1) % kPictures);
    }
    passed_[id] = passed_[id] || passed;
    refused_[id] = !passed_[id];
  }
  // What has not come yet is not to be relied on any more.
  void GiveUpMissing() { refused_ = ~passed_; }

  bool Passed(uint16_t picture) const { return passed_[picture % kPictures]; }
  // It was left out or given up, as against not having come yet.
  bool Refused(uint16_t picture) const { return refused_[picture % kPictures]; }

 private:
  void Forget(uint8_t id) {
    passed_.reset(id);
    refused_.reset(id);
  }

  std::bitset<kPictures> passed_;
  std::bitset<kPictures> refused_;
  uint8_t newest_ = 0;
  bool started_ = false;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_FORWARD_REFERENCE_WINDOW_H_
