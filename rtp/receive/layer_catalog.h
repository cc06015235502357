// What the layers of one video producer cost and which of them live: measured, never assumed.
//
// Layers are offered by size. An encoding's place is what the publisher declared (how far it scales
// down, its bound of bit rate), else the size of its pictures, else its bit rate; never its index,
// which applications choose freely. A criterion counts if it is known of every encoding. Places are
// exchanged only for a reason that lasts.
//
// A layer has stopped if it is silent while others go on. If all are silent it is the source that
// rests: nothing is alive then, but if it was no long rest nothing must prove itself again.

#ifndef SLUICE_RTP_RECEIVE_LAYER_CATALOG_H_
#define SLUICE_RTP_RECEIVE_LAYER_CATALOG_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/time.h"
#include "base/units.h"
#include "rtp/forward/layer.h"
#include "rtp/receive/layer_meter.h"

namespace sluice::rtp {

class LayerCatalog {
 public:
  // A camera's layer that has been silent for so long has stopped; slower ones get three times
  // their usual distance between pictures.
  static constexpr Duration kMinSilence = std::chrono::milliseconds(800);
  // The slowest screen shares send a picture in five seconds.
  static constexpr Duration kMaxSilence = std::chrono::seconds(16);
  // Pictures of others that a layer may miss: in the usual patterns three lie between two of it.
  static constexpr uint32_t kMissedPictures = 4;
  // Where only bit rates tell, an encoding takes the place of a larger one if it has sent half as
  // much again for so long. The first time, as soon as rates can be told, a tenth more will do.
  static constexpr Duration kOvertake = std::chrono::seconds(2);
  static constexpr int64_t kOvertakePercent = 150;
  static constexpr Duration kSettle = std::chrono::milliseconds(300);
  static constexpr int64_t kSettlePercent = 110;
  static constexpr size_t kMaxOffers = kMaxSpatialLayers * kMaxTemporalLayers;

  struct Facts {
    uint8_t encoding = 0;
    LayerId layer{};         // inside of the encoding
    uint32_t timestamp = 0;  // RTP timestamp
    size_t bytes = 0;
    bool key_frame = false;  // begins one
    // Of the pictures of this layer; zero if the packet does not tell.
    uint16_t width = 0;
    uint16_t height = 0;
  };

  // As in rtpParameters.encodings.
  struct Declared {
    std::optional<double> scale_down_by;  // scaleResolutionDownBy, at least 1
    std::optional<BitRate> max_rate;      // maxBitrate
  };

  struct Offer {
    // `spatial` is the place by size among all layers of the producer.
    LayerId layer;
    LayerTarget where;
    // What receiving up to this layer costs.
    BitRate rate;
    bool alive = false;
    // For how long without a stop; zero if it is not alive.
    Duration alive_for{0};
    // Zero if unknown.
    uint16_t width = 0;
    uint16_t height = 0;
  };

  explicit LayerCatalog(SvcMode svc = SvcMode::kNone) : svc_(svc) {}

  // An encoding that will be sent. Without it, encodings get their place when they come. What is no
  // sensible value counts as not declared.
  void Declare(uint8_t encoding, const Declared& declared);

  // True if what is offered has changed in kind: a layer is new or back, or places have changed.
  // Encodings and layers beyond the bounds of rtp/forward/layer.h are ignored.
  bool Record(Timestamp now, const Facts& facts);

  // Ascending by size, then by frame rate; every layer that was ever seen. Valid until the next
  // call. Ask several times a second: that a layer fell silent is noticed here.
  std::span<const Offer> Offers(Timestamp now);

  // The place of an encoding among all that were declared or seen, if all were declared in the same
  // terms; that it was seen is not needed.
  std::optional<uint8_t> DeclaredPlace(uint8_t encoding) const;

  // What a layer takes alone, in the terms of its encoding.
  BitRate LayerRate(Timestamp now, const LayerTarget& where) const;
  // All layers of the encoding.
  BitRate EncodingRate(Timestamp now, uint8_t encoding) const;

 private:
  struct Layer {
    LayerMeter meter;
    Timestamp alive_since{};
    uint32_t picture = 0;  // pictures_ when it last sent
    bool stopped = false;  // while others went on
  };
  struct Size {
    uint16_t width = 0;
    uint16_t height = 0;
    bool operator==(const Size&) const = default;
  };
  struct Encoding {
    std::array<std::array<Layer, kMaxTemporalLayers>, kMaxSpatialLayers> layers;
    std::array<Size, kMaxSpatialLayers> sizes;
    Timestamp since{};
    // The newest picture that is a key frame.
    std::optional<uint32_t> key_timestamp;
    std::optional<uint32_t> timestamp;
    uint32_t picture = 0;
    uint8_t spatial_count = 0;  // the highest seen, and one
    bool offered = false;
    // Since when it has sent more than the next larger encoding.
    std::optional<Timestamp> ahead_since;

    uint32_t area() const;
  };

  static bool IsSilent(Timestamp now, const Layer& layer);
  // It is silent, and others go on.
  bool HasStopped(Timestamp now, const Layer& layer) const;
  bool IsAlive(Timestamp now, const Layer& layer) const;
  // Notes which layers have stopped, and whether the source rests.
  void CheckLayers(Timestamp now);
  Encoding& Found(Timestamp now, uint8_t index);
  void AddToOrder(uint8_t index);
  void CountPicture(Encoding& encoding, uint32_t timestamp);
  // True if the layer is new or back.
  bool RecordPacket(Timestamp now, Encoding& encoding, const Facts& facts);
  bool RecordSize(Encoding& encoding, const Facts& facts);

  // True if places have changed.
  bool Rank(Timestamp now);
  // Whether `a`, which stands below `b`, belongs above it.
  bool BelongsAbove(Timestamp now, uint8_t a, uint8_t b);
  bool SendsMore(Timestamp now, uint8_t a, uint8_t b);
  bool IsPlaced(Timestamp now, const Encoding& encoding) const;

  void AddOffers(Timestamp now, uint8_t index, size_t first_spatial);

  const SvcMode svc_;
  // There once it has been seen.
  std::array<std::unique_ptr<Encoding>, kMaxEncodings> encodings_;
  std::array<Declared, kMaxEncodings> declared_;
  // Encodings that were declared or seen, the smallest first.
  std::array<uint8_t, kMaxEncodings> order_{};
  size_t order_count_ = 0;
  // What is known of every encoding, so that it may tell their places.
  bool all_scaled_ = false;
  bool all_bounded_ = false;
  bool all_sized_ = false;
  // Pictures of the encoding that sends the most of them.
  uint32_t pictures_ = 0;
  // Some layer is not silent.
  bool source_lives_ = false;
  Timestamp checked_{};
  std::array<Offer, kMaxOffers> offers_;
  size_t offer_count_ = 0;
};

}  // namespace sluice::rtp

#endif  // SLUICE_RTP_RECEIVE_LAYER_CATALOG_H_
