#include "bench/load/media_library.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bench/load/made_up_media.h"
#include "bench/load/trace_source.h"

namespace sluice::load {
namespace {

// So that not all senders' pictures come at the same moment.
constexpr uint64_t kPictureUs = 33'333;
constexpr uint64_t kSoundUs = 20'000;

const char* FileOf(Pictures pictures) {
  switch (pictures) {
    case Pictures::kVp8:
      return "vp8_simulcast.trace";
    case Pictures::kVp9:
      return "vp9_l3t3_key.trace";
    case Pictures::kH264:
      return "h264.trace";
    case Pictures::kAv1:
      return "av1_l3t3.trace";
    case Pictures::kMadeUp:
      break;
  }
  return "";
}

absl::StatusOr<bench::Trace> Read(const std::string& folder, const char* file) {
  const std::string path = absl::StrCat(folder, "/", file);
  std::optional<bench::Trace> trace = bench::LoadTrace(path);
  if (trace && !trace->packets.empty()) return *std::move(trace);
  return absl::InvalidArgumentError(absl::StrCat("--traces: cannot read '", path, "'"));
}

Duration SomeTimeBelow(uint64_t us, test::SeededEntropy& entropy) {
  return Duration(static_cast<int64_t>(entropy.Below(us)));
}

bool IsSvc(rtp::codec::Kind codec) {
  return codec == rtp::codec::Kind::kVp9 || codec == rtp::codec::Kind::kAv1;
}

}  // namespace

absl::StatusOr<MediaLibrary> MediaLibrary::Load(Pictures pictures, const std::string& folder) {
  MediaLibrary library;
  if (pictures == Pictures::kMadeUp) return library;
  absl::StatusOr<bench::Trace> layered = Read(folder, FileOf(pictures));
  if (!layered.ok()) return layered.status();
  absl::StatusOr<bench::Trace> sound = Read(folder, "opus.trace");
  if (!sound.ok()) return sound.status();
  if (layered->encodings > 1) {
    library.single_ = OnlyEncoding(*layered, static_cast<uint8_t>(layered->encodings - 1));
  }
  library.layered_ = *std::move(layered);
  library.sound_ = *std::move(sound);
  return library;
}

MediaLibrary::Shape MediaLibrary::ShapeOf(bool layered) const {
  if (!layered_) {
    return {rtp::codec::Kind::kVp8, layered ? MadeUpVideo::Simulcast().size() : 1, false};
  }
  return {layered_->codec, layered ? size_t{layered_->encodings} : 1, IsSvc(layered_->codec)};
}

std::unique_ptr<Source> MediaLibrary::MakePictures(bool layered,
                                                   test::SeededEntropy& entropy) const {
  const Duration start = SomeTimeBelow(kPictureUs, entropy);
  if (!layered_) {
    return std::make_unique<MadeUpVideo>(layered ? MadeUpVideo::Simulcast() : MadeUpVideo::One(),
                                         start, entropy.U64());
  }
  return std::make_unique<TraceSource>(layered || !single_ ? *layered_ : *single_, start);
}

// Voices rest at different moments.
std::unique_ptr<Source> MediaLibrary::MakeSound(test::SeededEntropy& entropy) const {
  const Duration start = SomeTimeBelow(kSoundUs, entropy);
  if (!sound_) return std::make_unique<MadeUpSound>(start, entropy.U64());
  return std::make_unique<TraceSource>(*sound_, start, entropy.Below(sound_->packets.size()));
}

}  // namespace sluice::load
