#include "bench/load/options.h"

#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <optional>
#include <utility>

namespace sluice::load {
namespace {

using dtls::SrtpProfile;
using Problem = std::optional<WrongOption>;

constexpr std::array<std::pair<std::string_view, Profile>, 7> kProfiles = {{
    {"broadcast", Profile::kBroadcast},
    {"meeting", Profile::kMeeting},
    {"audio", Profile::kAudio},
    {"mixed", Profile::kMixed},
    {"join", Profile::kJoin},
    {"idle", Profile::kIdle},
    {"rate", Profile::kRate},
}};

constexpr std::array<std::pair<std::string_view, SrtpProfile>, 3> kCiphers = {{
    {"gcm128", SrtpProfile::kAeadAes128Gcm},
    {"gcm256", SrtpProfile::kAeadAes256Gcm},
    {"cm80", SrtpProfile::kAesCm128HmacSha1_80},
}};

constexpr std::array<std::pair<std::string_view, Pictures>, 5> kPictures = {{
    {"vp8", Pictures::kVp8},
    {"vp9", Pictures::kVp9},
    {"h264", Pictures::kH264},
    {"av1", Pictures::kAv1},
    {"made-up", Pictures::kMadeUp},
}};

// Each client is a socket, and ports of one address end somewhere.
constexpr uint32_t kMaxClients = 20'000;
constexpr uint32_t kMaxRooms = 1'000;
// Everybody receives everybody.
constexpr uint32_t kMaxMembers = 60;
constexpr uint32_t kMaxWorkers = 64;
constexpr double kMaxSeconds = 3'600;
constexpr uint32_t kMaxRounds = 100;
constexpr double kMaxRate = 1'000;
constexpr uint32_t kMaxCpu = 1'023;
constexpr uint32_t kMaxCycles = 1'000;
constexpr double kMaxJoins = 10'000;
constexpr double kMaxTrain = 64;

Problem Wrong(std::string_view name, std::string_view wants, std::string_view got) {
  std::string sentence(name);
  sentence.append(" must be ").append(wants).append(", not '").append(got).append("'.");
  return WrongOption{std::move(sentence)};
}

template <typename Number>
bool ParseNumber(std::string_view text, Number& out) {
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, out);
  return error == std::errc() && stopped == end;
}

// One option: its name, and what becomes of its value.
struct Reader {
  std::string_view name;
  std::function<Problem(std::string_view value, Options& options)> read;
};

Reader Whole(std::string_view name, uint32_t Options::*field, uint32_t least, uint32_t most) {
  return {name, [=](std::string_view value, Options& options) -> Problem {
            uint32_t number = 0;
            if (ParseNumber(value, number) && number >= least && number <= most) {
              options.*field = number;
              return std::nullopt;
            }
            return Wrong(name,
                         "a number from " + std::to_string(least) + " to " + std::to_string(most),
                         value);
          }};
}

Reader Real(std::string_view name, double Options::*field, double most) {
  return {
      name, [=](std::string_view value, Options& options) -> Problem {
        double number = 0;
        if (ParseNumber(value, number) && std::isfinite(number) && number > 0 && number <= most) {
          options.*field = number;
          return std::nullopt;
        }
        return Wrong(name,
                     "a number above 0 and up to " + std::to_string(static_cast<uint64_t>(most)),
                     value);
      }};
}

Reader Text(std::string_view name, std::string Options::*field, std::string_view wants) {
  return {name, [=](std::string_view value, Options& options) -> Problem {
            if (value.empty()) return Wrong(name, wants, value);
            options.*field = value;
            return std::nullopt;
          }};
}

template <typename Value, size_t count>
Reader Choice(std::string_view name, Value Options::*field,
              const std::array<std::pair<std::string_view, Value>, count>& choices) {
  return {name, [=](std::string_view value, Options& options) -> Problem {
            std::string wants;
            for (const auto& [word, meaning] : choices) {
              if (word == value) {
                options.*field = meaning;
                return std::nullopt;
              }
              wants.append(wants.empty() ? "" : " or ").append(word);
            }
            return Wrong(name, wants, value);
          }};
}

// A name becomes part of a path.
bool IsPeerName(std::string_view name) {
  return !name.empty() &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string_view::npos;
}

Problem ReadPeers(std::string_view value, Options& options) {
  options.peers.clear();
  for (size_t begin = 0; begin <= value.size();) {
    const size_t end = std::min(value.find(',', begin), value.size());
    const std::string_view name = value.substr(begin, end - begin);
    if (!IsPeerName(name)) {
      return Wrong("--peers", "names with commas between them, as in sluice,limit", value);
    }
    options.peers.emplace_back(name);
    begin = end + 1;
  }
  return std::nullopt;
}

Problem ReadTwcc(std::string_view value, Options& options) {
  if (value != "0" && value != "1") return Wrong("--twcc", "0 or 1", value);
  options.twcc = value == "1";
  return std::nullopt;
}

Problem ReadLimitTrain(std::string_view value, Options& options) {
  options.limit_trains = value == "same"   ? Options::Trains::kSame
                         : value == "free" ? Options::Trains::kFree
                                           : Options::Trains::kGiven;
  if (options.limit_trains != Options::Trains::kGiven) return std::nullopt;
  double number = 0;
  if (ParseNumber(value, number) && number >= 1 && number <= kMaxTrain) {
    options.limit_train = number;
    return std::nullopt;
  }
  return Wrong("--limit-train", "same, free or a number from 1 to 64", value);
}

std::vector<Reader> Readers() {
  return {
      Choice("--profile", &Options::profile, kProfiles),
      Choice("--cipher", &Options::cipher, kCiphers),
      Choice("--media", &Options::pictures, kPictures),
      Whole("--receivers", &Options::receivers, 1, kMaxClients),
      Real("--seconds", &Options::seconds, kMaxSeconds),
      Whole("--rounds", &Options::rounds, 1, kMaxRounds),
      {"--peers", ReadPeers},
      Text("--json", &Options::json, "the path of a file"),
      Whole("--rooms", &Options::rooms, 1, kMaxRooms),
      Whole("--workers", &Options::workers, 1, kMaxWorkers),
      Whole("--members", &Options::members, 2, kMaxMembers),
      Real("--rate", &Options::rate, kMaxRate),
      {"--twcc", ReadTwcc},
      Whole("--sampled", &Options::sampled, 0, 1'000),
      Whole("--steady", &Options::steady, 1, kMaxClients),
      Whole("--cycles", &Options::cycles, 1, kMaxCycles),
      Real("--joins", &Options::joins_per_s, kMaxJoins),
      Whole("--server-cpu", &Options::server_cpu, 0, kMaxCpu),
      Whole("--own-cpu", &Options::own_cpu, 0, kMaxCpu),
      Whole("--seed", &Options::seed, 0, 0xffffffff),
      {"--limit-train", ReadLimitTrain},
      Text("--traces", &Options::traces, "the folder of the traces"),
      Text("--worker", &Options::worker, "the path of sluice-worker"),
      {"--worker-arg",
       [](std::string_view value, Options& options) -> Problem {
         options.worker_arguments.emplace_back(value);
         return std::nullopt;
       }},
      Text("--adapters", &Options::adapters, "the folder of the peers' adapters"),
  };
}

// What no option says by itself.
Problem CheckTogether(const Options& options) {
  const uint64_t rooms = uint64_t{options.rooms} * options.workers;
  const uint64_t clients = options.profile == Profile::kMeeting ? 2 * rooms * options.members
                                                                : rooms * options.receivers;
  if (clients > kMaxClients) {
    return WrongOption{std::string(options.workers > 1 ? "--workers" : "--rooms") + " makes " +
                       std::to_string(clients) + " clients, more than " +
                       std::to_string(kMaxClients) + "."};
  }
  const bool splits = options.profile == Profile::kBroadcast ||
                      options.profile == Profile::kMeeting || options.profile == Profile::kAudio;
  if (options.workers > 1 && !splits) {
    return WrongOption{"--workers is for broadcast, meeting and audio, not for " +
                       std::string(ProfileName(options.profile)) + "."};
  }
  return std::nullopt;
}

}  // namespace

std::string_view ProfileName(Profile profile) {
  for (const auto& [name, value] : kProfiles) {
    if (value == profile) return name;
  }
  return "";
}

std::string_view PicturesName(Pictures pictures) {
  for (const auto& [name, value] : kPictures) {
    if (value == pictures) return name;
  }
  return "";
}

std::string_view CipherName(SrtpProfile cipher) {
  for (const auto& [name, value] : kCiphers) {
    if (value == cipher) return name;
  }
  return "";
}

std::variant<Options, WrongOption> ParseOptions(std::span<const char* const> arguments) {
  const std::vector<Reader> readers = Readers();
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    if (word == "--help" || word == "--check") {
      (word == "--help" ? options.help : options.check) = true;
      continue;
    }
    const size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const auto reader = std::find_if(readers.begin(), readers.end(), [&](const Reader& candidate) {
      return candidate.name == name;
    });
    if (reader == readers.end()) {
      return WrongOption{"There is no option '" + std::string(word) + "'; --help lists all."};
    }
    std::string_view value;
    if (equals != std::string_view::npos) {
      value = word.substr(equals + 1);
    } else if (++i < arguments.size()) {
      value = arguments[i];
    } else {
      return WrongOption{std::string(name) + " needs a value."};
    }
    if (Problem problem = reader->read(value, options)) return *std::move(problem);
  }
  if (Problem problem = CheckTogether(options)) return *std::move(problem);
  return options;
}

std::string_view HelpText() {
  return R"(Usage: load [OPTION]...

Puts media servers under the same load, one after another, and measures what it
costs them. Servers run on one core, the clients (real ICE, DTLS and SRTP, all
in this process) on another; everything stays on loopback.

  --profile NAME     broadcast: one sender, --receivers receivers (default)
                     meeting: --rooms rooms of --members people, simulcast
                     audio: ten speakers, --receivers listeners, in --rooms rooms
                     mixed: broadcast with 1 % loss, retransmissions, key frames
                     join: everybody comes and goes --cycles times, --joins a second
                     idle: --receivers transports with nothing on them
                     rate: finds the most packets/s without loss; delay at 50, 90 %
  --receivers N      (200)
  --rooms N          (1)
  --workers N        of broadcast, meeting, audio: each peer takes two turns in each
                     round, with one worker process and with N of them, on a core
                     each as far as there are (clients share theirs last), and with
                     --rooms rooms for each worker, so that all carry as much as
                     the one. A worker's packets divided by its CPU seconds are what
                     it carries on a full core; capacity_per_s is the sum over the
                     workers, and its ratio, N to one, that of the same round (1)
  --members N        of each room of a meeting (12)
  --cipher NAME      gcm128 (default), gcm256 or cm80
  --media NAME       what Chromium sent: vp8 (default), vp9, h264, av1, and Opus;
                     or made-up
  --twcc 0|1         transport-wide feedback (1)
  --rate X           times as much media as in real time (1)
  --seconds X        how long to measure (10)
  --rounds N         how often; peers take turns (3)
  --peers A,B,...    sluice, limit, mediasoup, janus, or any adapter's name (sluice)
  --json FILE        figures of each peer and round, and the median ratios
  --sampled N        receivers that decrypt, compare and measure delay (64)
  --steady N         receivers of profile join that stay (50)
  --cycles N         of profile join (10)
  --joins X          a second, of profile join (200)
  --server-cpu N     the servers' core (0)
  --own-cpu N        the clients' core (1)
  --limit-train X    packets per train that limit is to have on average: same as
                     sluice in its last turn before (default; not with join and
                     rate), free: as they come, or a number from 1 to 64
  --traces DIR       where the recordings are (bench/traffic/traces)
  --worker PATH      sluice-worker (default: that of this build)
  --worker-arg ARG   one more argument for it; may be repeated
  --adapters DIR     where NAME.js is, for each other peer (bench/peers)
  --seed N           of all that is random (1)
  --check            fail unless all that was sent has arrived unharmed
  --help             print this and exit

Exit codes: 0 done; 1 something failed, or --check did; 2 wrong option.
)";
}

}  // namespace sluice::load
