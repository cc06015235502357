#include "bench/load/adapter_messages.h"

#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace sluice::load {
namespace {

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

// An SFU that runs as more processes than this is not run by this bench.
constexpr size_t kMaxProcesses = 64;
constexpr uint64_t kMaxPid = 1u << 22;
constexpr size_t kMaxStreams = 4'096;

void Append(std::string& list, std::string_view item) {
  if (!list.empty()) list += ',';
  list += item;
}

std::string Slashed(const std::vector<uint32_t>& numbers) {
  std::string text;
  for (const uint32_t number : numbers) {
    if (!text.empty()) text += '/';
    text += std::to_string(number);
  }
  return text;
}

void SetClient(const ClientSide& client, AdapterLine& line) {
  line.Set("room", client.room)
      .Set("name", client.name)
      .Set("ufrag", client.credentials.ufrag)
      .Set("pwd", client.credentials.password)
      .Set("fingerprint",
           client.fingerprint.algorithm_text() + " " + client.fingerprint.value_text())
      .Set("role", "client")
      // For servers without ICE, which cannot learn it from a check.
      .Set("client_address", "127.0.0.1")
      .Set("client_port", client.port);
}

AdapterLine WriteSend(const SendRequest& request) {
  AdapterLine line("send");
  SetClient(request.client, line);
  std::string kinds, codecs, ssrcs, rtx, mids, modes;
  // An empty entry still counts, so these cannot be appended as the others are.
  const char* comma = "";
  for (const TrackDescription& track : request.tracks) {
    Append(kinds, track.video() ? "video" : "audio");
    Append(codecs, NumbersOf(track.codec).name);
    Append(ssrcs, Slashed(track.ssrcs));
    Append(mids, track.mid);
    rtx += comma + Slashed(track.rtx_ssrcs);
    modes += std::string(comma) + (track.svc ? "L3T3_KEY" : "");
    comma = ",";
  }
  line.Set("kinds", kinds).Set("codecs", codecs).Set("ssrcs", ssrcs).Set("rtx", rtx);
  return line.Set("mids", mids).Set("modes", modes);
}

// One word if all senders are asked for the same layer, which is what most adapters know.
AdapterLine WriteReceive(const ReceiveRequest& request) {
  AdapterLine line("receive");
  SetClient(request.client, line);
  std::string from, layers;
  bool same = true;
  for (const ReceiveRequest::From& sender : request.from) {
    Append(from, sender.sender);
    Append(layers, sender.largest ? "max" : "low");
    same = same && sender.largest == request.from.front().largest;
  }
  if (same) layers = request.from.empty() || request.from.front().largest ? "max" : "low";
  return line.Set("from", from).Set("layer", layers);
}

std::optional<dtls::Fingerprint> ReadFingerprint(std::string_view text) {
  const size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  return dtls::Fingerprint::Parse(text.substr(0, space), text.substr(space + 1));
}

std::optional<dtls::SrtpKeys> ReadKeys(const AdapterLine& line, dtls::SrtpProfile cipher) {
  const std::string local = absl::HexStringToBytes(std::string(line.Get("send_key")));
  const std::string remote = absl::HexStringToBytes(std::string(line.Get("receive_key")));
  return dtls::SrtpKeys::FromHalves(cipher, AsBytes(local), AsBytes(remote));
}

// SSRC/RTXSSRC/PT/RTXPT/KIND/SENDER; what has no retransmissions leaves those empty or 0.
std::optional<StreamDescription> ReadStream(std::string_view text) {
  const std::vector<std::string_view> fields = Split(text, '/');
  if (fields.size() < 6) return std::nullopt;
  const auto optional = [](std::string_view field, uint64_t most) {
    return field.empty() ? std::optional<uint64_t>(0) : ParseUnsigned(field, most);
  };
  const auto ssrc = ParseUnsigned(fields[0], 0xffffffff);
  const auto rtx_ssrc = optional(fields[1], 0xffffffff);
  const auto payload_type = optional(fields[2], 127);
  const auto rtx_payload_type = optional(fields[3], 127);
  if (!ssrc || !rtx_ssrc || !payload_type || !rtx_payload_type) return std::nullopt;
  StreamDescription stream;
  stream.ssrc = static_cast<uint32_t>(*ssrc);
  stream.rtx_ssrc = static_cast<uint32_t>(*rtx_ssrc);
  stream.payload_type = static_cast<uint8_t>(*payload_type);
  stream.rtx_payload_type = static_cast<uint8_t>(*rtx_payload_type);
  stream.video = fields[4] == "video";
  stream.sender = std::string(fields[5]);
  return stream;
}

bool ReadRemote(const AdapterLine& line, dtls::SrtpProfile cipher, Answer& answer) {
  answer.transport = std::string(line.Get("transport"));
  const auto address = IpAddress::Parse(line.Get("address"));
  const auto port = line.Number("port", 65'535);
  if (answer.transport.empty() || !address || !port) return false;
  answer.remote.server = {*address, static_cast<uint16_t>(*port)};
  answer.remote.credentials = {std::string(line.Get("ufrag")), std::string(line.Get("pwd"))};
  answer.remote.fingerprint = ReadFingerprint(line.Get("fingerprint"));
  answer.remote.role = line.Get("role") == "client" ? dtls::Role::kClient : dtls::Role::kServer;
  if (!line.Get("send_key").empty()) {
    answer.remote.keys = ReadKeys(line, cipher);
    return answer.remote.keys.has_value();
  }
  return answer.remote.fingerprint.has_value();
}

bool ReadStreams(const AdapterLine& line, Answer& answer) {
  answer.twcc_id = static_cast<uint8_t>(line.Number("twcc_id", 14).value_or(0));
  for (const std::string_view text : Split(line.Get("streams"), ',')) {
    std::optional<StreamDescription> stream = ReadStream(text);
    if (!stream || answer.streams.size() == kMaxStreams) return false;
    answer.streams.push_back(*std::move(stream));
  }
  return true;
}

}  // namespace

AdapterLine WriteRequest(const Request& request) {
  return std::visit(
      Overloaded{
          [](const RoomRequest& room) { return AdapterLine("room").Set("room", room.room); },
          [](const SendRequest& send) { return WriteSend(send); },
          [](const ReceiveRequest& receive) { return WriteReceive(receive); },
          [](const ConnectedRequest& connected) {
            return AdapterLine("connected").Set("transport", connected.transport);
          },
          [](const CloseRequest& close) {
            return AdapterLine("close").Set("transport", close.transport);
          },
          [](const CountersRequest&) { return AdapterLine("counters"); },
      },
      request);
}

Answer ReadAnswer(const AdapterLine& line, dtls::SrtpProfile cipher) {
  Answer answer;
  if (line.word() != "ok") {
    answer.error = line.Get("reason").empty() ? "it answered " + line.ToText()
                                              : std::string(line.Get("reason"));
    return answer;
  }
  if (!line.Get("address").empty() &&
      (!ReadRemote(line, cipher, answer) || !ReadStreams(line, answer))) {
    answer.error = "no transport can be made of " + line.ToText();
    return answer;
  }
  for (const auto& [key, value] : line.pairs()) {
    if (const auto number = ParseUnsigned(value, UINT64_MAX)) answer.counters[key] = *number;
  }
  return answer;
}

absl::StatusOr<PeerIdentity> ReadIdentity(const AdapterLine& line) {
  if (line.word() == "skip") return absl::UnavailableError(std::string(line.Get("reason")));
  if (line.word() != "ok") return absl::InternalError(std::string(line.Get("reason")));
  PeerIdentity identity;
  identity.name = std::string(line.Get("name"));
  identity.version = std::string(line.Get("version"));
  std::vector<pid_t> pids;
  for (const std::string_view text : Split(line.Get("pid"), ',')) {
    const auto pid = ParseUnsigned(text, kMaxPid);
    if (!pid || pids.size() == kMaxProcesses) {
      return absl::InternalError(absl::StrCat("pid: ", std::string(text), " is no process"));
    }
    pids.push_back(static_cast<pid_t>(*pid));
  }
  if (pids.empty()) return absl::InternalError("pid: missing");
  identity.workers.push_back(std::move(pids));
  return identity;
}

}  // namespace sluice::load
