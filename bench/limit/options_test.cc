#include "bench/limit/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

namespace sluice::bench {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

std::variant<LimitOptions, WrongLimitOption> Parse(std::initializer_list<const char*> words) {
  return ParseLimitOptions(std::vector<const char*>(words));
}

std::string Sentence(std::initializer_list<const char*> words) {
  const auto parsed = Parse(words);
  const auto* const wrong = std::get_if<WrongLimitOption>(&parsed);
  return wrong == nullptr ? "" : wrong->sentence;
}

TEST(LimitOptionsTest, EveryOptionIsRead) {
  const auto parsed =
      Parse({"--sink", "--twcc", "--train", "4", "--hold-us=500", "--sealer", "openssl",
             "--ciphers", "cm80,gcm256", "--receivers", "10,20", "--trains", "8", "--payload",
             "900", "--batches", "3", "--json", "out.json"});
  const auto* const options = std::get_if<LimitOptions>(&parsed);
  ASSERT_NE(options, nullptr);
  EXPECT_TRUE(options->sink && options->transport_numbers);
  EXPECT_EQ(options->train, 4u);
  EXPECT_EQ(options->hold, Duration(500));
  EXPECT_EQ(options->sealer, Sealer::Choice::kOpenSsl);
  EXPECT_THAT(options->ciphers, ElementsAre(dtls::SrtpProfile::kAesCm128HmacSha1_80,
                                            dtls::SrtpProfile::kAeadAes256Gcm));
  EXPECT_THAT(options->receivers, ElementsAre(10, 20));
  EXPECT_THAT(options->trains, ElementsAre(8));
  EXPECT_EQ(options->payload_size, 900u);
  EXPECT_EQ(options->batches, 3u);
  EXPECT_EQ(options->json, "out.json");
}

TEST(LimitOptionsTest, MeanOfTrainsNeedNotBeWhole) {
  const auto parsed = Parse({"--train-mean", "2.97"});
  ASSERT_TRUE(std::holds_alternative<LimitOptions>(parsed));
  EXPECT_EQ(std::get<LimitOptions>(parsed).train_mean, 2.97);
}

TEST(LimitOptionsTest, WaitIsSaidByOneOptionOnly) {
  EXPECT_THAT(Sentence({"--train-mean", "2", "--hold-us", "100"}), StartsWith("--hold-us has no"));
}

TEST(LimitOptionsTest, WrongValueNamesItsOption) {
  EXPECT_THAT(Sentence({"--train-mean", "0.5"}), StartsWith("--train-mean must be"));
  EXPECT_THAT(Sentence({"--train-mean", "nan"}), StartsWith("--train-mean must be"));
  EXPECT_THAT(Sentence({"--train", "65"}), StartsWith("--train must be"));
  EXPECT_THAT(Sentence({"--hold-us", "-1"}), StartsWith("--hold-us must be"));
  EXPECT_THAT(Sentence({"--ciphers", "gcm128,rot13"}), StartsWith("--ciphers must be"));
  EXPECT_THAT(Sentence({"--receivers", "10,"}), StartsWith("--receivers must be"));
  EXPECT_THAT(Sentence({"--trains=17"}), StartsWith("--trains must be"));
  EXPECT_THAT(Sentence({"--payload", "1e3"}), StartsWith("--payload must be"));
  EXPECT_THAT(Sentence({"--sealer", "fast"}), StartsWith("--sealer must be"));
}

TEST(LimitOptionsTest, OptionThatDoesNotExistIsNamed) {
  EXPECT_EQ(Sentence({"--fast"}), "There is no option '--fast'; see --help.");
}

TEST(LimitOptionsTest, MissingValueIsSaid) {
  EXPECT_EQ(Sentence({"--json"}), "--json needs a value.");
}

}  // namespace
}  // namespace sluice::bench
