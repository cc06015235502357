#include "rtp/receive/layer_catalog.h"

#include <algorithm>
#include <utility>

namespace sluice::rtp {
namespace {

// How often it is looked whether layers have stopped and places have changed.
constexpr Duration kCheckInterval = std::chrono::milliseconds(100);
// Pictures of one layer come irregularly; beyond three times their distance they have ended.
constexpr int kSilentGaps = 3;

bool IsScale(std::optional<double> scale) {
  // Written so that what is no number is no scale.
  return scale && *scale >= 1.0 && *scale <= 1e6;
}

bool IsBound(std::optional<BitRate> rate) { return rate && *rate > BitRate(); }

}  // namespace

void LayerCatalog::Declare(uint8_t encoding, const Declared& declared) {
  if (encoding >= kMaxEncodings) return;
  Declared& known = declared_[encoding];
  known = declared;
  if (!IsScale(known.scale_down_by)) known.scale_down_by.reset();
  if (!IsBound(known.max_rate)) known.max_rate.reset();
  if (!known.scale_down_by && !known.max_rate) return;
  AddToOrder(encoding);
  Rank(checked_);
}

std::optional<uint8_t> LayerCatalog::DeclaredPlace(uint8_t encoding) const {
  if (!all_scaled_ && !all_bounded_) return std::nullopt;
  for (size_t i = 0; i < order_count_; ++i) {
    if (order_[i] == encoding) return static_cast<uint8_t>(i);
  }
  return std::nullopt;
}

bool LayerCatalog::Record(Timestamp now, const Facts& facts) {
  if (facts.encoding >= kMaxEncodings || facts.layer.spatial >= kMaxSpatialLayers ||
      facts.layer.temporal >= kMaxTemporalLayers) {
    return false;
  }
  Encoding& encoding = Found(now, facts.encoding);
  bool changed = RecordPacket(now, encoding, facts);
  changed |= RecordSize(encoding, facts);
  if (changed || now - checked_ >= kCheckInterval) {
    CheckLayers(now);
    changed |= Rank(now);
    changed |= !encoding.offered && IsPlaced(now, encoding);
  }
  return changed;
}

LayerCatalog::Encoding& LayerCatalog::Found(Timestamp now, uint8_t index) {
  std::unique_ptr<Encoding>& encoding = encodings_[index];
  if (encoding == nullptr) {
    encoding = std::make_unique<Encoding>();
    encoding->since = now;
    AddToOrder(index);
  }
  return *encoding;
}

// The index decides only until something better is known.
void LayerCatalog::AddToOrder(uint8_t index) {
  const auto end = order_.begin() + static_cast<ptrdiff_t>(order_count_);
  if (std::find(order_.begin(), end, index) != end) return;
  size_t place = order_count_++;
  for (; place > 0 && order_[place - 1] > index; --place) order_[place] = order_[place - 1];
  order_[place] = index;
}

bool LayerCatalog::RecordPacket(Timestamp now, Encoding& encoding, const Facts& facts) {
  if (facts.key_frame) encoding.key_timestamp = facts.timestamp;
  Layer& layer = encoding.layers[facts.layer.spatial][facts.layer.temporal];
  bool changed = false;
  if (!layer.meter.started() || HasStopped(now, layer)) {
    // Another stream under the same name, whose rates must be learnt anew.
    layer = Layer();
    layer.alive_since = now;
    changed = true;
  } else if (IsSilent(now, layer)) {
    changed = true;
  }
  CountPicture(encoding, facts.timestamp);
  layer.picture = pictures_;
  layer.meter.Record(now,
                     {facts.timestamp, facts.bytes, encoding.key_timestamp == facts.timestamp});
  encoding.spatial_count =
      std::max(encoding.spatial_count, static_cast<uint8_t>(facts.layer.spatial + 1));
  return changed;
}

// Encodings show the same pictures one after the other: an encoding begins the next one if it has
// sent this one already.
void LayerCatalog::CountPicture(Encoding& encoding, uint32_t timestamp) {
  if (encoding.timestamp && !LayerMeter::IsNewPicture(timestamp, *encoding.timestamp)) return;
  encoding.timestamp = timestamp;
  if (encoding.picture == pictures_) ++pictures_;
  encoding.picture = pictures_;
}

bool LayerCatalog::RecordSize(Encoding& encoding, const Facts& facts) {
  if (facts.width == 0 || facts.height == 0) return false;
  const Size size{facts.width, facts.height};
  return std::exchange(encoding.sizes[facts.layer.spatial], size) != size;
}

uint32_t LayerCatalog::Encoding::area() const {
  uint32_t largest = 0;
  for (const Size& size : sizes) {
    largest = std::max(largest, uint32_t{size.width} * uint32_t{size.height});
  }
  return largest;
}

bool LayerCatalog::IsSilent(Timestamp now, const Layer& layer) {
  // Of what is new one cannot say how slow it is.
  const Duration bound = layer.meter.knows_gap() ? std::clamp(layer.meter.usual_gap() * kSilentGaps,
                                                              kMinSilence, kMaxSilence)
                                                 : kMaxSilence;
  return now - layer.meter.last_packet() > bound;
}

bool LayerCatalog::HasStopped(Timestamp now, const Layer& layer) const {
  if (layer.stopped) return true;
  const Duration silence = now - layer.meter.last_packet();
  if (silence > kMaxSilence) return true;
  if (pictures_ - layer.picture < kMissedPictures) return false;
  return layer.meter.knows_gap() ? IsSilent(now, layer) : silence > kMinSilence;
}

bool LayerCatalog::IsAlive(Timestamp now, const Layer& layer) const {
  if (!layer.meter.started() || HasStopped(now, layer)) return false;
  // Once the source sends again, its other layers have a few pictures' time to follow.
  return source_lives_ || !IsSilent(now, layer);
}

void LayerCatalog::CheckLayers(Timestamp now) {
  checked_ = now;
  source_lives_ = false;
  for (const std::unique_ptr<Encoding>& encoding : encodings_) {
    if (encoding == nullptr) continue;
    for (auto& spatial : encoding->layers) {
      for (Layer& layer : spatial) {
        if (!layer.meter.started()) continue;
        layer.stopped = HasStopped(now, layer);
        source_lives_ |= !layer.stopped && !IsSilent(now, layer);
      }
    }
  }
}

bool LayerCatalog::Rank(Timestamp now) {
  all_scaled_ = all_bounded_ = all_sized_ = true;
  for (size_t i = 0; i < order_count_; ++i) {
    const uint8_t index = order_[i];
    all_scaled_ &= declared_[index].scale_down_by.has_value();
    all_bounded_ &= declared_[index].max_rate.has_value();
    all_sized_ &= encodings_[index] == nullptr || encodings_[index]->area() != 0;
  }
  bool changed = false;
  for (size_t i = 1; i < order_count_; ++i) {
    for (size_t j = i; j > 0 && BelongsAbove(now, order_[j - 1], order_[j]); --j) {
      std::swap(order_[j - 1], order_[j]);
      changed = true;
    }
  }
  return changed;
}

bool LayerCatalog::BelongsAbove(Timestamp now, uint8_t a, uint8_t b) {
  if (all_scaled_ && declared_[a].scale_down_by != declared_[b].scale_down_by) {
    return *declared_[a].scale_down_by < *declared_[b].scale_down_by;
  }
  if (all_bounded_ && declared_[a].max_rate != declared_[b].max_rate) {
    return *declared_[a].max_rate > *declared_[b].max_rate;
  }
  if (encodings_[a] == nullptr || encodings_[b] == nullptr) return false;
  const uint32_t area_a = encodings_[a]->area();
  const uint32_t area_b = encodings_[b]->area();
  if (all_sized_ && area_a != area_b) return area_a > area_b;
  return SendsMore(now, a, b);
}

bool LayerCatalog::SendsMore(Timestamp now, uint8_t a, uint8_t b) {
  Encoding& below = *encodings_[a];
  const Duration age = now - std::max(below.since, encodings_[b]->since);
  if (age < kSettle) return false;
  const bool settled = age >= kSettle + kOvertake;
  const int64_t percent = settled ? kOvertakePercent : kSettlePercent;
  const BitRate needed = BitRate::Bps(SaturatedProduct(EncodingRate(now, b).bps(), percent) / 100);
  // The rate of what has stopped says nothing about its size.
  const auto is_alive = [&](const Encoding& encoding) {
    return std::any_of(encoding.layers[0].begin(), encoding.layers[0].end(),
                       [&](const Layer& layer) { return IsAlive(now, layer); });
  };
  if (!is_alive(below) || !is_alive(*encodings_[b]) || EncodingRate(now, a) <= needed) {
    below.ahead_since.reset();
    return false;
  }
  if (!below.ahead_since) below.ahead_since = now;
  if (settled && now - *below.ahead_since < kOvertake) return false;
  below.ahead_since.reset();
  return true;
}

bool LayerCatalog::IsPlaced(Timestamp now, const Encoding& encoding) const {
  if (encoding.offered || order_count_ == 1 || all_scaled_ || all_bounded_ || all_sized_) {
    return true;
  }
  return now - encoding.since >= kSettle;
}

std::span<const LayerCatalog::Offer> LayerCatalog::Offers(Timestamp now) {
  CheckLayers(now);
  Rank(now);
  offer_count_ = 0;
  size_t first_spatial = 0;
  for (size_t i = 0; i < order_count_; ++i) {
    const std::unique_ptr<Encoding>& encoding = encodings_[order_[i]];
    if (encoding == nullptr) {
      ++first_spatial;
      continue;
    }
    encoding->offered |= IsPlaced(now, *encoding);
    if (encoding->offered) AddOffers(now, order_[i], first_spatial);
    first_spatial += encoding->spatial_count;
  }
  return std::span(offers_).first(offer_count_);
}

void LayerCatalog::AddOffers(Timestamp now, uint8_t index, size_t first_spatial) {
  const Encoding& encoding = *encodings_[index];
  // What lower spatial layers cost, by temporal layer; of a K-SVC stream all that is sent of them
  // are key pictures, whatever their temporal layer.
  std::array<BitRate, kMaxTemporalLayers> below{};
  BitRate keys_below;
  for (uint8_t s = 0; s < encoding.spatial_count; ++s) {
    if (first_spatial + s >= kMaxSpatialLayers) return;
    BitRate own;
    BitRate keys;
    for (uint8_t t = 0; t < kMaxTemporalLayers; ++t) {
      const Layer& layer = encoding.layers[s][t];
      const bool seen = layer.meter.started();
      if (seen) {
        own = own + layer.meter.Rate(now);
        if (svc_ == SvcMode::kKey) keys = keys + layer.meter.KeyRate(now);
      }
      const BitRate cost = own + (svc_ == SvcMode::kKey ? keys_below : below[t]);
      below[t] = own + below[t];
      if (!seen) continue;
      const bool alive = IsAlive(now, layer);
      offers_[offer_count_++] = {
          .layer = {static_cast<uint8_t>(first_spatial + s), t},
          .where = {index, {s, t}},
          .rate = cost,
          .alive = alive,
          .alive_for = alive ? now - layer.alive_since : Duration(0),
          .width = encoding.sizes[s].width,
          .height = encoding.sizes[s].height,
      };
    }
    keys_below = keys_below + keys;
  }
}

BitRate LayerCatalog::LayerRate(Timestamp now, const LayerTarget& where) const {
  if (where.encoding >= kMaxEncodings || where.layer.spatial >= kMaxSpatialLayers ||
      where.layer.temporal >= kMaxTemporalLayers || encodings_[where.encoding] == nullptr) {
    return BitRate();
  }
  return encodings_[where.encoding]->layers[where.layer.spatial][where.layer.temporal].meter.Rate(
      now);
}

BitRate LayerCatalog::EncodingRate(Timestamp now, uint8_t encoding) const {
  BitRate sum;
  if (encoding >= kMaxEncodings || encodings_[encoding] == nullptr) return sum;
  for (const auto& spatial : encodings_[encoding]->layers) {
    for (const Layer& layer : spatial) {
      if (layer.meter.started()) sum = sum + layer.meter.Rate(now);
    }
  }
  return sum;
}

}  // namespace sluice::rtp
