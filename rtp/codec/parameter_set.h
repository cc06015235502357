// The few fields at the front of H.264 and H.265 sequence parameter sets and AV1 sequence headers
// that tell how large pictures are.
//
// What stands behind them is not read, and what is rare in front of them (scaling matrices, timing)
// is given up on: the answer is then zero.

#ifndef SLUICE_RTP_CODEC_PARAMETER_SET_H_
#define SLUICE_RTP_CODEC_PARAMETER_SET_H_

#include "base/bytes.h"
#include "rtp/codec/picture_size.h"

namespace sluice::rtp::codec {

// Of RTP payloads.
PictureSize SizeOfH264(ByteView payload);
PictureSize SizeOfH265(ByteView payload);
PictureSize SizeOfAv1(ByteView payload);

}  // namespace sluice::rtp::codec

#endif  // SLUICE_RTP_CODEC_PARAMETER_SET_H_
