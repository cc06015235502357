#include "worker/io/options.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace sluice::worker {
namespace {

// No system has more descriptors; a bound keeps typing errors from looking like one.
constexpr int kMaxDescriptor = 1 << 20;

using Problem = std::optional<WrongOption>;

Problem Wrong(std::string_view name, std::string_view wants, std::string_view got) {
  std::string sentence(name);
  sentence.append(" must be ").append(wants).append(", not '").append(got).append("'.");
  return WrongOption{std::move(sentence)};
}

template <typename Integer>
bool ParseInteger(std::string_view text, Integer& out) {
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, out);
  return error == std::errc() && stopped == end;
}

Problem SetPort(std::string_view name, std::string_view value, uint16_t& port) {
  if (ParseInteger(value, port) && port != 0) return std::nullopt;
  return Wrong(name, "a port from 1 to 65535", value);
}

Problem SetDescriptor(std::string_view name, std::string_view value, int& fd) {
  if (ParseInteger(value, fd) && fd >= 0 && fd <= kMaxDescriptor) return std::nullopt;
  return Wrong(name, "the number of an open file descriptor", value);
}

Problem SetHold(std::string_view name, std::string_view value, uint32_t& hold_us) {
  if (ParseInteger(value, hold_us) && hold_us <= Options::kMaxHoldUs) return std::nullopt;
  return Wrong(name, "a number of microseconds from 0 to 20000", value);
}

Problem SetConnections(std::string_view name, std::string_view value, uint32_t& connections) {
  if (ParseInteger(value, connections) && connections <= Options::kMaxTcpConnections) {
    return std::nullopt;
  }
  return Wrong(name, "a number of connections from 0 to 20000", value);
}

Problem SetPath(std::string_view name, std::string_view value, std::string& path) {
  if (value.empty()) return Wrong(name, "a path", value);
  path = value;
  return std::nullopt;
}

Problem SetLogLevel(std::string_view name, std::string_view value, LogLevel& level) {
  const std::optional<LogLevel> parsed = ParseLogLevel(value);
  if (!parsed) return Wrong(name, "none, error, warn or debug", value);
  level = *parsed;
  return std::nullopt;
}

// A list of names with commas; none of them, if it is empty.
Problem SetLogTags(std::string_view name, std::string_view value, std::vector<uint8_t>& tags) {
  tags.clear();
  const std::span<const std::string_view> names = LogTagNames();
  for (std::string_view rest = value; !rest.empty();) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const auto found = std::ranges::find(names, rest.substr(0, comma));
    if (found == names.end()) return Wrong(name, "a list of tags that --help names", value);
    const auto tag = static_cast<uint8_t>(found - names.begin());
    if (std::ranges::find(tags, tag) == tags.end()) tags.push_back(tag);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return std::nullopt;
}

// One of two words.
Problem SetChoice(std::string_view name, std::string_view value,
                  std::pair<std::string_view, std::string_view> choice, bool& first) {
  if (value != choice.first && value != choice.second) {
    return Wrong(name, std::string(choice.first).append(" or ").append(choice.second), value);
  }
  first = value == choice.first;
  return std::nullopt;
}

bool TakesValue(std::string_view name) {
  static constexpr std::string_view kNames[] = {
      "--log-level",      "--log-tags",     "--dtls-certificate",    "--dtls-private-key",
      "--rtc-min-port",   "--rtc-max-port", "--control-read-fd",     "--control-write-fd",
      "--control-socket", "--bandwidth",    "--bwe-trace",           "--srtp",
      "--segment-trains", "--max-hold-us",  "--max-tcp-connections", "--stun-server",
  };
  for (std::string_view known : kNames) {
    if (known == name) return true;
  }
  return false;
}

Problem SetValue(std::string_view name, std::string_view value, Options& options) {
  if (name == "--log-level") return SetLogLevel(name, value, options.log_level);
  if (name == "--log-tags") return SetLogTags(name, value, options.log_tags);
  if (name == "--bandwidth")
    return SetChoice(name, value, {"adapt", "observe"}, options.adapts_to_bandwidth);
  if (name == "--max-hold-us") return SetHold(name, value, options.max_hold_us);
  if (name == "--max-tcp-connections")
    return SetConnections(name, value, options.max_tcp_connections);
  if (name == "--stun-server") return SetChoice(name, value, {"on", "off"}, options.answers_stun);
  if (name == "--srtp")
    return SetChoice(name, value, {"fastest", "openssl"}, options.uses_bulk_cipher);
  if (name == "--segment-trains")
    return SetChoice(name, value, {"on", "off"}, options.forms_trains);
  if (name == "--bwe-trace") return SetPath(name, value, options.bwe_trace);
  if (name == "--dtls-certificate") return SetPath(name, value, options.dtls_certificate);
  if (name == "--dtls-private-key") return SetPath(name, value, options.dtls_private_key);
  if (name == "--rtc-min-port") return SetPort(name, value, options.rtc_min_port);
  if (name == "--rtc-max-port") return SetPort(name, value, options.rtc_max_port);
  if (name == "--control-read-fd") return SetDescriptor(name, value, options.control_read_fd);
  if (name == "--control-write-fd") return SetDescriptor(name, value, options.control_write_fd);
  return SetPath(name, value, options.control_socket);
}

// What no option says by itself.
Problem CheckTogether(const Options& options) {
  if (options.rtc_min_port > options.rtc_max_port) {
    return WrongOption{"--rtc-min-port (" + std::to_string(options.rtc_min_port) +
                       ") is greater than --rtc-max-port (" + std::to_string(options.rtc_max_port) +
                       ")."};
  }
  if (options.dtls_certificate.empty() != options.dtls_private_key.empty()) {
    return WrongOption{"--dtls-certificate and --dtls-private-key are only useful together."};
  }
  return std::nullopt;
}

}  // namespace

std::variant<Options, WrongOption> ParseOptions(std::span<const char* const> arguments) {
  Options options;
  bool descriptors_named = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    const size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    if (word == "--help" || word == "--version") {
      (word == "--help" ? options.help : options.version) = true;
      continue;
    }
    if (!TakesValue(name)) {
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
    if (Problem problem = SetValue(name, value, options)) return *std::move(problem);
    if (name == "--control-read-fd" || name == "--control-write-fd") descriptors_named = true;
  }
  if (descriptors_named && !options.control_socket.empty()) {
    return WrongOption{
        "--control-socket cannot be combined with --control-read-fd or "
        "--control-write-fd."};
  }
  if (Problem problem = CheckTogether(options)) return *std::move(problem);
  return options;
}

std::span<const std::string_view> LogTagNames() {
  static constexpr std::string_view kNames[] = {"info", "ice",  "dtls",   "rtp",   "srtp",
                                                "rtcp", "rtx",  "bwe",    "score", "simulcast",
                                                "svc",  "sctp", "message"};
  return kNames;
}

std::string_view HelpText() {
  return R"(Usage: sluice-worker [OPTION]...

Forwards the media of many rooms on one core. Started by an application, which
tells it what to do through a control channel (see control-api/).

  --control-read-fd N       inherited descriptor that requests come from (3)
  --control-write-fd N      inherited descriptor that answers go to (4)
  --control-socket PATH     listen on a Unix socket instead, for one client
  --log-level LEVEL         none, error, warn or debug, on stderr (error)
  --log-tags TAGS           what is told of single objects through the control
                            channel, up to that level, with commas between: info,
                            ice, dtls, rtp, srtp, rtcp, rtx, bwe, score,
                            simulcast, svc, sctp, message (none)
  --dtls-certificate FILE   certificate (PEM, ECDSA); made at start if missing
  --dtls-private-key FILE   its key (PEM)
  --rtc-min-port PORT       lowest and highest port of media sockets whose
  --rtc-max-port PORT         request names none (10000, 59999)
  --bandwidth MODE          adapt: what paths are estimated to carry bounds what
                            is sent; observe: it is only told (adapt)
  --srtp LIBRARY            fastest: intel-ipsec-mb where the CPU has AES-NI, and
                            OpenSSL elsewhere; openssl: always (fastest)
  --segment-trains MODE     on: what one peer is owed leaves in one call, if the
                            kernel can (UDP_SEGMENT); off (on)
  --max-hold-us N           how long a packet may be held back at most for others
                            to leave with it, as load grows; 0: never (2000)
  --max-tcp-connections N   ICE-TCP connections at one time; 0: none (20000)
  --stun-server MODE        on: Binding requests of anybody are answered on the
                            media ports, never with more bytes than came from
                            an address, 500 a second at most; off (off)
  --bwe-trace DIR           write what each estimator is told into a file of DIR,
                            for bench/bwe_replay; 64 MiB a file, 256 files
  --help                    print this and exit
  --version                 print the version and exit

Exit codes: 0 control channel closed or SIGTERM; 1 could not start; 2 wrong
option; 3 control channel out of step (a frame over 4 MiB).
)";
}

}  // namespace sluice::worker
