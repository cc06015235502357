#include "bench/load/scene.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/support/seeded_entropy.h"

namespace sluice::load {
namespace {

using rtp::codec::Kind;

// Senders' streams; what receivers get has other numbers.
constexpr uint32_t kFirstSsrc = 0x10000000;
constexpr uint32_t kSpeakers = 10;
// More media than this in real time comes as the same number of senders, faster.
constexpr double kMaxSenders = 16;
// For a search: enough that none of them has to be played at many times its speed, and few enough
// that all of them together, slowly, are little for any server.
constexpr uint32_t kMaxRateSenders = 4;
constexpr uint32_t kRateReceiversPerSender = 200;
constexpr double kMixedLoss = 0.01;
// Of all receivers together.
constexpr Duration kMixedKeyFrames = std::chrono::seconds(2);

enum class Media : uint8_t { kSound, kPictures, kLayeredPictures };

class Builder {
 public:
  Builder(const Options& options, const MediaLibrary& library)
      : options_(options), library_(library), entropy_(options.seed) {}

  Scene Build() {
    for (uint32_t room = 0; room < options_.rooms; ++room) {
      scene_.rooms.push_back(absl::StrCat("r", room));
      BuildRoom(scene_.rooms.back());
    }
    ChooseSample();
    return std::move(scene_);
  }

 private:
  void BuildRoom(const std::string& room) {
    switch (options_.profile) {
      case Profile::kMeeting:
        BuildMeeting(room);
        break;
      case Profile::kAudio:
        BuildAudio(room);
        break;
      case Profile::kIdle:
        AddReceivers(room, {}, options_.receivers);
        break;
      case Profile::kRate:
        BuildBroadcast(room, RateSenders(options_.receivers), options_.receivers);
        break;
      case Profile::kJoin:
        BuildBroadcast(room, SendersFor(options_.rate), options_.steady);
        break;
      case Profile::kBroadcast:
      case Profile::kMixed:
        BuildBroadcast(room, SendersFor(options_.rate), options_.receivers);
        break;
    }
  }

  static uint32_t SendersFor(double rate) {
    return static_cast<uint32_t>(std::ceil(std::min(rate, kMaxSenders)));
  }

  static uint32_t RateSenders(uint32_t receivers) {
    return std::max(1u, kMaxRateSenders * kRateReceiversPerSender /
                            std::max(receivers, kRateReceiversPerSender));
  }

  void BuildBroadcast(const std::string& room, uint32_t senders, uint32_t receivers) {
    scene_.speed = options_.profile == Profile::kRate ? options_.rate : options_.rate / senders;
    std::vector<ReceiveRequest::From> from;
    for (uint32_t i = 0; i < senders; ++i) {
      const std::string name = absl::StrCat(room, "p", i);
      AddSender(room, name, Media::kPictures);
      from.push_back({name, true});
    }
    AddReceivers(room, from, receivers);
  }

  void BuildAudio(const std::string& room) {
    scene_.speed = options_.rate;
    std::vector<ReceiveRequest::From> from;
    for (uint32_t i = 0; i < kSpeakers; ++i) {
      const std::string name = absl::StrCat(room, "p", i);
      AddSender(room, name, Media::kSound);
      from.push_back({name, true});
    }
    AddReceivers(room, from, options_.receivers);
  }

  // Everybody looks at their neighbour in large, and at all others in small.
  void BuildMeeting(const std::string& room) {
    scene_.speed = options_.rate;
    const uint32_t members = options_.members;
    const auto name = [&](uint32_t member) { return absl::StrCat(room, "p", member); };
    for (uint32_t i = 0; i < members; ++i) {
      AddSender(room, name(i), Media::kLayeredPictures);
    }
    for (uint32_t i = 0; i < members; ++i) {
      std::vector<ReceiveRequest::From> from;
      for (uint32_t other = 1; other < members; ++other) {
        from.push_back({name((i + other) % members), other == 1});
      }
      AddReceivers(room, from, 1);
    }
  }

  void AddSender(const std::string& room, const std::string& name, Media media) {
    Stage::Sender sender{room, name, {}, {}};
    if (media != Media::kSound) {
      const bool layered = media == Media::kLayeredPictures;
      const MediaLibrary::Shape shape = library_.ShapeOf(layered);
      TrackDescription video{shape.codec, "0", {}, {}, shape.svc};
      for (size_t i = 0; i < shape.encodings; ++i) {
        video.ssrcs.push_back(next_ssrc_++);
        video.rtx_ssrcs.push_back(next_ssrc_++);
      }
      sender.tracks.push_back(std::move(video));
      sender.sources.push_back(library_.MakePictures(layered, entropy_));
    }
    sender.tracks.push_back({Kind::kOpus, "1", {next_ssrc_++}, {}});
    sender.sources.push_back(library_.MakeSound(entropy_));
    scene_.senders.push_back(std::move(sender));
  }

  void AddReceivers(const std::string& room, const std::vector<ReceiveRequest::From>& from,
                    uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      Stage::Receiver receiver{room, absl::StrCat(room, "c", scene_.receivers.size()), from, {}};
      receiver.options.seed = entropy_.U64();
      if (options_.profile == Profile::kMixed) {
        receiver.options.loss = kMixedLoss;
        receiver.options.nack = true;
        receiver.options.key_frame_every = kMixedKeyFrames * count;
      }
      scene_.receivers.push_back(std::move(receiver));
    }
  }

  // Spread over all, since a server serves some first and some last.
  void ChooseSample() {
    const size_t all = scene_.receivers.size();
    for (size_t i = 0; i < all; ++i) {
      scene_.receivers[i].options.sampled =
          (i + 1) * options_.sampled / all != i * options_.sampled / all;
    }
  }

  const Options& options_;
  const MediaLibrary& library_;
  test::SeededEntropy entropy_;
  Scene scene_;
  uint32_t next_ssrc_ = kFirstSsrc;
};

}  // namespace

Scene MakeScene(const Options& options, const MediaLibrary& library) {
  return Builder(options, library).Build();
}

Stage::Receiver MakeJoiner(const Scene& scene, uint32_t number) {
  Stage::Receiver joiner{scene.rooms.front(), absl::StrCat("j", number), {}, {}};
  for (const Stage::Sender& sender : scene.senders) {
    if (sender.room == joiner.room) joiner.from.push_back({sender.name, true});
  }
  joiner.options.seed = number;
  return joiner;
}

}  // namespace sluice::load
