// load: puts media servers under the same load, in turns, and prints what it costs them.

#include <sys/prctl.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/load/child_process.h"
#include "bench/load/json.h"
#include "bench/load/make_peer.h"
#include "bench/load/media_library.h"
#include "bench/load/options.h"
#include "bench/load/progress_line.h"
#include "bench/load/report.h"
#include "bench/load/round.h"
#include "worker/io/system_entropy.h"

namespace sluice::load {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongOption = 2;
// Above this, the load and not the server may be what is measured.
constexpr double kBusy = 0.9;
// And above this, it is other programs.
constexpr double kDisturbed = 0.05;

void Prepare(const Options& options) {
  std::signal(SIGPIPE, SIG_IGN);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  // Media is due at the microsecond, not within the usual 50.
  prctl(PR_SET_TIMERSLACK, 1ul);
  if (absl::Status pinned = PinTo(0, options.own_cpu); !pinned.ok()) {
    std::fprintf(stderr, "load: --own-cpu: %s\n", std::string(pinned.message()).c_str());
  }
}

class Program {
 public:
  explicit Program(const Options& options) : options_(options) {}

  int Run() {
    absl::StatusOr<std::unique_ptr<dtls::Context>> context =
        dtls::Context::Create(std::nullopt, options_.cipher);
    if (!context.ok()) return Fail("", context.status());
    context_ = *std::move(context);
    absl::StatusOr<MediaLibrary> library = MediaLibrary::Load(
        options_.pictures,
        options_.traces.empty() ? SLUICE_SOURCE_DIR "/bench/traffic/traces" : options_.traces);
    if (!library.ok()) return Fail("", library.status());
    library_ = *std::move(library);
    for (uint32_t round = 0; round < options_.rounds; ++round) {
      for (const std::string& name : options_.peers) {
        failed_ = !RunPeer(name, 1, round) || failed_;
        if (options_.workers > 1) failed_ = !RunPeer(name, options_.workers, round) || failed_;
      }
    }
    progress_.Clear();
    // What one server cannot do is no reason to say nothing of the others.
    if (!rounds_.empty()) std::printf("%s", MakeTable(rounds_).c_str());
    if (!options_.json.empty()) failed_ = !WriteJson() || failed_;
    return failed_ ? kFailed : 0;
  }

 private:
  int Fail(const std::string& name, const absl::Status& status) {
    progress_.Clear();
    std::fprintf(stderr, "load: %s%s%s\n", name.c_str(), name.empty() ? "" : ": ",
                 std::string(status.message()).c_str());
    return kFailed;
  }

  double LimitTrain() const {
    const bool searches = options_.profile == Profile::kRate || options_.profile == Profile::kJoin;
    if (options_.limit_trains == Options::Trains::kSame) return searches ? 0 : last_train_;
    return options_.limit_train;
  }

  // False if something failed.
  bool RunPeer(const std::string& name, uint32_t workers, uint32_t round) {
    if (absent_.contains(name)) return true;
    const std::string title = workers > 1 ? absl::StrCat(name, " x", workers) : name;
    progress_.Begin(absl::StrCat(std::string(ProfileName(options_.profile)), " ", round + 1, "/",
                                 options_.rounds, " ", title));
    progress_.Show("starting");
    const PeerChoice choice{name, workers, LimitTrain()};
    const std::unique_ptr<Peer> peer = MakePeer(choice, options_);
    absl::StatusOr<PeerIdentity> identity = peer->Start();
    if (!identity.ok()) {
      Fail(name, identity.status());
      peer->Stop();
      absent_.insert(name);
      // Who is not here is left out; who is here and does not work is a failure.
      return absl::IsUnavailable(identity.status()) && name != "sluice";
    }
    identity->name = title;
    // Each worker carries as much as one does alone.
    Options options = options_;
    options.rooms *= workers;
    absl::StatusOr<Json> figures =
        Round({options, library_, *peer, *identity, *context_, entropy_, progress_}).Run();
    peer->Stop();
    if (!figures.ok()) {
      Fail(name, figures.status());
      return false;
    }
    figures->Set("round", uint64_t{round});
    if (name == "sluice") last_train_ = figures->Number("train_mean").value_or(0);
    if (name == "limit" && choice.limit_train > 0) figures->Set("train_asked", choice.limit_train);
    Warn(*figures);
    const bool right = !options_.check || Check(*figures);
    rounds_.push_back(*std::move(figures));
    return right;
  }

  void Warn(const Json& figures) {
    const double share = figures.Number("own_cpu_share").value_or(0);
    if (share > kBusy) {
      progress_.Clear();
      std::fprintf(stderr,
                   "load: warning: the load itself took %.0f %% of its core; what was measured may "
                   "be the load and not %s\n",
                   share * 100, std::string(figures.Text("peer")).c_str());
    }
    const double others = figures.Number("others_cpu_share").value_or(0);
    if (others > kDisturbed) {
      progress_.Clear();
      std::fprintf(
          stderr,
          "load: warning: others took %.0f %% of the core of %s; the machine is not quiet, "
          "and delays and rates are worth little\n",
          others * 100, std::string(figures.Text("peer")).c_str());
    }
    if (figures.Number("damaged").value_or(0) > 0 || figures.Number("unsealed").value_or(0) > 0) {
      progress_.Clear();
      std::fprintf(stderr,
                   "load: warning: %s: %.0f packets were not what was sent, %.0f did not open\n",
                   std::string(figures.Text("peer")).c_str(), figures.Number("damaged").value_or(0),
                   figures.Number("unsealed").value_or(0));
    }
  }

  bool Check(const Json& figures) {
    const bool right = figures.Number("packets_lost").value_or(0) == 0 &&
                       figures.Number("damaged").value_or(0) == 0 &&
                       figures.Number("unsealed").value_or(0) == 0 &&
                       (options_.sampled == 0 || figures.Number("intact").value_or(0) > 0);
    if (!right) Fail("--check", absl::InternalError(figures.ToText()));
    return right;
  }

  bool WriteJson() {
    std::ofstream file(options_.json);
    file << MakeJson(rounds_);
    if (file.flush()) return true;
    Fail("--json", absl::UnavailableError(absl::StrCat("cannot write '", options_.json, "'")));
    return false;
  }

  const Options& options_;
  worker::SystemEntropy entropy_;
  std::unique_ptr<dtls::Context> context_;
  MediaLibrary library_;
  ProgressLine progress_;
  std::set<std::string> absent_;
  std::vector<Json> rounds_;
  // Packets per train of sluice's last turn; 0: it had none.
  double last_train_ = 0;
  bool failed_ = false;
};

int Main(std::span<const char* const> arguments) {
  const std::variant<Options, WrongOption> parsed = ParseOptions(arguments);
  if (const auto* wrong = std::get_if<WrongOption>(&parsed)) {
    std::fprintf(stderr, "load: %s\n", wrong->sentence.c_str());
    return kWrongOption;
  }
  const Options& options = std::get<Options>(parsed);
  if (options.help) {
    std::printf("%s", std::string(HelpText()).c_str());
    return 0;
  }
  Prepare(options);
  return Program(options).Run();
}

}  // namespace
}  // namespace sluice::load

int main(int argc, char** argv) {
  const size_t count = argc > 0 ? static_cast<size_t>(argc) - 1 : 0;
  return sluice::load::Main(std::span<const char* const>(argv + 1, count));
}
