#include "worker/io/options.h"

#include <initializer_list>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice::worker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Options Parsed(std::initializer_list<const char*> words) {
  const std::vector<const char*> arguments(words);
  auto parsed = ParseOptions(arguments);
  const auto* wrong = std::get_if<WrongOption>(&parsed);
  EXPECT_EQ(wrong, nullptr) << wrong->sentence;
  return wrong == nullptr ? std::get<Options>(parsed) : Options();
}

std::string Refused(std::initializer_list<const char*> words) {
  const std::vector<const char*> arguments(words);
  auto parsed = ParseOptions(arguments);
  const auto* wrong = std::get_if<WrongOption>(&parsed);
  EXPECT_NE(wrong, nullptr);
  return wrong == nullptr ? "" : wrong->sentence;
}

TEST(OptionsTest, NothingGivesTheDefaults) {
  const Options options = Parsed({});
  EXPECT_FALSE(options.help);
  EXPECT_FALSE(options.version);
  EXPECT_EQ(options.log_level, LogLevel::kError);
  EXPECT_EQ(options.rtc_min_port, 10'000);
  EXPECT_EQ(options.rtc_max_port, 59'999);
  EXPECT_EQ(options.control_read_fd, 3);
  EXPECT_EQ(options.control_write_fd, 4);
  EXPECT_EQ(options.control_socket, "");
  EXPECT_EQ(options.dtls_certificate, "");
  EXPECT_EQ(options.bwe_trace, "");
  EXPECT_TRUE(options.uses_bulk_cipher);
  EXPECT_TRUE(options.forms_trains);
  EXPECT_EQ(options.max_hold_us, 2000u);
}

TEST(OptionsTest, ValuesFollowAsAWordOrAfterAnEqualsSign) {
  EXPECT_EQ(Parsed({"--log-level", "debug"}).log_level, LogLevel::kDebug);
  EXPECT_EQ(Parsed({"--log-level=warn"}).log_level, LogLevel::kWarn);
  EXPECT_EQ(Parsed({"--log-level=none"}).log_level, LogLevel::kNone);
  EXPECT_EQ(Parsed({"--control-socket=/run/a=b"}).control_socket, "/run/a=b");
}

TEST(OptionsTest, EveryOptionIsUnderstood) {
  const Options options =
      Parsed({"--dtls-certificate", "c.pem", "--dtls-private-key=k.pem", "--rtc-min-port=2000",
              "--rtc-max-port", "2001", "--control-read-fd=0", "--control-write-fd", "1",
              "--bwe-trace=/tmp", "--srtp=openssl", "--segment-trains", "off", "--max-hold-us=0",
              "--max-tcp-connections=10", "--stun-server=on"});
  EXPECT_EQ(options.max_tcp_connections, 10u);
  EXPECT_TRUE(options.answers_stun);
  EXPECT_FALSE(options.uses_bulk_cipher);
  EXPECT_FALSE(options.forms_trains);
  EXPECT_EQ(options.max_hold_us, 0u);
  EXPECT_EQ(options.bwe_trace, "/tmp");
  EXPECT_EQ(options.dtls_certificate, "c.pem");
  EXPECT_EQ(options.dtls_private_key, "k.pem");
  EXPECT_EQ(options.rtc_min_port, 2000);
  EXPECT_EQ(options.rtc_max_port, 2001);
  EXPECT_EQ(options.control_read_fd, 0);
  EXPECT_EQ(options.control_write_fd, 1);
  EXPECT_TRUE(Parsed({"--help"}).help);
  EXPECT_TRUE(Parsed({"--version"}).version);
}

TEST(OptionsTest, TheLastOfSeveralCounts) {
  EXPECT_EQ(Parsed({"--log-level=debug", "--log-level=none"}).log_level, LogLevel::kNone);
}

TEST(OptionsTest, UnknownWordsAreNamed) {
  EXPECT_THAT(Refused({"--no-such-thing"}), HasSubstr("'--no-such-thing'"));
  EXPECT_THAT(Refused({"file"}), HasSubstr("'file'"));
  EXPECT_THAT(Refused({""}), HasSubstr("''"));
  EXPECT_THAT(Refused({"--help=yes"}), HasSubstr("'--help=yes'"));
  EXPECT_THAT(Refused({"--log-levels=debug"}), HasSubstr("--log-levels"));
}

TEST(OptionsTest, MissingValuesAreNamed) {
  EXPECT_EQ(Refused({"--log-level"}), "--log-level needs a value.");
  EXPECT_THAT(Refused({"--control-socket="}), HasSubstr("--control-socket must be a path"));
}

TEST(OptionsTest, ValuesOutOfRangeAreNamedWithTheOption) {
  EXPECT_EQ(Refused({"--log-level=loud"}),
            "--log-level must be none, error, warn or debug, not 'loud'.");
  for (const char* port : {"--rtc-min-port=0", "--rtc-min-port=65536", "--rtc-min-port=-1",
                           "--rtc-min-port=12x", "--rtc-min-port= 12", "--rtc-min-port="}) {
    EXPECT_THAT(Refused({port}), HasSubstr("--rtc-min-port must be a port")) << port;
  }
  for (const char* fd :
       {"--control-read-fd=-1", "--control-read-fd=stdin", "--control-read-fd=99999999999"}) {
    EXPECT_THAT(Refused({fd}), HasSubstr("--control-read-fd must be")) << fd;
  }
}

TEST(OptionsTest, OptionsThatContradictEachOtherAreRefused) {
  EXPECT_THAT(Refused({"--rtc-min-port=3000", "--rtc-max-port=2999"}),
              AllOf(HasSubstr("3000"), HasSubstr("2999")));
  EXPECT_THAT(Refused({"--dtls-certificate=c.pem"}), HasSubstr("together"));
  EXPECT_THAT(Refused({"--dtls-private-key=k.pem"}), HasSubstr("together"));
  EXPECT_THAT(Refused({"--control-socket=/run/s", "--control-read-fd=3"}),
              HasSubstr("cannot be combined"));
}

TEST(OptionsTest, TagsOfTheLogAreAListWithCommas) {
  EXPECT_TRUE(Parsed({}).log_tags.empty());
  EXPECT_TRUE(Parsed({"--log-tags="}).log_tags.empty());
  EXPECT_EQ(Parsed({"--log-tags=ice,message,ice"}).log_tags, (std::vector<uint8_t>{1, 12}));
  EXPECT_EQ(Parsed({"--log-tags=ice", "--log-tags", "info"}).log_tags, (std::vector<uint8_t>{0}));
  for (const char* wrong : {"--log-tags=ICE", "--log-tags=ice,,dtls", "--log-tags=ice dtls"}) {
    EXPECT_THAT(Refused({wrong}), HasSubstr("--log-tags must be a list of tags")) << wrong;
  }
}

TEST(OptionsTest, HelpNamesEveryOption) {
  for (const char* name : {"--help", "--version", "--log-level", "--dtls-certificate",
                           "--dtls-private-key", "--rtc-min-port", "--rtc-max-port",
                           "--control-read-fd", "--control-write-fd", "--control-socket"}) {
    EXPECT_THAT(std::string(HelpText()), HasSubstr(std::string(name) + " ")) << name;
  }
}

TEST(OptionsTest, WhatMakesTrainsIsCheckedByItsName) {
  EXPECT_THAT(Refused({"--max-hold-us=20001"}), HasSubstr("--max-hold-us"));
  EXPECT_THAT(Refused({"--max-hold-us=-1"}), HasSubstr("--max-hold-us"));
  EXPECT_THAT(Refused({"--max-tcp-connections=20001"}), HasSubstr("--max-tcp-connections"));
  EXPECT_THAT(Refused({"--stun-server=yes"}), HasSubstr("--stun-server"));
  EXPECT_THAT(Refused({"--segment-trains=yes"}),
              AllOf(HasSubstr("--segment-trains"), HasSubstr("on or off")));
  EXPECT_THAT(Refused({"--srtp=nss"}), AllOf(HasSubstr("--srtp"), HasSubstr("fastest or openssl")));
}

}  // namespace
}  // namespace sluice::worker
