#include "worker/engine/packet_traces.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/engine/link_events.h"

namespace sluice::worker {
namespace {

// Below, not even the blocks that begin a file fit.
constexpr uint64_t kMinBytes = 4096;

void Tell(Workspace& workspace, const Transport& transport, PacketTap& tap, bool is_last) {
  schema::PacketTraceChunkT chunk;
  chunk.bytes.assign(tap.bytes().begin(), tap.bytes().end());
  chunk.packets = tap.packets();
  chunk.left_out = tap.left_out();
  chunk.is_last = is_last;
  tap.Clear();
  workspace.outbox.Notify(transport.id, std::move(chunk));
}

}  // namespace

absl::Status StartPacketTrace(Workspace& workspace, Handle<Transport> handle,
                              const schema::StartPacketTraceT& options) {
  if (options.sampling == 0 || options.sampling > PacketTap::kMaxSampling) {
    return absl::InvalidArgumentError(absl::StrCat("sampling: not 1 to ", PacketTap::kMaxSampling));
  }
  if (options.payload_bytes > PacketTap::kMaxPayload) {
    return absl::InvalidArgumentError(absl::StrCat("payloadBytes: above ", PacketTap::kMaxPayload));
  }
  if (options.max_bytes < kMinBytes) {
    return absl::InvalidArgumentError(absl::StrCat("maxBytes: below ", kMinBytes));
  }
  EndPacketTrace(workspace, handle);
  if (workspace.tapped.size() >= kMaxPacketTraces) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the worker traces ", kMaxPacketTraces, " transports already"));
  }
  Transport& transport = *workspace.transports.Find(handle);
  PacketTap::Options tap;
  tap.sampling = options.sampling;
  tap.payload_bytes = options.payload_bytes;
  tap.max_bytes = options.max_bytes;
  tap.unix_offset = workspace.options.unix_offset;
  for (const ListenPoint& point : PointsOf(workspace, transport)) {
    tap.places.emplace_back(point.socket.id, point.socket.local);
  }
  transport.link.set_tap(std::make_unique<PacketTap>(tap));
  workspace.tapped.push_back(handle);
  return absl::OkStatus();
}

void EndPacketTrace(Workspace& workspace, Handle<Transport> handle) {
  Transport& transport = *workspace.transports.Find(handle);
  PacketTap* const tap = transport.link.tap();
  if (tap == nullptr) return;
  Tell(workspace, transport, *tap, true);
  transport.link.set_tap(nullptr);
  std::erase(workspace.tapped, handle);
}

void TellPacketTraces(Workspace& workspace, Timestamp now) {
  if (workspace.tapped.empty()) return;
  // A copy, because a trace that is full ends.
  for (Handle<Transport> handle : std::vector(workspace.tapped)) {
    Transport& transport = *workspace.transports.Find(handle);
    PacketTap& tap = *transport.link.tap();
    if (!tap.due() || *tap.due() > now) continue;
    if (workspace.outbox.is_behind()) {
      tap.Postpone(now + PacketTap::kMaxWait);
    } else if (tap.full()) {
      EndPacketTrace(workspace, handle);
    } else {
      Tell(workspace, transport, tap, false);
    }
  }
}

std::optional<Timestamp> NextPacketTrace(const Workspace& workspace) {
  std::optional<Timestamp> next;
  for (Handle<Transport> handle : workspace.tapped) {
    next = Earlier(next, workspace.transports.Find(handle)->link.tap()->due());
  }
  return next;
}

}  // namespace sluice::worker
