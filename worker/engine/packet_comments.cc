#include "worker/engine/packet_comments.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "worker/engine/workspace.h"

namespace sluice::worker {
namespace {

std::string DescribeLayers(const rtp::codec::Description& description) {
  return absl::StrCat(" layer ", int{description.spatial}, "/", int{description.temporal},
                      description.key_frame ? " key frame" : "");
}

}  // namespace

void AnnotateDropped(PacketTap& tap, DropReason reason) {
  if (!tap.recorded_last()) return;
  tap.Annotate(absl::StrCat("dropped: ", std::string(DropReasonName(reason))));
}

void AnnotateReceived(const Workspace& workspace, PacketTap& tap, const Ingress::Arrival& arrival) {
  if (!tap.recorded_last()) return;
  const Producer* producer = workspace.producers.Find(arrival.producer);
  if (producer == nullptr) return;
  tap.Annotate(absl::StrCat("producer ", producer->id, " encoding ", int{arrival.source->index},
                            DescribeLayers(arrival.packet.description()),
                            arrival.packet.was_retransmission() ? " repeated" : ""));
}

void AnnotateSent(PacketTap& tap, const rtp::Pacer::Item& item) {
  if (!tap.recorded_last()) return;
  // Padding under a number that was promised has no source to speak of.
  if (item.rewrite.padding_only) return tap.Annotate("padding in place of an unwanted packet");
  tap.Annotate(absl::StrCat("from ssrc ", item.packet.ssrc().value(), " seq ",
                            item.packet.seq().value(), DescribeLayers(item.packet.description()),
                            item.retransmission ? " repeated" : "",
                            item.probe != 0 ? " probe" : ""));
}

}  // namespace sluice::worker
