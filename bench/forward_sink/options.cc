#include "bench/forward_sink/options.h"

#include <charconv>
#include <optional>

namespace sluice::bench {
namespace {

using Profile = dtls::SrtpProfile;
// What is wrong, if something is.
using Problem = std::optional<std::string>;

constexpr Profile kProfiles[] = {Profile::kAeadAes128Gcm, Profile::kAeadAes256Gcm,
                                 Profile::kAesCm128HmacSha1_80};
constexpr Feedback kFeedbacks[] = {Feedback::kOff, Feedback::kUnanswered, Feedback::kAnswered};
constexpr PictureShape kShapes[] = {PictureShape::kAllFull, PictureShape::kFullAndRest,
                                    PictureShape::kAboutEqual};

// Bounds of a run's length.
constexpr size_t kMaxPasses = 20;
constexpr size_t kMaxBatches = 200;

Problem Wrong(std::string_view name, std::string_view wants, std::string_view got) {
  std::string sentence(name);
  sentence.append(" must be ").append(wants).append(", not '").append(got).append("'");
  return sentence;
}

std::optional<size_t> ParseCount(std::string_view text, size_t max) {
  size_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc() || stopped != end || count == 0 || count > max) return std::nullopt;
  return count;
}

// Words between commas, none of them empty; nothing at all otherwise.
std::vector<std::string_view> SplitList(std::string_view text) {
  std::vector<std::string_view> words;
  for (;;) {
    const size_t comma = text.find(',');
    words.push_back(text.substr(0, comma));
    if (words.back().empty()) return {};
    if (comma == std::string_view::npos) return words;
    text.remove_prefix(comma + 1);
  }
}

Problem SetCounts(std::string_view name, std::string_view value, size_t max,
                  std::vector<size_t>& counts) {
  counts.clear();
  for (const std::string_view word : SplitList(value)) {
    const std::optional<size_t> count = ParseCount(word, max);
    if (!count) break;
    counts.push_back(*count);
  }
  if (!counts.empty() && counts.size() == SplitList(value).size()) return std::nullopt;
  return Wrong(name, "numbers from 1 to " + std::to_string(max) + " with commas between", value);
}

Problem SetCount(std::string_view name, std::string_view value, size_t max, size_t& count) {
  const std::optional<size_t> parsed = ParseCount(value, max);
  if (!parsed) return Wrong(name, "a number from 1 to " + std::to_string(max), value);
  count = *parsed;
  return std::nullopt;
}

std::optional<Profile> ParseCipher(std::string_view word) {
  for (const Profile profile : kProfiles) {
    if (CipherName(profile) == word) return profile;
  }
  return std::nullopt;
}

Problem SetCiphers(std::string_view name, std::string_view value, std::vector<Profile>& ciphers) {
  ciphers.clear();
  for (const std::string_view word : SplitList(value)) {
    const std::optional<Profile> cipher = ParseCipher(word);
    if (!cipher) return Wrong(name, "gcm128, gcm256 or cm80, or several of them", value);
    ciphers.push_back(*cipher);
  }
  if (ciphers.empty()) return Wrong(name, "gcm128, gcm256 or cm80, or several of them", value);
  return std::nullopt;
}

Problem SetFeedback(std::string_view name, std::string_view value, Feedback& feedback) {
  for (const Feedback known : kFeedbacks) {
    if (FeedbackName(known) != value) continue;
    feedback = known;
    return std::nullopt;
  }
  return Wrong(name, "off, numbered or answered", value);
}

Problem SetPictures(std::string_view name, std::string_view value, PictureShape& pictures) {
  for (const PictureShape known : kShapes) {
    if (ShapeName(known) != value) continue;
    pictures = known;
    return std::nullopt;
  }
  return Wrong(name, "full, rest or equal", value);
}

Problem SetValue(std::string_view name, std::string_view value, SinkOptions& options) {
  if (name == "--ciphers") return SetCiphers(name, value, options.ciphers);
  if (name == "--receivers") {
    return SetCounts(name, value, SinkOptions::kMaxReceivers, options.receivers);
  }
  if (name == "--trains") return SetCounts(name, value, SinkOptions::kMaxTrain, options.trains);
  if (name == "--feedback") return SetFeedback(name, value, options.feedback);
  if (name == "--pictures") return SetPictures(name, value, options.pictures);
  if (name == "--passes") return SetCount(name, value, kMaxPasses, options.passes);
  if (name == "--batches") return SetCount(name, value, kMaxBatches, options.batches);
  if (name != "--json") return std::string(name) + " is no option; see --help";
  if (value.empty()) return Wrong(name, "a path", value);
  options.json = value;
  return std::nullopt;
}

}  // namespace

std::string_view CipherName(Profile profile) {
  switch (profile) {
    case Profile::kAeadAes128Gcm:
      return "gcm128";
    case Profile::kAeadAes256Gcm:
      return "gcm256";
    case Profile::kAesCm128HmacSha1_80:
      return "cm80";
    case Profile::kAesCm128HmacSha1_32:
      return "cm32";
  }
  return "";
}

std::string_view FeedbackName(Feedback feedback) {
  switch (feedback) {
    case Feedback::kOff:
      return "off";
    case Feedback::kUnanswered:
      return "numbered";
    case Feedback::kAnswered:
      return "answered";
  }
  return "";
}

std::string_view ShapeName(PictureShape shape) {
  switch (shape) {
    case PictureShape::kAllFull:
      return "full";
    case PictureShape::kFullAndRest:
      return "rest";
    case PictureShape::kAboutEqual:
      return "equal";
  }
  return "";
}

std::variant<SinkOptions, std::string> ParseSinkOptions(std::span<const char* const> arguments) {
  SinkOptions options;
  for (size_t i = 0; i < arguments.size(); i += 2) {
    const std::string_view name = arguments[i];
    if (name == "--help") {
      options.help = true;
      return options;
    }
    if (i + 1 == arguments.size()) return std::string(name) + " is no option, or lacks its value";
    if (Problem problem = SetValue(name, arguments[i + 1], options)) return *std::move(problem);
  }
  return options;
}

std::string_view SinkHelpText() {
  return "forward_sink: what a forwarded packet costs from the engine's door to the network "
         "card's,\n"
         "next to the same work without an SFU around it. Needs root, for a network namespace.\n"
         "\n"
         "  --ciphers LIST    gcm128, gcm256, cm80 (all)\n"
         "  --receivers LIST  (10,100,500,1000)\n"
         "  --trains LIST     packets that the source has ready in a turn (1,2,4,8,16)\n"
         "  --feedback WHICH  off; numbered: transport-wide numbers are written; answered: and\n"
         "                    receivers answer, so that the engine paces (off)\n"
         "  --pictures SHAPE  what a turn finds: full packets; a picture whose last is the rest; "
         "or\n"
         "                    one cut into equals that differ by a byte, as browsers cut it "
         "(full).\n"
         "                    The bare work always has full packets\n"
         "  --passes N        engine and bare work take turns so often (3)\n"
         "  --batches N       undisturbed batches per pass (15)\n"
         "  --json FILE       the same figures, one object per line\n";
}

}  // namespace sluice::bench
