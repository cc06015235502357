// What senders send in a run: the traces it needs, or made-up media.

#ifndef SLUICE_BENCH_LOAD_MEDIA_LIBRARY_H_
#define SLUICE_BENCH_LOAD_MEDIA_LIBRARY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "bench/load/options.h"
#include "bench/load/source.h"
#include "bench/traffic/trace.h"
#include "rtp/codec/descriptor.h"
#include "tests/support/seeded_entropy.h"

namespace sluice::load {

class MediaLibrary {
 public:
  // What a track of pictures looks like.
  struct Shape {
    rtp::codec::Kind codec = rtp::codec::Kind::kVp8;
    size_t encodings = 1;
    bool svc = false;
  };

  // Made-up media only.
  MediaLibrary() = default;
  // An error names the trace that cannot be read. `folder` has opus.trace and others.
  static absl::StatusOr<MediaLibrary> Load(Pictures pictures, const std::string& folder);

  // With `layered`, several sizes as far as the codec was recorded so.
  Shape ShapeOf(bool layered) const;
  // Both begin within one interval of their kind. The library must outlive them.
  std::unique_ptr<Source> MakePictures(bool layered, test::SeededEntropy& entropy) const;
  std::unique_ptr<Source> MakeSound(test::SeededEntropy& entropy) const;

 private:
  std::optional<bench::Trace> layered_;
  // The largest size of it by itself, if it is a simulcast.
  std::optional<bench::Trace> single_;
  std::optional<bench::Trace> sound_;
};

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_MEDIA_LIBRARY_H_
