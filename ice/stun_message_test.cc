#include "ice/stun_message.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/hex.h"
#include "tests/support/stun_bytes.h"
#include "tests/vectors/stun_rfc5769.h"

namespace sluice::ice {
namespace {

using test::FromHex;
using test::RawAttribute;
using test::Sealed;
using test::StunBytes;
using ::testing::ElementsAre;
using ::testing::Optional;
using ::testing::SizeIs;

constexpr TransactionId kTransaction = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

// A message with one attribute of this type and value.
std::vector<uint8_t> With(StunAttribute type, std::vector<uint8_t> value) {
  return StunBytes(StunMessage{}, {{static_cast<uint16_t>(type), std::move(value)}});
}

bool Parses(const std::vector<uint8_t>& bytes) { return StunMessage::Parse(bytes).has_value(); }

TEST(StunMessageTest, ReadsTheSampleRequest) {
  const std::vector<uint8_t> bytes = FromHex(test::kRfc5769Request);
  const auto message = StunMessage::Parse(bytes);
  ASSERT_TRUE(message.has_value());
  EXPECT_TRUE(message->is_binding(StunClass::kRequest));
  EXPECT_EQ(message->transaction, (TransactionId{0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
                                                 0xfa, 0x87, 0xdf, 0xae}));
  EXPECT_THAT(message->username, Optional(test::kRfc5769Username));
  EXPECT_THAT(message->priority, Optional(0x6e0001ffu));
  EXPECT_THAT(message->controlled, Optional(0x932ff9b151263b36u));
  EXPECT_FALSE(message->controlling.has_value());
  EXPECT_FALSE(message->use_candidate);
  EXPECT_TRUE(message->unknown.empty());  // SOFTWARE may be skipped.
}

TEST(StunMessageTest, ReadsTheSampleResponses) {
  const std::vector<uint8_t> v4 = FromHex(test::kRfc5769ResponseV4);
  const auto first = StunMessage::Parse(v4);
  ASSERT_TRUE(first.has_value());
  EXPECT_TRUE(first->is_binding(StunClass::kSuccess));
  EXPECT_THAT(first->mapped, Optional(Endpoint{IpAddress::V4(192, 0, 2, 1), 32'853}));

  const std::vector<uint8_t> v6 = FromHex(test::kRfc5769ResponseV6);
  const auto second = StunMessage::Parse(v6);
  ASSERT_TRUE(second.has_value());
  EXPECT_THAT(
      second->mapped,
      Optional(Endpoint{*IpAddress::Parse("2001:db8:1234:5678:11:2233:4455:6677"), 32'853}));
}

TEST(StunMessageTest, WritesMappedAddressesAsTheSamplesDo) {
  StunMessage message;
  message.message_class = StunClass::kSuccess;
  message.transaction = StunMessage::Parse(FromHex(test::kRfc5769ResponseV6))->transaction;
  message.mapped = Endpoint{*IpAddress::Parse("2001:db8:1234:5678:11:2233:4455:6677"), 32'853};
  const std::vector<uint8_t> bytes = StunBytes(message);
  // Header, then the attribute that stands behind SOFTWARE (16 bytes) in the sample.
  const std::vector<uint8_t> sample = FromHex(test::kRfc5769ResponseV6);
  const std::vector<uint8_t> expected(sample.begin() + 36, sample.begin() + 36 + 24);
  EXPECT_EQ(std::vector<uint8_t>(bytes.begin() + 20, bytes.end()), expected);
}

TEST(StunMessageTest, RequestReadsBackAsWritten) {
  StunMessage written;
  written.transaction = kTransaction;
  written.username = "abcd:efghi";
  written.priority = 0x7effffff;
  written.use_candidate = true;
  written.nomination = 7;
  written.controlling = 0xfedcba9876543210;
  const std::vector<uint8_t> bytes = StunBytes(written);
  const auto read = StunMessage::Parse(bytes);
  ASSERT_TRUE(read.has_value());
  EXPECT_TRUE(read->is_binding(StunClass::kRequest));
  EXPECT_EQ(read->transaction, kTransaction);
  EXPECT_EQ(read->username, written.username);
  EXPECT_EQ(read->priority, written.priority);
  EXPECT_TRUE(read->use_candidate);
  EXPECT_EQ(read->nomination, written.nomination);
  EXPECT_EQ(read->controlling, written.controlling);
  EXPECT_FALSE(read->controlled.has_value());
}

TEST(StunMessageTest, ErrorReadsBackAsWritten) {
  StunMessage written;
  written.message_class = StunClass::kError;
  written.error_code = kErrorRoleConflict;
  const std::vector<uint8_t> bytes = StunBytes(written);
  const auto read = StunMessage::Parse(bytes);
  ASSERT_TRUE(read.has_value());
  EXPECT_TRUE(read->is_binding(StunClass::kError));
  EXPECT_THAT(read->error_code, Optional(kErrorRoleConflict));
}

// RFC 8489 §5 weaves the class into the bits of the method; only 0x000..0x0FF keep the first byte
// within what RFC 7983 gives to STUN.
TEST(StunMessageTest, EveryClassAndMethodReadsBack) {
  for (uint16_t method = 0; method < 0x100; ++method) {
    for (StunClass kind :
         {StunClass::kRequest, StunClass::kIndication, StunClass::kSuccess, StunClass::kError}) {
      StunMessage written;
      written.method = method;
      written.message_class = kind;
      const std::vector<uint8_t> bytes = StunBytes(written);
      const auto read = StunMessage::Parse(bytes);
      ASSERT_TRUE(read.has_value()) << method;
      EXPECT_EQ(read->method, method);
      EXPECT_EQ(read->message_class, kind);
    }
  }
}

TEST(StunMessageTest, BindingTypesAreThoseOfTheRfc) {
  const auto type = [](StunClass kind) {
    StunMessage message;
    message.message_class = kind;
    return ByteReader(StunBytes(message)).U16();
  };
  EXPECT_EQ(type(StunClass::kRequest), 0x0001);
  EXPECT_EQ(type(StunClass::kIndication), 0x0011);
  EXPECT_EQ(type(StunClass::kSuccess), 0x0101);
  EXPECT_EQ(type(StunClass::kError), 0x0111);
}

TEST(StunMessageTest, EveryTruncationAndExtensionIsRefused) {
  const std::vector<uint8_t> whole = FromHex(test::kRfc5769Request);
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(Parses({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}))
        << size;
  }
  for (size_t more = 1; more <= 8; ++more) {
    std::vector<uint8_t> longer = whole;
    longer.resize(whole.size() + more);
    EXPECT_FALSE(Parses(longer)) << more;
  }
}

// The header's length may agree with the datagram and an attribute's still run over the end.
TEST(StunMessageTest, AttributeThatRunsOverTheEndIsRefused) {
  for (unsigned length : {5u, 6u, 8u, 0xffffu}) {
    std::vector<uint8_t> bytes = With(StunAttribute::kPriority, {1, 2, 3, 4});
    bytes[22] = static_cast<uint8_t>(length >> 8);
    bytes[23] = static_cast<uint8_t>(length);
    EXPECT_FALSE(Parses(bytes)) << length;
  }
}

TEST(StunMessageTest, WrongCookieOrFirstByteIsRefused) {
  const std::vector<uint8_t> good = StunBytes(StunMessage{});
  ASSERT_TRUE(Parses(good));
  for (size_t i : {4, 5, 6, 7}) {
    std::vector<uint8_t> bad = good;
    bad[i] ^= 1;
    EXPECT_FALSE(Parses(bad));
  }
  for (int first = 4; first < 256; ++first) {
    std::vector<uint8_t> bad = good;
    bad[0] = static_cast<uint8_t>(first);
    EXPECT_FALSE(Parses(bad));
    EXPECT_FALSE(LooksLikeStun(bad));
  }
}

TEST(StunMessageTest, LongestIsKMaxStunSize) {
  const auto of_size = [](size_t size) {
    return StunBytes(StunMessage{}, {{0x8022, std::vector<uint8_t>(size - 24)}});
  };
  EXPECT_TRUE(Parses(of_size(kMaxStunSize)));
  EXPECT_FALSE(Parses(of_size(kMaxStunSize + 4)));
}

TEST(StunMessageTest, ValuesOfTheWrongSizeAreRefused) {
  const struct {
    StunAttribute type;
    size_t size;
  } kFixed[] = {
      {StunAttribute::kPriority, 4},      {StunAttribute::kUseCandidate, 0},
      {StunAttribute::kNomination, 4},    {StunAttribute::kIceControlling, 8},
      {StunAttribute::kIceControlled, 8}, {StunAttribute::kMessageIntegrity, 20},
      {StunAttribute::kFingerprint, 4},
  };
  for (const auto& attribute : kFixed) {
    for (size_t size = 0; size <= 24; ++size) {
      EXPECT_EQ(Parses(With(attribute.type, std::vector<uint8_t>(size))), size == attribute.size)
          << static_cast<int>(attribute.type) << " of " << size;
    }
  }
}

TEST(StunMessageTest, UsernameIsBounded) {
  EXPECT_TRUE(Parses(With(StunAttribute::kUsername, std::vector<uint8_t>(508, 'a'))));
  EXPECT_FALSE(Parses(With(StunAttribute::kUsername, std::vector<uint8_t>(509, 'a'))));
}

TEST(StunMessageTest, MappedAddressFitsItsFamily) {
  const auto parses = [](uint8_t family, size_t address_size) {
    std::vector<uint8_t> value = {0, family, 0, 0};
    value.resize(4 + address_size);
    return Parses(With(StunAttribute::kXorMappedAddress, value));
  };
  EXPECT_TRUE(parses(1, 4));
  EXPECT_TRUE(parses(2, 16));
  EXPECT_FALSE(parses(1, 16));
  EXPECT_FALSE(parses(2, 4));
  EXPECT_FALSE(parses(1, 0));
  EXPECT_FALSE(parses(0, 4));
  EXPECT_FALSE(parses(3, 16));
  EXPECT_FALSE(Parses(With(StunAttribute::kXorMappedAddress, {0})));
}

TEST(StunMessageTest, ErrorCodeIsBetween300And699) {
  const auto parses = [](uint8_t hundreds, uint8_t rest) {
    return Parses(With(StunAttribute::kErrorCode, {0, 0, hundreds, rest, 'w', 'h', 'y'}));
  };
  EXPECT_TRUE(parses(3, 0));
  EXPECT_TRUE(parses(6, 99));
  EXPECT_FALSE(parses(2, 99));
  EXPECT_FALSE(parses(7, 0));
  EXPECT_FALSE(parses(4, 100));
  EXPECT_FALSE(Parses(With(StunAttribute::kErrorCode, {0, 0, 4})));
}

TEST(StunMessageTest, UnknownRequiredAttributesAreReportedAndOptionalOnesSkipped) {
  const std::vector<uint8_t> bytes =
      StunBytes(StunMessage{}, {{0x7abc, {1}}, {0x8abc, {2}}, {0x0003, {}}, {0xffff, {3, 4}}});
  const auto message = StunMessage::Parse(bytes);
  ASSERT_TRUE(message.has_value());
  EXPECT_THAT(message->unknown.types(), ElementsAre(0x7abc, 0x0003));
}

TEST(StunMessageTest, NoMoreThanEightUnknownAttributesAreKept) {
  std::vector<RawAttribute> many;
  for (uint16_t i = 0; i < 100; ++i) many.push_back({static_cast<uint16_t>(0x7000 + i), {}});
  const std::vector<uint8_t> bytes = StunBytes(StunMessage{}, many);
  const auto message = StunMessage::Parse(bytes);
  ASSERT_TRUE(message.has_value());
  EXPECT_THAT(message->unknown.types(), SizeIs(UnknownAttributes::kMax));
}

TEST(StunMessageTest, FirstOccurrenceCounts) {
  StunMessage written;
  written.priority = 1;
  const std::vector<uint8_t> bytes = StunBytes(written, {{0x0024, {0, 0, 0, 2}}});
  const auto message = StunMessage::Parse(bytes);
  ASSERT_TRUE(message.has_value());
  EXPECT_THAT(message->priority, Optional(1u));
}

// Otherwise an attacker who relays a sealed request could append USE-CANDIDATE to it.
TEST(StunMessageTest, AttributesBehindIntegrityAreIgnored) {
  const std::vector<uint8_t> bytes = StunBytes(
      StunMessage{},
      {{0x0008, std::vector<uint8_t>(20)}, {0x0025, {}}, {0x0006, {'a', ':', 'b'}}, {0x7fff, {}}});
  const auto message = StunMessage::Parse(bytes);
  ASSERT_TRUE(message.has_value());
  EXPECT_FALSE(message->use_candidate);
  EXPECT_FALSE(message->username.has_value());
  EXPECT_TRUE(message->unknown.empty());
  EXPECT_THAT(message->integrity_at, Optional(kStunHeaderSize));
}

TEST(StunMessageTest, NothingFollowsFingerprint) {
  EXPECT_FALSE(Parses(StunBytes(StunMessage{}, {{0x8028, {0, 0, 0, 0}}, {0x8022, {}}})));
}

TEST(StunMessageTest, WriterThatIsTooSmallFailsWithoutOverrun) {
  StunMessage message;
  message.username = "abcd:efgh";
  const size_t whole = StunBytes(message).size();
  for (size_t size = 0; size < whole; ++size) {
    std::vector<uint8_t> buffer(size);
    ByteWriter out(buffer);
    message.WriteTo(out);
    EXPECT_FALSE(out.ok()) << size;
  }
}

TEST(LooksLikeStunTest, NeedsHeaderAndCookie) {
  const std::vector<uint8_t> bytes = FromHex(test::kRfc5769Request);
  EXPECT_TRUE(LooksLikeStun(bytes));
  EXPECT_TRUE(LooksLikeStun(ByteView(bytes).first(20)));
  EXPECT_FALSE(LooksLikeStun(ByteView(bytes).first(19)));
  EXPECT_FALSE(LooksLikeStun({}));
}

TEST(PeekLocalUfragTest, YieldsTheFirstHalf) {
  EXPECT_THAT(PeekLocalUfrag(FromHex(test::kRfc5769Request)), Optional(std::string_view("evtj")));
}

TEST(PeekLocalUfragTest, OnlyOfBindingRequests) {
  for (StunClass kind : {StunClass::kIndication, StunClass::kSuccess, StunClass::kError}) {
    StunMessage message;
    message.username = "abcd:efgh";
    message.message_class = kind;
    EXPECT_FALSE(PeekLocalUfrag(StunBytes(message)).has_value());
  }
  StunMessage allocate;
  allocate.username = "abcd:efgh";
  allocate.method = 3;
  EXPECT_FALSE(PeekLocalUfrag(StunBytes(allocate)).has_value());
}

TEST(PeekLocalUfragTest, NothingWithoutBothHalves) {
  for (const char* name : {"", "abcd", "abcd:", ":efgh", "a b:efgh"}) {
    StunMessage message;
    message.username = name;
    EXPECT_FALSE(PeekLocalUfrag(StunBytes(message)).has_value()) << name;
  }
  EXPECT_FALSE(PeekLocalUfrag(StunBytes(StunMessage{})).has_value());
}

TEST(PeekLocalUfragTest, EveryTruncationIsRefused) {
  const std::vector<uint8_t> whole = FromHex(test::kRfc5769Request);
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(PeekLocalUfrag(ByteView(whole).first(size)).has_value()) << size;
  }
}

}  // namespace
}  // namespace sluice::ice
