// What bench/instructions.py has callgrind count: one fixed case of forwarding, from the datagram
// of a publisher to the sealed datagrams of all receivers. Everything is seeded, and time is
// virtual.
//
//   instructions CASE      prints how many packets were handled while instructions were counted
//   instructions --list    prints the cases
//
// Without valgrind it runs the same, and nobody counts.

#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
// Built where there is no valgrind to run it under.
#define CALLGRIND_START_INSTRUMENTATION
#define CALLGRIND_TOGGLE_COLLECT
#endif

#include "base/check.h"
#include "bench/support/fan_out.h"

namespace sluice::bench {
namespace {

constexpr size_t kReceivers = 50;

// The store of two seconds fills up. Not counted.
constexpr Duration kWarmUp = std::chrono::milliseconds(2500);

// Of the source: a second and more, so that what is done once a second is counted as well.
constexpr size_t kPictures = 40, kSounds = 100;

struct Case {
  std::string_view name;
  FanOut::Options options;
};

const Case kCases[] = {
    // A packet of a picture at a time, as a publisher paces them.
    {"single", {.receivers = kReceivers, .feedback = Feedback::kOff}},
    {"single_numbered", {.receivers = kReceivers, .feedback = Feedback::kUnanswered}},
    // A whole picture at a time.
    {"picture", {.receivers = kReceivers, .packets_per_turn = 6, .feedback = Feedback::kOff}},
    // The same in a call as browsers make it: feedback of receivers comes in, and the engine paces.
    {"picture_answered",
     {.receivers = kReceivers, .packets_per_turn = 6, .feedback = Feedback::kAnswered}},
    // One member of a room of twelve, as the others see them: three encodings at once, of which one
    // receiver takes the large one, ten take the small one, and nobody the one between.
    {"meeting",
     {.receivers = 11, .simulcast = true, .packets_per_turn = 9, .feedback = Feedback::kAnswered}},
    {"sound",
     {.receivers = kReceivers, .kind = rtp::MediaKind::kAudio, .feedback = Feedback::kUnanswered}},
    // What every packet of a source costs once, however many receivers there are.
    {"receive", {.receivers = 0, .feedback = Feedback::kUnanswered}},
};

size_t TurnsOf(const FanOut::Options& options) {
  if (options.kind == rtp::MediaKind::kAudio) return kSounds;
  if (options.simulcast) return kPictures;
  return kPictures * static_cast<size_t>(options.packets_per_picture) / options.packets_per_turn;
}

// The number of packets that left for receivers, or that came if there are none.
uint64_t Run(const FanOut::Options& options) {
  FanOut fan(options);
  fan.WarmUp(kWarmUp);
  fan.TakeForwarded();
  const size_t turns = TurnsOf(options);
  fan.Prepare(turns);
  // Switching this costs valgrind all it has translated, so it is done once. What is counted is
  // switched every turn.
  CALLGRIND_START_INSTRUMENTATION;
  for (size_t i = 0; i < turns; ++i) {
    fan.Answer();
    CALLGRIND_TOGGLE_COLLECT;
    fan.Tell();
    fan.Feed();
    fan.Drain();
    CALLGRIND_TOGGLE_COLLECT;
  }
  if (options.receivers == 0) return turns * options.packets_per_turn;
  return fan.TakeForwarded();
}

int Main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--list") == 0) {
    for (const Case& known : kCases) std::printf("%s\n", std::string(known.name).c_str());
    return 0;
  }
  for (const Case& known : kCases) {
    if (argc != 2 || known.name != argv[1]) continue;
    std::printf("%llu\n", static_cast<unsigned long long>(Run(known.options)));
    return 0;
  }
  std::fprintf(stderr, "usage: instructions CASE | --list\n");
  return 2;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) { return sluice::bench::Main(argc, argv); }
