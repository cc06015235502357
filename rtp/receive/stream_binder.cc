#include "rtp/receive/stream_binder.h"

#include <algorithm>

#include "base/check.h"
#include "rtp/packet/extensions.h"

namespace sluice::rtp {

std::string_view CollisionName(StreamBinder::Collision collision) {
  switch (collision) {
    case StreamBinder::Collision::kSsrc:
      return "ssrc";
    case StreamBinder::Collision::kRtxSsrc:
      return "rtxSsrc";
    case StreamBinder::Collision::kMid:
      return "mid";
    case StreamBinder::Collision::kRid:
      return "rid";
  }
  CheckFailed("a collision", __FILE__, __LINE__);
}

std::optional<StreamBinder::Collision> StreamBinder::Add(StreamIndex stream,
                                                         const Description& description) {
  if (const std::optional<Collision> collision = FindCollision(description)) return collision;
  const size_t position = streams_.size();
  streams_.push_back({stream, description});
  if (description.ssrc) Declare(*description.ssrc, position, false);
  if (description.rtx_ssrc) Declare(*description.rtx_ssrc, position, true);
  return std::nullopt;
}

std::optional<StreamBinder::Collision> StreamBinder::FindCollision(
    const Description& description) const {
  if (!description.ssrc && description.mid.empty() && description.rid.empty()) {
    return Collision::kMid;
  }
  if (description.ssrc && IsDeclared(*description.ssrc)) return Collision::kSsrc;
  if (description.rtx_ssrc &&
      (IsDeclared(*description.rtx_ssrc) || description.rtx_ssrc == description.ssrc)) {
    return Collision::kRtxSsrc;
  }
  for (const Stream& stream : streams_) {
    if (!ShareNames(stream.description, description)) continue;
    const bool same_rid = !description.rid.empty() && stream.description.rid == description.rid;
    return same_rid ? Collision::kRid : Collision::kMid;
  }
  return std::nullopt;
}

// Whether one packet could mean both streams by its names.
bool StreamBinder::ShareNames(const Description& one, const Description& other) {
  if (one.mid != other.mid) return false;
  if (one.mid.empty() && (one.rid.empty() || other.rid.empty())) return false;
  if (one.rid != other.rid && !one.rid.empty() && !other.rid.empty()) return false;
  const bool told_apart_by_ssrc = one.group && one.group == other.group && one.rid.empty() &&
                                  other.rid.empty() && one.ssrc && other.ssrc;
  return !told_apart_by_ssrc;
}

bool StreamBinder::IsDeclared(Ssrc ssrc) const {
  const auto found = by_ssrc_.find(ssrc);
  return found != by_ssrc_.end() && found->second.declared;
}

// What was signalled replaces what was learnt.
void StreamBinder::Declare(Ssrc ssrc, size_t position, bool rtx) {
  const auto [entry, fresh] = by_ssrc_.try_emplace(ssrc);
  if (!fresh) {
    --learnt_;
    // Should that be withdrawn, the stream that lives has its SSRC back.
    const Description& owner = streams_[entry->second.position].description;
    ended_.Add(ssrc, {owner.mid, owner.rid, entry->second.rtx});
  }
  entry->second = Entry{position, rtx, true, 0};
}

void StreamBinder::Remove(StreamIndex stream) {
  const std::optional<size_t> position = PositionOf(stream);
  if (!position) return;
  const OwnEntries entries = EntriesOf(*position);
  const Description& description = streams_[*position].description;
  for (const auto& [ssrc, entry] : entries) {
    ended_.Add(ssrc, {description.mid, description.rid, entry.rtx});
  }
  Erase(*position, entries);
}

void StreamBinder::Withdraw(StreamIndex stream) {
  const std::optional<size_t> position = PositionOf(stream);
  if (position) Erase(*position, EntriesOf(*position));
}

std::optional<size_t> StreamBinder::PositionOf(StreamIndex stream) const {
  const auto found = std::ranges::find(streams_, stream, &Stream::index);
  if (found == streams_.end()) return std::nullopt;
  return static_cast<size_t>(found - streams_.begin());
}

StreamBinder::OwnEntries StreamBinder::EntriesOf(size_t position) const {
  OwnEntries entries;
  for (const auto& [ssrc, entry] : by_ssrc_) {
    if (entry.position == position) entries.emplace_back(ssrc, entry);
  }
  std::ranges::sort(entries, [](const auto& one, const auto& other) {
    return std::pair(one.second.learnt_at, one.first) <
           std::pair(other.second.learnt_at, other.first);
  });
  return entries;
}

void StreamBinder::Erase(size_t position, const OwnEntries& entries) {
  for (const auto& [ssrc, entry] : entries) {
    if (!entry.declared) --learnt_;
    by_ssrc_.erase(ssrc);
  }
  streams_.erase(streams_.begin() + static_cast<std::ptrdiff_t>(position));
  for (auto& [ssrc, entry] : by_ssrc_) {
    if (entry.position > position) --entry.position;
  }
}

std::vector<Ssrc> StreamBinder::TakeForgotten() {
  std::vector<Ssrc> forgotten = ended_.TakeDisplaced();
  std::erase_if(forgotten, [&](Ssrc ssrc) { return by_ssrc_.contains(ssrc); });
  return forgotten;
}

std::variant<StreamBinder::Binding, DropReason> StreamBinder::Bind(const RtpPacket& packet) {
  const auto found = by_ssrc_.find(packet.ssrc());
  if (found == by_ssrc_.end()) return Learn(packet, NamesOf(packet));
  const Entry& entry = found->second;
  if (entry.declared) return BindingFor(packet, entry.position, entry.rtx);

  // RFC 8843 §9.2: a packet may move its SSRC to another stream by naming that.
  const Names names = NamesOf(packet);
  if (names.empty() || Precision(streams_[entry.position].description, names) > 0) {
    return BindingFor(packet, entry.position, entry.rtx);
  }
  by_ssrc_.erase(found);
  --learnt_;
  return Learn(packet, names);
}

std::variant<StreamBinder::Binding, DropReason> StreamBinder::BindingFor(const RtpPacket& packet,
                                                                         size_t position,
                                                                         bool rtx) const {
  const Stream& stream = streams_[position];
  const PayloadTypes& types =
      rtx ? stream.description.rtx_payload_types : stream.description.payload_types;
  if (!types[packet.payload_type().value() & 0x7f]) return DropReason::kRtpUnknownPayload;
  return Binding{stream.index, rtx};
}

std::variant<StreamBinder::Binding, DropReason> StreamBinder::Learn(const RtpPacket& packet,
                                                                    const Names& names) {
  const std::optional<size_t> position = FindByNames(names);
  if (!position) return Recall(packet, names);
  const Description& description = streams_[*position].description;
  // Where streams have no RID, only the payload type tells a retransmission.
  const bool rtx =
      names.repaired || description.rtx_payload_types[packet.payload_type().value() & 0x7f];
  return Assign(packet, *position, rtx);
}

// A packet that does not say enough may be of a stream that goes on where another one ended.
std::variant<StreamBinder::Binding, DropReason> StreamBinder::Recall(const RtpPacket& packet,
                                                                     const Names& names) {
  const EndedStreams::Place* const place = ended_.Find(packet.ssrc());
  if (place == nullptr) return DropReason::kRtpUnknownStream;
  // A name that was not signalled contradicts nothing.
  const auto contradicts = [](std::string_view name, std::string_view signalled) {
    return !name.empty() && !signalled.empty() && name != signalled;
  };
  if (contradicts(names.mid, place->mid) || contradicts(names.rid, place->rid)) {
    ended_.Unplace(packet.ssrc());
    return DropReason::kRtpUnknownStream;
  }
  const std::optional<size_t> position = FindByPlace(*place);
  if (!position) return DropReason::kRtpUnknownStream;
  return Assign(packet, *position, place->rtx);
}

// Exactly what was signalled of the stream before: one size of several is not the only size. Who
// has signalled an SSRC has said who belongs there.
std::optional<size_t> StreamBinder::FindByPlace(const EndedStreams::Place& place) const {
  for (size_t position = 0; position < streams_.size(); ++position) {
    const Description& description = streams_[position].description;
    if (description.mid != place.mid || description.rid != place.rid) continue;
    if (place.rtx ? description.rtx_ssrc : description.ssrc) continue;
    return position;
  }
  return std::nullopt;
}

std::variant<StreamBinder::Binding, DropReason> StreamBinder::Assign(const RtpPacket& packet,
                                                                     size_t position, bool rtx) {
  const auto binding = BindingFor(packet, position, rtx);
  if (std::holds_alternative<DropReason>(binding)) return binding;
  if (!MakeRoomFor(position)) return DropReason::kTooManyStreams;
  by_ssrc_[packet.ssrc()] = Entry{position, rtx, false, ++learning_};
  ++learnt_;
  if (ended_.size() != 0) {
    const Description& description = streams_[position].description;
    ended_.Unplace(packet.ssrc());
    ended_.Vacate(description.mid, description.rid, rtx);
  }
  return binding;
}

StreamBinder::Names StreamBinder::NamesOf(const RtpPacket& packet) {
  const auto name = [&](Extension extension) -> std::string_view {
    const std::optional<ByteView> value = packet.extension(extension);
    if (!value) return {};
    return ParseStreamName(*value).value_or(std::string_view());
  };
  Names names{name(Extension::kMid), name(Extension::kRepairedRid), true};
  if (names.rid.empty()) {
    names.rid = name(Extension::kRid);
    names.repaired = false;
  }
  return names;
}

// A RID means something only within its MID (RFC 8852 §3), so a packet that names a RID alone means
// streams that were signalled without a MID.
int StreamBinder::Precision(const Description& description, const Names& names) {
  const bool mid_matches = !description.mid.empty() && description.mid == names.mid;
  const bool rid_matches = !description.rid.empty() && description.rid == names.rid;
  if (!description.mid.empty() && !mid_matches) return 0;
  if (!description.rid.empty() && !rid_matches) return 0;
  return 2 * mid_matches + rid_matches;
}

std::optional<size_t> StreamBinder::FindByNames(const Names& names) const {
  std::optional<size_t> best;
  int best_precision = 0;
  for (size_t position = 0; position < streams_.size(); ++position) {
    const int precision = Precision(streams_[position].description, names);
    if (precision == 0 || precision < best_precision) continue;
    // Two that match alike: the packet could be either's, so it is nobody's.
    best = precision == best_precision ? std::nullopt : std::optional(position);
    best_precision = precision;
  }
  return best;
}

bool StreamBinder::MakeRoomFor(size_t position) {
  auto oldest = by_ssrc_.end();
  size_t own = 0;
  for (auto it = by_ssrc_.begin(); it != by_ssrc_.end(); ++it) {
    if (it->second.declared || it->second.position != position) continue;
    ++own;
    if (oldest == by_ssrc_.end() || it->second.learnt_at < oldest->second.learnt_at) oldest = it;
  }
  if (learnt_ < kMaxLearnt && own < kMaxLearntPerStream) return true;
  if (own == 0) return false;
  by_ssrc_.erase(oldest);
  --learnt_;
  return true;
}

}  // namespace sluice::rtp
