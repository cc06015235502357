#include "dtls/record_guard.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "tests/support/hex.h"

namespace sluice::dtls {
namespace {

using test::FromHex;
using Bytes = std::vector<uint8_t>;

constexpr Expecting kMoments[] = {Expecting::kClientHello, Expecting::kClientFlight,
                                  Expecting::kServerFlight, Expecting::kEncryptedOnly};

Bytes MakeRecord(uint8_t type, uint16_t epoch, const Bytes& payload) {
  Bytes record(Record::kHeaderSize + payload.size());
  ByteWriter out(record);
  out.U8(type);
  out.U16(0xfefd);
  out.U16(epoch);
  out.Zeros(6);
  out.U16(static_cast<uint16_t>(payload.size()));
  out.Bytes(payload);
  return record;
}

bool Accepts(const Bytes& bytes, Expecting expecting) {
  ByteView rest(bytes);
  const std::optional<Record> record = TakeRecord(rest);
  return record && rest.empty() && IsAcceptable(*record, expecting);
}

// A handshake fragment of `size` bytes.
Bytes MakeMessage(uint8_t type, size_t size = 40) {
  Bytes message(12 + size, 1);
  ByteWriter out(message);
  out.U8(type);
  out.U24(static_cast<uint32_t>(size));
  out.U16(0);
  out.U24(0);
  out.U24(static_cast<uint32_t>(size));
  return message;
}

TEST(RecordGuardTest, TakesOneRecordAfterTheOther) {
  const Bytes bytes = FromHex(
      "16 feff 0000 000000000001 0002 aabb"
      "14 fefd 0001 000000000002 0001 01");
  ByteView rest(bytes);
  const std::optional<Record> first = TakeRecord(rest);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->type, RecordType::kHandshake);
  EXPECT_EQ(first->epoch, 0);
  EXPECT_EQ(first->payload.size(), 2u);
  EXPECT_EQ(first->whole.size(), 15u);
  const std::optional<Record> second = TakeRecord(rest);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->type, RecordType::kChangeCipherSpec);
  EXPECT_EQ(second->epoch, 1);
  EXPECT_TRUE(rest.empty());
  EXPECT_FALSE(TakeRecord(rest));
}

TEST(RecordGuardTest, WhatIsNoRecordIsNotTaken) {
  for (const std::string_view text : {
           "",
           "16",
           "16 fefd 0000 000000000001 00",         // header cut
           "16 fefd 0000 000000000001 0003 aabb",  // payload cut
           "16 fefd 0000 000000000001 0000",       // empty
           "16 fefc 0000 000000000001 0002 aabb",  // DTLS 1.3
           "16 0303 0000 000000000001 0002 aabb",  // TLS 1.2
           "16 0100 0000 000000000001 0002 aabb",  // before DTLS 1.0
           "13 fefd 0000 000000000001 0002 aabb",  // type 19
           "18 fefd 0000 000000000001 0002 aabb",  // heartbeat
           "00 fefd 0000 000000000001 0002 aabb",
           "ff fefd 0000 000000000001 0002 aabb",
       }) {
    const Bytes bytes = FromHex(text);
    ByteView rest(bytes);
    EXPECT_FALSE(TakeRecord(rest)) << text;
  }
}

TEST(RecordGuardTest, EachMomentHasItsMessages) {
  const auto expected = [](uint8_t type, Expecting at) {
    switch (at) {
      case Expecting::kClientHello:
        return type == 1;
      case Expecting::kClientFlight:
        return type == 11 || type == 15 || type == 16;
      case Expecting::kServerFlight:
        return type == 2 || type == 3 || type == 4 || (type >= 11 && type <= 14);
      case Expecting::kEncryptedOnly:
        return false;
    }
    return false;
  };
  for (const Expecting at : kMoments) {
    for (int type = 0; type < 256; ++type) {
      const auto t = static_cast<uint8_t>(type);
      EXPECT_EQ(Accepts(MakeRecord(22, 0, MakeMessage(t)), at), expected(t, at))
          << type << " at " << static_cast<int>(at);
    }
  }
}

TEST(RecordGuardTest, EveryMessageOfARecordIsLookedAt) {
  Bytes two = MakeMessage(11);
  const Bytes good = MakeMessage(16);
  const Bytes bad = MakeMessage(1);
  Bytes both = two;
  both.insert(both.end(), good.begin(), good.end());
  EXPECT_TRUE(Accepts(MakeRecord(22, 0, both), Expecting::kClientFlight));
  both = two;
  both.insert(both.end(), bad.begin(), bad.end());
  EXPECT_FALSE(Accepts(MakeRecord(22, 0, both), Expecting::kClientFlight));
  two.push_back(0);
  EXPECT_FALSE(Accepts(MakeRecord(22, 0, two), Expecting::kClientFlight));
}

TEST(RecordGuardTest, FragmentsMayNotContradictThemselves) {
  const auto accepts = [](std::string_view header, size_t bytes) {
    Bytes message = FromHex(header);
    message.resize(message.size() + bytes, 7);
    return Accepts(MakeRecord(22, 0, message), Expecting::kClientHello);
  };
  EXPECT_TRUE(accepts("01 000064 0000 000000 000064", 100));  // whole
  EXPECT_TRUE(accepts("01 000064 0000 000000 000032", 50));   // first half
  EXPECT_TRUE(accepts("01 000064 0000 000032 000032", 50));   // second half
  EXPECT_TRUE(accepts("01 002000 0000 000000 000032", 50));   // the largest
  EXPECT_FALSE(accepts("01 002001 0000 000000 000032", 50));  // larger
  EXPECT_FALSE(accepts("01 ffffff 0000 000000 000032", 50));
  EXPECT_FALSE(accepts("01 000064 0000 000000 000064", 99));  // record too short
  EXPECT_FALSE(accepts("01 000064 0000 000033 000032", 50));  // beyond the end
  EXPECT_FALSE(accepts("01 000064 0000 000065 000000", 0));
  EXPECT_FALSE(accepts("01 000064 0000 ffffff 000002", 2));    // would wrap 24 bits
  EXPECT_FALSE(accepts("01 000064 0000 000000 000000", 0));    // nothing of something
  EXPECT_FALSE(accepts("01 000064 0011 000000 000064", 100));  // far future
}

TEST(RecordGuardTest, ChangeCipherSpecIsOneByteOne) {
  for (const Expecting at : {Expecting::kClientFlight, Expecting::kServerFlight}) {
    EXPECT_TRUE(Accepts(MakeRecord(20, 0, {1}), at));
    EXPECT_FALSE(Accepts(MakeRecord(20, 0, {2}), at));
    EXPECT_FALSE(Accepts(MakeRecord(20, 0, {1, 1}), at));
  }
  EXPECT_FALSE(Accepts(MakeRecord(20, 0, {1}), Expecting::kClientHello));
  EXPECT_FALSE(Accepts(MakeRecord(20, 0, {1}), Expecting::kEncryptedOnly));
}

TEST(RecordGuardTest, AlertsAndDataInTheClearAreNeverAccepted) {
  for (const Expecting at : kMoments) {
    EXPECT_FALSE(Accepts(MakeRecord(21, 0, {2, 40}), at));
    EXPECT_FALSE(Accepts(MakeRecord(23, 0, {1, 2, 3}), at));
  }
}

TEST(RecordGuardTest, OnlyEpochOneIsEncrypted) {
  for (const uint8_t type : std::initializer_list<uint8_t>{20, 21, 22, 23}) {
    EXPECT_FALSE(Accepts(MakeRecord(type, 1, Bytes(40)), Expecting::kClientHello));
    EXPECT_TRUE(Accepts(MakeRecord(type, 1, Bytes(40)), Expecting::kClientFlight));
    EXPECT_TRUE(Accepts(MakeRecord(type, 1, Bytes(40)), Expecting::kServerFlight));
    EXPECT_TRUE(Accepts(MakeRecord(type, 1, Bytes(40)), Expecting::kEncryptedOnly));
    for (const uint16_t epoch : std::initializer_list<uint16_t>{2, 256, 0xffff}) {
      EXPECT_FALSE(Accepts(MakeRecord(type, epoch, Bytes(40)), Expecting::kEncryptedOnly));
    }
  }
}

}  // namespace
}  // namespace sluice::dtls
