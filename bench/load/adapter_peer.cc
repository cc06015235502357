#include "bench/load/adapter_peer.h"

#include <chrono>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "bench/load/adapter_messages.h"
#include "bench/load/options.h"

namespace sluice::load {
namespace {

// Some servers load many modules first.
constexpr std::chrono::milliseconds kPatience{30'000};
// A line with 4,096 streams has less.
constexpr size_t kMaxLine = 1 << 20;

}  // namespace

absl::StatusOr<PeerIdentity> AdapterPeer::Start() {
  ChildProcess::Options options;
  options.arguments = options_.arguments;
  // The adapter itself works only when somebody joins; the server's core is for the server.
  options.cpu = options_.own_cpu;
  if (absl::Status started = child_.Start(options); !started.ok()) return started;
  Write(AdapterLine("start")
            .Set("cipher", std::string(CipherName(options_.cipher)))
            .Set("twcc", options_.twcc ? 1 : 0)
            .Set("cpu", options_.server_cpu));
  absl::StatusOr<AdapterLine> answer = AwaitLine();
  if (!answer.ok()) return answer.status();
  return ReadIdentity(*answer);
}

void AdapterPeer::Write(const AdapterLine& line) {
  const std::string text = line.ToText() + "\n";
  child_.Write(AsBytes(text));
}

void AdapterPeer::Submit(const Request& request) {
  Write(WriteRequest(request));
  ++unanswered_;
}

std::optional<std::string> AdapterPeer::NextLine() {
  size_t end = unread_.find('\n');
  if (end == std::string::npos && unread_.size() < kMaxLine) {
    unread_.append(AsText(child_.Read()));
    end = unread_.find('\n');
  }
  if (end == std::string::npos) return std::nullopt;
  std::string line = unread_.substr(0, end);
  unread_.erase(0, end + 1);
  return line;
}

std::optional<Answer> AdapterPeer::Poll() {
  if (unanswered_ == 0) return std::nullopt;
  Answer answer;
  if (std::optional<std::string> text = NextLine()) {
    const std::optional<AdapterLine> line = AdapterLine::Parse(*text);
    if (line) {
      answer = ReadAnswer(*line, options_.cipher);
    } else {
      answer.error = "it said " + *text;
    }
  } else if (child_.Alive()) {
    return std::nullopt;
  } else {
    answer.error = "the adapter has ended";
  }
  --unanswered_;
  return answer;
}

absl::StatusOr<AdapterLine> AdapterPeer::AwaitLine() {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (const std::optional<std::string> text = NextLine()) {
      std::optional<AdapterLine> line = AdapterLine::Parse(*text);
      if (line) return *std::move(line);
      return absl::InternalError(absl::StrCat("it said ", *text));
    }
    if (!child_.Alive())
      return absl::UnavailableError("its adapter could not be run, or has ended");
    child_.Await(std::chrono::milliseconds(100));
  }
  return absl::InternalError("its adapter does not answer");
}

void AdapterPeer::Stop() {
  if (child_.Alive()) {
    Write(AdapterLine("stop"));
    while (unanswered_ > 0 && Poll()) continue;
    AwaitLine().IgnoreError();
  }
  child_.Stop();
}

}  // namespace sluice::load
