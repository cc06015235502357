#include "bench/limit/options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "bench/limit/sink_run.h"
#include "bench/limit/train_sender.h"

namespace sluice::bench {
namespace {

using dtls::SrtpProfile;

constexpr std::array<std::pair<std::string_view, SrtpProfile>, 3> kCiphers{
    {{"gcm128", SrtpProfile::kAeadAes128Gcm},
     {"gcm256", SrtpProfile::kAeadAes256Gcm},
     {"cm80", SrtpProfile::kAesCm128HmacSha1_80}}};

// What a person waits for a train at most; calls are unusable long before.
constexpr size_t kMaxHoldMicros = 100'000;
// As many sockets as a process has descriptors, on most systems.
constexpr size_t kMaxReceivers = 10'000;
constexpr size_t kMaxBatches = 1000;

// A hold beyond this mean would be longer than any that a server has.
constexpr double kMaxTrainMean = 64;

// Nothing: all is well.
using Problem = std::optional<WrongLimitOption>;

Problem Wrong(std::string_view name, std::string_view wants, std::string_view got) {
  std::string sentence(name);
  sentence.append(" must be ").append(wants).append(", not '").append(got).append("'.");
  return WrongLimitOption{std::move(sentence)};
}

std::optional<size_t> Number(std::string_view text, size_t low, size_t high) {
  size_t value = 0;
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && stopped == text.data() + text.size();
  return whole && value >= low && value <= high ? std::optional(value) : std::nullopt;
}

std::vector<std::string_view> Parts(std::string_view text) {
  std::vector<std::string_view> parts;
  for (size_t comma = 0; comma != std::string_view::npos;) {
    comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    if (comma != std::string_view::npos) text.remove_prefix(comma + 1);
  }
  return parts;
}

bool SetNumbers(std::string_view text, size_t high, std::vector<size_t>& out) {
  out.clear();
  for (const std::string_view part : Parts(text)) {
    const auto number = Number(part, 1, high);
    if (!number) return false;
    out.push_back(*number);
  }
  return true;
}

bool SetCiphers(std::string_view text, std::vector<SrtpProfile>& out) {
  out.clear();
  for (const std::string_view part : Parts(text)) {
    const auto profile = CipherNamed(part);
    if (!profile) return false;
    out.push_back(*profile);
  }
  return true;
}

bool SetSealer(std::string_view text, Sealer::Choice& out) {
  if (text != "best" && text != "bulk" && text != "openssl") return false;
  out = text == "best"   ? Sealer::Choice::kBest
        : text == "bulk" ? Sealer::Choice::kBulk
                         : Sealer::Choice::kOpenSsl;
  return true;
}

bool SetMean(std::string_view text, double& out) {
  double value = 0;
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && stopped == text.data() + text.size();
  if (!whole || !(value >= 1 && value <= kMaxTrainMean)) return false;
  out = value;
  return true;
}

bool SetOne(std::optional<size_t> number, size_t& out) {
  if (number) out = *number;
  return number.has_value();
}

Problem SetValue(std::string_view name, std::string_view value, LimitOptions& options) {
  const auto judged = [&](bool good, std::string_view wants) -> Problem {
    return good ? std::nullopt : Wrong(name, wants, value);
  };
  if (name == "--sealer") return judged(SetSealer(value, options.sealer), "best, bulk or openssl");
  if (name == "--train") {
    return judged(SetOne(Number(value, 1, TrainSender::kMaxSegments), options.train),
                  "a number from 1 to 64");
  }
  if (name == "--train-mean") {
    return judged(SetMean(value, options.train_mean), "a number from 1 to 64");
  }
  if (name == "--hold-us") {
    const auto micros = Number(value, 0, kMaxHoldMicros);
    if (micros) options.hold = Duration(static_cast<int64_t>(*micros));
    return judged(micros.has_value(), "microseconds from 0 to 100000");
  }
  if (name == "--ciphers") {
    return judged(SetCiphers(value, options.ciphers), "a list of gcm128, gcm256 and cm80");
  }
  if (name == "--receivers") {
    return judged(SetNumbers(value, kMaxReceivers, options.receivers),
                  "a list of numbers from 1 to 10000");
  }
  if (name == "--trains") {
    return judged(SetNumbers(value, SinkRun::kMaxTrain, options.trains),
                  "a list of numbers from 1 to 16");
  }
  if (name == "--payload") {
    return judged(SetOne(Number(value, 1, SinkRun::kMaxPayload), options.payload_size),
                  "bytes from 1 to 1400");
  }
  if (name == "--batches") {
    return judged(SetOne(Number(value, 1, kMaxBatches), options.batches),
                  "a number from 1 to 1000");
  }
  options.json = value;
  return judged(!value.empty(), "a path");
}

bool TakesValue(std::string_view name) {
  static constexpr std::array<std::string_view, 10> kNames{
      "--sealer",    "--train",  "--train-mean", "--hold-us", "--ciphers",
      "--receivers", "--trains", "--payload",    "--batches", "--json"};
  return std::ranges::find(kNames, name) != kNames.end();
}

bool SetFlag(std::string_view name, LimitOptions& options) {
  if (name == "--sink") options.sink = true;
  if (name == "--twcc") options.transport_numbers = true;
  if (name == "--help") options.help = true;
  return name == "--sink" || name == "--twcc" || name == "--help";
}

}  // namespace

std::string_view CipherName(SrtpProfile profile) {
  return std::ranges::find(kCiphers, profile, [](const auto& one) { return one.second; })->first;
}

std::optional<SrtpProfile> CipherNamed(std::string_view name) {
  const auto* const found =
      std::ranges::find(kCiphers, name, [](const auto& one) { return one.first; });
  return found == kCiphers.end() ? std::nullopt : std::optional(found->second);
}

std::variant<LimitOptions, WrongLimitOption> ParseLimitOptions(
    std::span<const char* const> arguments) {
  LimitOptions options;
  options.ciphers = {SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAeadAes256Gcm,
                     SrtpProfile::kAesCm128HmacSha1_80};
  options.receivers = {10, 100, 500, 1000};
  options.trains = {1, 2, 4, 8, 16};
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string_view name = arguments[i];
    if (SetFlag(name, options)) continue;
    std::optional<std::string_view> value;
    if (const size_t equals = name.find('='); equals != std::string_view::npos) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
    }
    if (!TakesValue(name)) {
      return WrongLimitOption{"There is no option '" + std::string(name) + "'; see --help."};
    }
    if (!value && i + 1 < arguments.size()) value = arguments[++i];
    if (!value) return WrongLimitOption{std::string(name) + " needs a value."};
    if (Problem problem = SetValue(name, *value, options)) return *std::move(problem);
  }
  if (options.train_mean > 0 && options.hold > Duration(0)) {
    return WrongLimitOption{"--hold-us has no meaning with --train-mean, which says it."};
  }
  return options;
}

std::string_view LimitHelp() {
  return "usage: limit [options]\n"
         "\n"
         "What forwarding costs at the least: receive, rewrite, encrypt, send, and no SFU around "
         "it.\n"
         "Without --sink it is a peer of bench/load, which speaks to it on stdin and stdout.\n"
         "\n"
         "  --sealer best|bulk|openssl   the cipher's implementation (best)\n"
         "  --train T                    packets of one receiver that leave together at most (64)\n"
         "  --train-mean X               and on average: longer ones are cut, and packets wait up "
         "to\n"
         "                               10 ms until trains are as long; not with --hold-us\n"
         "  --hold-us U                  how long a packet may wait for others (0)\n"
         "\n"
         "  --sink                       send into a device that swallows all; needs root\n"
         "  --ciphers LIST               gcm128,gcm256,cm80\n"
         "  --receivers LIST             10,100,500,1000\n"
         "  --trains LIST                1,2,4,8,16\n"
         "  --payload BYTES              of each packet (1200)\n"
         "  --twcc                       with transport-wide sequence numbers\n"
         "  --batches N                  measured per case (15)\n"
         "  --json FILE                  the figures, one object per case\n";
}

}  // namespace sluice::bench
