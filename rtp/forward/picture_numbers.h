// The numbers of pictures that a receiver reads in payload descriptors (VP8, VP9) and in dependency
// descriptors, for one run of packets of one source.
//
// They are shifted, so that a run goes on where the one before ended. VP8's picture ids also close
// up over frames that were left out on purpose, as sequence numbers do: receivers take a missing
// one for a frame that later ones may refer to. Those of VP9 and of the dependency descriptor do
// not: references are differences of them, or follow from them.

#ifndef SLUICE_RTP_FORWARD_PICTURE_NUMBERS_H_
#define SLUICE_RTP_FORWARD_PICTURE_NUMBERS_H_

#include <cstdint>
#include <optional>

#include "rtp/codec/descriptor.h"
#include "rtp/forward/rewrite.h"
#include "rtp/forward/sequence_mapper.h"
#include "rtp/packet/rtp_packet.h"

namespace sluice::rtp {

class PictureNumbers {
 public:
  // Where a packet stands among those of its source.
  struct Place {
    bool in_order = false;     // the newest so far
    bool new_picture = false;  // and the first of its picture
    bool base_only = false;    // of temporal layers nothing but the base passes here
  };

  explicit PictureNumbers(codec::Kind codec) : codec_(codec) {}

  // A run of another source begins, or of the same after a break; `before` was the run that ended.
  // The first run of all keeps the numbers of its source and needs no call.
  void BeginAfter(const PictureNumbers& before);
  // A run begins although the source goes on: so do its numbers.
  void ContinueAfter(const PictureNumbers& before);

  // Fills in what `packet`, which passes, says of its picture. False if there is no number left for
  // it, which no honest source brings about.
  bool Write(const RtpPacket& packet, const Place& place, Rewrite& rewrite);
  // `packet` does not pass.
  void Skip(const RtpPacket& packet, const Place& place);

 private:
  // Picture ids without wrap.
  int64_t Unwrap(const codec::Description& picture) const;
  void Begin(const codec::Description& picture);
  void BeginPictures(const codec::Description& picture);
  bool WriteVp8(const codec::Description& picture, const Place& place, Rewrite& rewrite);
  std::optional<uint16_t> NumberPicture(const codec::Description& picture, const Place& place);
  void WriteVp9(const codec::Description& picture, const Place& place, Rewrite& rewrite);
  void WriteFrameNumber(uint16_t frame_number, Rewrite& rewrite);
  // A run that follows must not use numbers that frames of this one may still get.
  void Reserve(const codec::Description& picture);
  void ReserveFrame(uint16_t frame_number);

  codec::Kind codec_;
  bool begun_ = false;         // the shifts of this run are known
  bool frames_begun_ = false;  // and that of frame numbers
  // This or an earlier run has numbered something, so that a new one has to follow.
  bool numbered_ = false;
  bool frames_numbered_ = false;
  uint8_t base_shift_ = 0;
  uint8_t key_shift_ = 0;
  uint8_t seen_base_ = 0;  // the newest TL0PICIDX that came in, passed or not
  // The newest that went out, or would have gone out had its frame passed.
  uint8_t newest_base_ = 0;
  uint8_t newest_key_ = 0;
  uint16_t newest_picture_ = 0;
  uint16_t newest_frame_ = 0;
  uint16_t picture_shift_ = 0;  // VP9
  uint16_t frame_shift_ = 0;
  SequenceMapper pictures_{SeqNo(0)};  // VP8
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_FORWARD_PICTURE_NUMBERS_H_
