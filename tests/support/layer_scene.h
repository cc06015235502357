// A publisher with layers, a network that loses, delays and repeats, one forwarder that is told to
// switch all the time, and the judge of what its receiver got (layer_decoder_model.h).

#ifndef SLUICE_TESTS_SUPPORT_LAYER_SCENE_H_
#define SLUICE_TESTS_SUPPORT_LAYER_SCENE_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/packet_pool.h"
#include "base/time.h"
#include "rtp/forward/encoding_source.h"
#include "rtp/forward/forwarder.h"
#include "rtp/send/egress_writer.h"
#include "tests/support/layer_decoder_model.h"
#include "tests/support/layer_stream.h"

namespace sluice::test {

class LayerScene {
 public:
  struct Network {
    // Per 1000 packets: lost, and come again a little later; lost for good; overtaken by some.
    int repaired = 20;
    int lost = 2;
    int overtaken = 30;
    int repeated = 10;
  };

  LayerScene(const LayerShape& shape, uint32_t seed, const Network& network, bool reports);

  // Pictures go by, and now and then another target is set, until it was set `switches` times.
  void Run(int switches);
  // Complaints; none if all is well.
  std::vector<std::string> Judge();

  const LayerDecoderModel::Summary& summary() const { return summary_; }
  // How often a target was reached before the next was set.
  int reached() const { return reached_; }
  uint64_t packets() const { return packets_; }

 private:
  static rtp::Forwarder::Options OptionsFor(const LayerShape& shape, std::mt19937& random);
  static rtp::ExtensionMap Extensions();
  int Draw(int below) { return static_cast<int>(random_() % static_cast<uint32_t>(below)); }

  void NextPicture();
  void Vanish();
  void Send(LayerPacket packet);
  void DeliverDue();
  void Deliver(Timestamp at, const LayerPacket& packet);
  PacketRef ToBytes(Timestamp at, const LayerPacket& packet);
  void Write(const rtp::RtpPacket& packet, const LayerPacket& made, const rtp::Rewrite& rewrite);
  void SetTarget();
  void CheckReached();
  void AskKeyFrames();

  const LayerShape shape_;
  std::mt19937 random_;
  const Network network_;
  const bool reports_;
  PacketPool pool_{64};
  const rtp::ExtensionMap extensions_ = Extensions();
  rtp::Forwarder forwarder_;
  rtp::EgressWriter writer_{extensions_, ""};
  std::vector<LayerFrame> frames_;
  std::vector<LayerStream> streams_;
  std::array<rtp::EncodingSource, rtp::kMaxEncodings> sources_;
  std::array<bool, rtp::kMaxEncodings> alive_{};
  // How many pictures until the key frame comes; negative if none is asked for.
  std::array<int, rtp::kMaxEncodings> key_in_{};
  std::optional<LayerDecoderModel> model_;
  Timestamp now_{std::chrono::seconds(5000)};
  std::multimap<Timestamp, LayerPacket> in_flight_;
  std::optional<rtp::LayerTarget> target_;
  bool target_reached_ = false;
  int reached_ = 0;
  uint64_t packets_ = 0;
  LayerDecoderModel::Summary summary_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_LAYER_SCENE_H_
