// Who sends and who receives what in a profile.

#ifndef SLUICE_BENCH_LOAD_SCENE_H_
#define SLUICE_BENCH_LOAD_SCENE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "bench/load/media_library.h"
#include "bench/load/options.h"
#include "bench/load/stage.h"

namespace sluice::load {

struct Scene {
  std::vector<std::string> rooms;
  std::vector<Stage::Sender> senders;
  std::vector<Stage::Receiver> receivers;
  // How fast the senders' media is played.
  double speed = 1;
};

// The options' seed repeats it. `library` must outlive it.
Scene MakeScene(const Options& options, const MediaLibrary& library);

// One more receiver of a broadcast's first room, not of the sample.
Stage::Receiver MakeJoiner(const Scene& scene, uint32_t number);

}  // namespace sluice::load

#endif  // SLUICE_BENCH_LOAD_SCENE_H_
