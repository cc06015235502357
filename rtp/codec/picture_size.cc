#include "rtp/codec/picture_size.h"

#include <bit>

#include "rtp/codec/av1.h"
#include "rtp/codec/parameter_set.h"
#include "rtp/codec/vp8.h"
#include "rtp/codec/vp9.h"

namespace sluice::rtp::codec {
namespace {

PictureSize ReadVp9(ByteView payload) {
  PictureSize size;
  const std::optional<Vp9> vp9 = Vp9::Parse(payload);
  if (!vp9 || !vp9->structure || !vp9->structure->has_resolutions) return size;
  for (const Vp9Structure::Resolution& resolution : vp9->structure->resolutions) {
    if (resolution.width > size.width) size = {resolution.width, resolution.height};
  }
  return size;
}

}  // namespace

PictureSize ReadPictureSize(Kind kind, ByteView payload) {
  switch (kind) {
    case Kind::kVp8: {
      const std::optional<Vp8> vp8 = Vp8::Parse(payload);
      return vp8 ? PictureSize{vp8->width, vp8->height} : PictureSize();
    }
    case Kind::kVp9:
      return ReadVp9(payload);
    case Kind::kH264:
      return SizeOfH264(payload);
    case Kind::kH265:
      return SizeOfH265(payload);
    case Kind::kAv1:
      return SizeOfAv1(payload);
    default:
      return {};
  }
}

}  // namespace sluice::rtp::codec
