#include "worker/engine/pipe_link.h"

#include "rtp/rtcp/rtcp_packet.h"

namespace sluice::worker {
namespace {

constexpr uint32_t kName = 0x53435450;  // "SCTP"

}  // namespace

bool PipeLink::SendData(ByteView data) {
  if (data.empty() || data.size() > kMaxData || !ready()) return false;
  data_.assign(data.begin(), data.end());
  return true;
}

bool PipeLink::PollTransmit(Timestamp /*now*/, TransmitBatch& batch) {
  if (data_.empty()) return false;
  const ByteSpan room = batch.Room();
  if (room.empty()) return true;
  ByteWriter out(room);
  // SSRC zero: it belongs to no stream.
  rtp::ApplicationData{.name = kName, .data = data_}.WriteTo(out);
  data_.clear();
  if (!out.ok() || !ready()) return false;
  if (const std::optional<size_t> size = SealRtcp(room, out.size())) {
    batch.Commit(destination(), *size);
  }
  return false;
}

std::optional<ByteView> PipeLink::ReadData(ByteView rtcp) {
  const auto parsed = rtp::ApplicationData::Parse(rtcp);
  if (!parsed || parsed->name != kName) return std::nullopt;
  return parsed->data;
}

}  // namespace sluice::worker
