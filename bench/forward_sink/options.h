// The command line of forward_sink.

#ifndef SLUICE_BENCH_FORWARD_SINK_OPTIONS_H_
#define SLUICE_BENCH_FORWARD_SINK_OPTIONS_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bench/limit/sink_run.h"
#include "bench/support/fan_out.h"
#include "bench/support/media_source.h"
#include "dtls/srtp_keys.h"

namespace sluice::bench {

struct SinkOptions {
  static constexpr size_t kMaxReceivers = 2'000;
  static constexpr size_t kMaxTrain = SinkRun::kMaxTrain;

  bool help = false;
  std::vector<dtls::SrtpProfile> ciphers = {dtls::SrtpProfile::kAeadAes128Gcm,
                                            dtls::SrtpProfile::kAeadAes256Gcm,
                                            dtls::SrtpProfile::kAesCm128HmacSha1_80};
  std::vector<size_t> receivers = {10, 100, 500, 1000};
  std::vector<size_t> trains = {1, 2, 4, 8, 16};
  Feedback feedback = Feedback::kOff;
  // Of the engine's packets; those of the bare work are all full.
  PictureShape pictures = PictureShape::kAllFull;
  // The engine and the bare work take turns so many times.
  size_t passes = 3;
  // Undisturbed batches per pass.
  size_t batches = 15;
  // Empty: none.
  std::string json;
};

// "gcm128", "gcm256", "cm80".
std::string_view CipherName(dtls::SrtpProfile profile);
// "off", "numbered", "answered".
std::string_view FeedbackName(Feedback feedback);

// "full", "rest", "equal".
std::string_view ShapeName(PictureShape shape);

// The options, or a sentence that names the one that is wrong. `arguments` without the program's
// name.
std::variant<SinkOptions, std::string> ParseSinkOptions(std::span<const char* const> arguments);

std::string_view SinkHelpText();

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_FORWARD_SINK_OPTIONS_H_
