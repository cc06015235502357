#include "bench/limit/adapter.h"

#include <sched.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "bench/limit/sink_run.h"
#include "bench/support/gated_batches.h"

namespace sluice::bench {
namespace {

// As numbered for all peers.
struct CodecNumbers {
  std::string_view codec;
  int payload_type;
};
constexpr std::array<CodecNumbers, 5> kNumbers{
    {{"opus", 111}, {"vp8", 96}, {"vp9", 98}, {"h264", 102}, {"av1", 45}}};
constexpr uint8_t kNumberId = 3;

constexpr uint64_t kMaxTransport = 1'000'000;
// A request has a sender per member of a room.
constexpr size_t kMaxLine = 1 << 20;

absl::Status Wrong(std::string_view key, std::string_view sentence) {
  return absl::Status(absl::StatusCode::kInvalidArgument,
                      std::string(key) + " " + std::string(sentence));
}

int PayloadTypeOf(std::string_view codec) {
  for (const CodecNumbers& numbers : kNumbers) {
    if (numbers.codec == codec) return numbers.payload_type;
  }
  return 0;
}

std::string SenderKey(std::string_view room, std::string_view name) {
  return std::string(room) + ' ' + std::string(name);
}

absl::StatusOr<Endpoint> ClientOf(const RequestLine& request) {
  const auto address = IpAddress::Parse(request.Get("client_address"));
  const auto port = request.Number("client_port", 65'535);
  if (!address) return Wrong("client_address", "is no address");
  if (!port || *port == 0) return Wrong("client_port", "is no port");
  return Endpoint{*address, static_cast<uint16_t>(*port)};
}

absl::StatusOr<std::vector<MediaServer::Track>> TracksOf(const RequestLine& request) {
  const auto kinds = request.List("kinds");
  const auto codecs = request.List("codecs");
  const auto ssrcs = request.List("ssrcs");
  if (kinds.empty() || codecs.size() != kinds.size() || ssrcs.size() != kinds.size()) {
    return Wrong("kinds", "codecs and ssrcs must be lists of one length");
  }
  std::vector<MediaServer::Track> tracks;
  for (size_t i = 0; i < kinds.size(); ++i) {
    MediaServer::Track track{std::string(kinds[i]), std::string(codecs[i]), {}};
    for (const std::string_view text : SplitAt(ssrcs[i], '/')) {
      const auto ssrc = ReadUnsigned(text, UINT32_MAX);
      if (!ssrc) return Wrong("ssrcs", "has what is no SSRC");
      track.ssrcs.push_back(static_cast<uint32_t>(*ssrc));
    }
    if (PayloadTypeOf(track.codec) == 0) return Wrong("codecs", "names one that is not known");
    tracks.push_back(std::move(track));
  }
  return tracks;
}

RequestLine Describe(const MediaServer::Opened& opened) {
  const auto hex = [](const std::vector<uint8_t>& key) {
    return absl::BytesToHexString(std::string(key.begin(), key.end()));
  };
  RequestLine line("ok");
  line.Set("transport", opened.transport)
      .Set("address", opened.local.address.ToString())
      .Set("port", opened.local.port)
      .Set("role", "server")
      .Set("send_key", hex(opened.client_key))
      .Set("receive_key", hex(opened.server_key));
  return line;
}

void Append(std::string& list, const std::string& item) {
  if (!list.empty()) list += ',';
  list += item;
}

}  // namespace

RequestLine Adapter::Answer(std::string_view text) {
  const auto request = RequestLine::Parse(text);
  Answered answer = request ? AnswerLine(*request) : Answered(Wrong("line", "makes no sense"));
  if (answer.ok()) return *std::move(answer);
  RequestLine error("error");
  error.Set("reason", std::string(answer.status().message()));
  return error;
}

Adapter::Answered Adapter::AnswerLine(const RequestLine& request) {
  const std::string& word = request.word();
  if (word == "start") return Start(request);
  if (word == "stop") stopped_ = true;
  if (word == "stop" || word == "room" || word == "connected") return RequestLine("ok");
  if (server_ == nullptr) return Wrong(word, "comes before start");
  if (word == "send") return Send(request);
  if (word == "receive") return Receive(request);
  if (word == "close") return Close(request);
  if (word == "counters") return Counters();
  return Wrong(word, "is not known");
}

Adapter::Answered Adapter::Start(const RequestLine& request) {
  const auto profile = CipherNamed(request.Get("cipher"));
  if (!profile) return Wrong("cipher", "must be gcm128, gcm256 or cm80");
  if (const auto cpu = request.Number("cpu", CPU_SETSIZE - 1)) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(*cpu, &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0) return Wrong("cpu", "is not there");
  }
  RaiseDescriptorLimit();
  MediaServer::Options options;
  options.forwarding.profile = *profile;
  options.forwarding.sealer = options_.sealer;
  options.forwarding.train = options_.train;
  options.forwarding.train_mean = options_.train_mean;
  if (request.Get("twcc") == "1") options.forwarding.number_id = kNumberId;
  options.hold = options_.hold;
  absl::StatusOr<std::unique_ptr<MediaServer>> server = MediaServer::Create(options);
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  RequestLine line("ok");
  line.Set("pid", static_cast<uint64_t>(getpid()))
      .Set("name", "limit")
      .Set("version", absl::StrCat(SLUICE_VERSION, " ", std::string(server_->sealer_name())));
  return line;
}

Adapter::Answered Adapter::Send(const RequestLine& request) {
  const absl::StatusOr<Endpoint> client = ClientOf(request);
  if (!client.ok()) return client.status();
  absl::StatusOr<std::vector<MediaServer::Track>> tracks = TracksOf(request);
  if (!tracks.ok()) return tracks.status();
  const auto opened = server_->OpenSender(*client, *std::move(tracks));
  if (!opened.ok()) return opened.status();
  senders_[SenderKey(request.Get("room"), request.Get("name"))] = opened->transport;
  return Describe(*opened);
}

Adapter::Answered Adapter::Receive(const RequestLine& request) {
  const absl::StatusOr<Endpoint> client = ClientOf(request);
  if (!client.ok()) return client.status();
  const auto names = request.List("from");
  const auto layers = request.List("layer");
  std::vector<size_t> senders;
  for (const std::string_view name : names) {
    const auto found = senders_.find(SenderKey(request.Get("room"), name));
    if (found == senders_.end()) return Wrong("from", "names nobody who sends");
    senders.push_back(found->second);
  }
  const auto opened = server_->OpenReceiver(*client);
  if (!opened.ok()) return opened.status();
  std::string streams;
  for (size_t i = 0; i < senders.size(); ++i) {
    // One word for all of them, or one for each.
    const bool each = layers.size() == senders.size();
    const bool largest = layers.empty() || layers[each ? i : 0] != "low";
    for (const auto& [ssrc, track] : server_->Subscribe(opened->transport, senders[i], largest)) {
      Append(streams, absl::StrCat(ssrc, "/0/", PayloadTypeOf(track->codec), "/0/", track->kind,
                                   "/", std::string(names[i])));
    }
  }
  RequestLine line = Describe(*opened);
  return line.Set("twcc_id", kNumberId).Set("streams", streams);
}

Adapter::Answered Adapter::Close(const RequestLine& request) {
  const auto transport = request.Number("transport", kMaxTransport);
  if (!transport || !server_->IsOpen(*transport)) return Wrong("transport", "is not there");
  server_->Close(*transport);
  std::erase_if(senders_, [&](const auto& sender) { return sender.second == *transport; });
  return RequestLine("ok");
}

RequestLine Adapter::Counters() const {
  const BareForwarder::Counters counters = server_->counters();
  RequestLine line("ok");
  line.Set("packets", counters.packets)
      .Set("trains", counters.sends.calls)
      .Set("lost", counters.sends.lost)
      .Set("syscalls", counters.sends.calls + server_->system_calls());
  return line;
}

int RunAdapter(const LimitOptions& options, int in, int out) {
  Adapter adapter(options);
  std::string unread;
  std::array<char, 4096> chunk;
  while (!adapter.stopped() && unread.size() < kMaxLine) {
    if (adapter.server() != nullptr && !adapter.server()->Turn(in)) continue;
    const ssize_t count = read(in, chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    unread.append(chunk.data(), static_cast<size_t>(count));
    for (size_t end = unread.find('\n'); end != std::string::npos; end = unread.find('\n')) {
      const std::string answer =
          adapter.Answer(std::string_view(unread).substr(0, end)).ToText() + '\n';
      unread.erase(0, end + 1);
      if (write(out, answer.data(), answer.size()) < 0) return 1;
    }
  }
  return 0;
}

}  // namespace sluice::bench
