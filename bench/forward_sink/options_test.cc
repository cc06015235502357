#include "bench/forward_sink/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

namespace sluice::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::variant<SinkOptions, std::string> Parse(const std::vector<const char*>& arguments) {
  return ParseSinkOptions(arguments);
}

TEST(SinkOptionsTest, ListsAndWordsAreRead) {
  const auto parsed = Parse({"--receivers", "10,500", "--trains", "8", "--ciphers", "cm80,gcm128",
                             "--feedback", "answered", "--pictures", "equal"});
  ASSERT_TRUE(std::holds_alternative<SinkOptions>(parsed));
  const auto& options = std::get<SinkOptions>(parsed);
  EXPECT_THAT(options.receivers, ElementsAre(10, 500));
  EXPECT_THAT(options.trains, ElementsAre(8));
  EXPECT_THAT(options.ciphers, ElementsAre(dtls::SrtpProfile::kAesCm128HmacSha1_80,
                                           dtls::SrtpProfile::kAeadAes128Gcm));
  EXPECT_EQ(options.feedback, Feedback::kAnswered);
  EXPECT_EQ(options.pictures, PictureShape::kAboutEqual);
}

TEST(SinkOptionsTest, WrongOptionIsNamed) {
  const std::vector<std::vector<const char*>> wrong = {
      {"--receivers", "10,"},    {"--receivers", "2001"}, {"--trains", "0"},  {"--trains", "17"},
      {"--ciphers", "gcm128,x"}, {"--ciphers", ""},       {"--passes", "-1"}, {"--batches", "1000"},
      {"--feedback", "yes"},     {"--pictures", "odd"},   {"--json", ""},     {"--speed", "1"},
      {"--receivers"},
  };
  for (const std::vector<const char*>& arguments : wrong) {
    const auto parsed = Parse(arguments);
    const auto* sentence = std::get_if<std::string>(&parsed);
    ASSERT_NE(sentence, nullptr) << arguments.front() << " " << arguments.back();
    EXPECT_THAT(*sentence, HasSubstr(arguments.front()));
  }
}

}  // namespace
}  // namespace sluice::bench
