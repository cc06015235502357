#include "bench/load/options.h"

#include <string>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::load {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Refusal(std::vector<const char*> arguments) {
  const auto parsed = ParseOptions(arguments);
  const auto* wrong = std::get_if<WrongOption>(&parsed);
  return wrong == nullptr ? "" : wrong->sentence;
}

Options Accepted(std::vector<const char*> arguments) {
  const auto parsed = ParseOptions(arguments);
  EXPECT_TRUE(std::holds_alternative<Options>(parsed)) << std::get<WrongOption>(parsed).sentence;
  const auto* options = std::get_if<Options>(&parsed);
  return options == nullptr ? Options() : *options;
}

TEST(LoadOptionsTest, EveryOptionOfTheCommandLineIsRead) {
  const Options options = Accepted(
      {"--profile", "meeting", "--rooms", "3", "--members", "7", "--cipher", "cm80", "--seconds",
       "2.5", "--rate", "1.5", "--twcc", "0", "--rounds", "5", "--peers", "sluice,limit,janus"});
  EXPECT_EQ(options.profile, Profile::kMeeting);
  EXPECT_EQ(options.rooms, 3u);
  EXPECT_EQ(options.members, 7u);
  EXPECT_EQ(options.cipher, dtls::SrtpProfile::kAesCm128HmacSha1_80);
  EXPECT_EQ(options.seconds, 2.5);
  EXPECT_EQ(options.rate, 1.5);
  EXPECT_FALSE(options.twcc);
  EXPECT_EQ(options.rounds, 5u);
  EXPECT_THAT(options.peers, ElementsAre("sluice", "limit", "janus"));
}

TEST(LoadOptionsTest, ValuesMayFollowAnEqualsSign) {
  EXPECT_EQ(Accepted({"--receivers=17"}).receivers, 17u);
}

TEST(LoadOptionsTest, TrainsOfTheLimitAreThoseOfSluiceUnlessSaidOtherwise) {
  EXPECT_EQ(Accepted({}).limit_trains, Options::Trains::kSame);
  EXPECT_EQ(Accepted({"--limit-train", "free"}).limit_trains, Options::Trains::kFree);
  const Options given = Accepted({"--limit-train", "2.5"});
  EXPECT_EQ(given.limit_trains, Options::Trains::kGiven);
  EXPECT_EQ(given.limit_train, 2.5);
}

TEST(LoadOptionsTest, WorkerArgumentsAddUp) {
  EXPECT_THAT(Accepted({"--worker-arg", "--log-level", "--worker-arg", "warn"}).worker_arguments,
              ElementsAre("--log-level", "warn"));
}

TEST(LoadOptionsTest, RefusalsNameTheOption) {
  EXPECT_THAT(Refusal({"--receivers", "0"}), HasSubstr("--receivers"));
  EXPECT_THAT(Refusal({"--receivers", "many"}), HasSubstr("--receivers"));
  EXPECT_THAT(Refusal({"--profile", "party"}), HasSubstr("--profile"));
  EXPECT_THAT(Refusal({"--cipher", "rot13"}), HasSubstr("--cipher"));
  EXPECT_THAT(Refusal({"--seconds", "-1"}), HasSubstr("--seconds"));
  EXPECT_THAT(Refusal({"--seconds", "nan"}), HasSubstr("--seconds"));
  EXPECT_THAT(Refusal({"--twcc", "yes"}), HasSubstr("--twcc"));
  EXPECT_THAT(Refusal({"--json", ""}), HasSubstr("--json"));
  EXPECT_THAT(Refusal({"--limit-train", "0.9"}), HasSubstr("--limit-train"));
  EXPECT_THAT(Refusal({"--limit-train", "nan"}), HasSubstr("--limit-train"));
  EXPECT_THAT(Refusal({"--unheard-of"}), HasSubstr("--unheard-of"));
  EXPECT_THAT(Refusal({"--rounds"}), HasSubstr("--rounds"));
}

TEST(LoadOptionsTest, PeerNamesCannotLeaveTheFolderOfAdapters) {
  EXPECT_THAT(Refusal({"--peers", "../janus"}), HasSubstr("--peers"));
  EXPECT_THAT(Refusal({"--peers", "sluice,"}), HasSubstr("--peers"));
}

TEST(LoadOptionsTest, RoomsAndReceiversAreBoundedTogether) {
  EXPECT_THAT(Refusal({"--rooms", "1000", "--receivers", "1000"}), HasSubstr("--rooms"));
}

TEST(LoadOptionsTest, WorkersMultiplyTheRooms) {
  EXPECT_EQ(Accepted({"--workers", "2"}).workers, 2u);
  EXPECT_THAT(Refusal({"--workers", "65"}), HasSubstr("--workers"));
  EXPECT_THAT(Refusal({"--workers", "64", "--receivers", "1000"}), HasSubstr("--workers"));
}

TEST(LoadOptionsTest, WorkersAreForProfilesWhoseRoomsCanBeDealtOut) {
  EXPECT_THAT(Refusal({"--workers", "2", "--profile", "rate"}), HasSubstr("--workers"));
}

TEST(LoadOptionsTest, NamesAreThoseOfTheCommandLine) {
  EXPECT_EQ(ProfileName(Profile::kBroadcast), "broadcast");
  EXPECT_EQ(CipherName(dtls::SrtpProfile::kAeadAes256Gcm), "gcm256");
}

}  // namespace
}  // namespace sluice::load
