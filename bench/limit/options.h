// The command line of limit. Reads words, opens nothing.

#ifndef SLUICE_BENCH_LIMIT_OPTIONS_H_
#define SLUICE_BENCH_LIMIT_OPTIONS_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"
#include "bench/limit/sealer.h"
#include "dtls/srtp_keys.h"

namespace sluice::bench {

struct LimitOptions {
  bool help = false;
  Sealer::Choice sealer = Sealer::Choice::kBest;
  // As an adapter: packets of one train at most, and on average (0: as they come), and how long a
  // packet may wait for others where no average says it.
  size_t train = 64;
  double train_mean = 0;
  Duration hold{0};
  // Into a sink, and then everything below is one case each.
  bool sink = false;
  std::vector<dtls::SrtpProfile> ciphers;
  std::vector<size_t> receivers;
  std::vector<size_t> trains;
  size_t payload_size = 1200;
  bool transport_numbers = false;
  size_t batches = 15;
  // Where the figures go as JSON; empty: nowhere.
  std::string json;
};

// One sentence for the person who typed it.
struct WrongLimitOption {
  std::string sentence;
};

// `arguments` without the program's name.
std::variant<LimitOptions, WrongLimitOption> ParseLimitOptions(
    std::span<const char* const> arguments);
std::string_view LimitHelp();

// gcm128, gcm256, cm80.
std::string_view CipherName(dtls::SrtpProfile profile);
std::optional<dtls::SrtpProfile> CipherNamed(std::string_view name);

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_LIMIT_OPTIONS_H_
