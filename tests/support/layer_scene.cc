#include "tests/support/layer_scene.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <variant>

#include "base/bytes.h"
#include "base/check.h"

namespace sluice::test {
namespace {

using rtp::codec::Kind;

constexpr uint8_t kMedia = 96;
constexpr Duration kPicture = std::chrono::microseconds(33'333);
constexpr Duration kSlowPicture = std::chrono::seconds(2);
// From one packet to the next.
constexpr Duration kSpacing = std::chrono::microseconds(300);

}  // namespace

LayerScene::LayerScene(const LayerShape& shape, uint32_t seed, const Network& network, bool reports)
    : shape_(shape),
      random_(seed),
      network_(network),
      reports_(reports),
      forwarder_(OptionsFor(shape, random_)) {
  for (int i = 0; i < shape.encodings; ++i) {
    const auto index = static_cast<uint8_t>(i);
    streams_.emplace_back(shape, index, seed);
    sources_[index].index = index;
    alive_[index] = true;
    key_in_[index] = -1;
    if (!reports) continue;
    // Of some other moment for each encoding.
    const Timestamp at = now_ - std::chrono::milliseconds(777 * (i + 1));
    sources_[index].clock = {at, streams_.back().TimestampAt(at)};
  }
  model_.emplace(shape, frames_, streams_.front());
}

rtp::Forwarder::Options LayerScene::OptionsFor(const LayerShape& shape, std::mt19937& random) {
  rtp::Forwarder::Options options;
  options.kind = rtp::MediaKind::kVideo;
  options.ssrc = Ssrc(0xb0b);
  options.first_seq = SeqNo(static_cast<uint16_t>(random() & 0x7fff));
  options.first_timestamp = static_cast<uint32_t>(random());
  options.needs_key_frame = true;
  options.payload_types.Add(PayloadType(kMedia));
  options.codec = shape.codec;
  options.dependency_descriptor = shape.descriptor;
  options.svc = shape.k_svc() || shape.separate_sizes() ? rtp::SvcMode::kKey : rtp::SvcMode::kFull;
  return options;
}

rtp::ExtensionMap LayerScene::Extensions() {
  rtp::ExtensionMap map;
  map.Add(LayerPacketReader::kDescriptorId, rtp::Extension::kDependencyDescriptor);
  return map;
}

void LayerScene::Run(int switches) {
  for (int i = 0; i < switches;) {
    NextPicture();
    if (Draw(5) != 0) continue;
    SetTarget();
    ++i;
  }
  // Whatever is still under way.
  for (int i = 0; i < 40; ++i) NextPicture();
}

void LayerScene::NextPicture() {
  now_ += shape_.slow ? kSlowPicture : kPicture;
  Vanish();
  for (int i = 0; i < shape_.encodings; ++i) {
    const auto index = static_cast<size_t>(i);
    if (!alive_[index]) continue;
    const bool key = key_in_[index] == 0;
    if (key_in_[index] >= 0) --key_in_[index];
    for (LayerPacket& packet : streams_[index].NextPicture(key, now_, frames_)) {
      Send(std::move(packet));
    }
  }
  DeliverDue();
  CheckReached();
  AskKeyFrames();
}

// Encodings come and go, at least one stays. What comes back begins with a key frame.
void LayerScene::Vanish() {
  if (Draw(100) != 0) return;
  if (shape_.codec == Kind::kVp9 && !shape_.descriptor && shape_.mode[1] > '1' &&
      shape_.mode[0] != 'S') {
    streams_[0].SetLowestLayer(Draw(2));
    key_in_[0] = std::max(key_in_[0], 1);
  }
  const auto index = static_cast<size_t>(Draw(shape_.encodings));
  if (std::ranges::count(alive_, true) == 1 && alive_[index]) return;
  alive_[index] = !alive_[index];
  key_in_[index] = 0;
}

void LayerScene::Send(LayerPacket packet) {
  const Duration own = kSpacing * static_cast<int>(in_flight_.size() % 30);
  Timestamp at = now_ + own;
  const int fate = Draw(1000);
  if (fate < network_.lost) {
    // Whoever needs it asks for a key frame when it gives up.
    int& key_in = key_in_[frames_[packet.frame].encoding];
    if (key_in < 0) key_in = 6;
    return;
  }
  if (fate < network_.lost + network_.repaired) {
    at += kPicture * (1 + Draw(4)) + kSpacing;
  } else if (fate < network_.lost + network_.repaired + network_.overtaken) {
    at += kSpacing * (1 + Draw(40));
  }
  if (Draw(1000) < network_.repeated) in_flight_.emplace(at + kSpacing * Draw(300), packet);
  in_flight_.emplace(at, std::move(packet));
}

void LayerScene::DeliverDue() {
  const Timestamp until = now_ + kPicture - kSpacing;
  while (!in_flight_.empty() && in_flight_.begin()->first <= until) {
    auto next = in_flight_.extract(in_flight_.begin());
    Deliver(next.key(), next.mapped());
  }
}

void LayerScene::Deliver(Timestamp at, const LayerPacket& made) {
  ++packets_;
  rtp::EncodingSource& source = sources_[frames_[made.frame].encoding];
  std::optional<rtp::RtpPacket> packet = rtp::RtpPacket::Parse(ToBytes(at, made), extensions_);
  SLUICE_CHECK(packet);
  source.Describe(shape_.codec, *packet);
  packet->set_unwrapped({made.seq});
  model_->RecordDelivered(made);
  const rtp::Verdict verdict =
      forwarder_.Admit(*packet, PayloadType(kMedia), source, source.Record(*packet));
  if (const auto* rewrite = std::get_if<rtp::Rewrite>(&verdict)) Write(*packet, made, *rewrite);
}

PacketRef LayerScene::ToBytes(Timestamp at, const LayerPacket& packet) {
  const LayerFrame& frame = frames_[packet.frame];
  PacketRef ref = pool_.Allocate();
  ref.set_arrival(at);
  ByteWriter out(ref.buffer());
  out.U8(packet.descriptor ? 0x90 : 0x80);
  out.U8(static_cast<uint8_t>((packet.marker ? 0x80 : 0) | kMedia));
  out.U16(static_cast<uint16_t>(packet.seq));
  out.U32(frame.timestamp);
  out.U32(0xa000u + frame.encoding);
  if (packet.descriptor) {
    const size_t words = (packet.descriptor->size() + 2 + 3) / 4;
    out.U16(0x1000);
    out.U16(static_cast<uint16_t>(words));
    out.U8(LayerPacketReader::kDescriptorId);
    out.U8(static_cast<uint8_t>(packet.descriptor->size()));
    out.Bytes(*packet.descriptor);
    out.Zeros(4 * words - 2 - packet.descriptor->size());
  }
  out.Bytes(packet.payload);
  SLUICE_CHECK(out.ok());
  ref.set_size(out.size());
  return ref;
}

void LayerScene::Write(const rtp::RtpPacket& packet, const LayerPacket& made,
                       const rtp::Rewrite& rewrite) {
  std::array<uint8_t, 1500> room;
  const auto out = writer_.Write(packet, rewrite, {}, room);
  SLUICE_CHECK(out);
  std::copy(out->rest.begin(), out->rest.end(),
            room.begin() + static_cast<ptrdiff_t>(out->written));
  model_->Receive(ByteView(room).first(out->size()), made);
}

void LayerScene::SetTarget() {
  if (Draw(50) == 0) {
    target_.reset();
  } else {
    rtp::LayerTarget target;
    target.encoding = static_cast<uint8_t>(Draw(shape_.encodings));
    target.layer.spatial = static_cast<uint8_t>(Draw(shape_.mode[1] - '0'));
    target.layer.temporal = static_cast<uint8_t>(Draw(shape_.mode[3] - '0'));
    target_ = target;
  }
  target_reached_ = !target_;
  model_->RecordStopped(!target_);
  forwarder_.SetTarget(target_);
}

void LayerScene::CheckReached() {
  const std::optional<rtp::LayerTarget> current = forwarder_.current();
  if (target_reached_ || !target_ || !current) return;
  const bool there = current->encoding == target_->encoding &&
                     current->layer.spatial == target_->layer.spatial &&
                     current->layer.temporal == target_->layer.temporal;
  if (!there) return;
  target_reached_ = true;
  ++reached_;
}

// As an application would, half a round trip and a picture later.
void LayerScene::AskKeyFrames() {
  const std::optional<uint8_t> asked = forwarder_.awaiting_key_frame();
  if (asked && key_in_[*asked] < 0) key_in_[*asked] = 1 + Draw(2);
}

std::vector<std::string> LayerScene::Judge() { return model_->Judge(reports_, summary_); }

}  // namespace sluice::test
