#include "ice/binding_responder.h"

#include <optional>
#include <vector>

#include "gtest/gtest.h"
#include "ice/stun_integrity.h"
#include "tests/support/stun_bytes.h"

namespace sluice::ice {
namespace {

using Bytes = std::vector<uint8_t>;

const IpAddress kV4 = IpAddress::V4(192, 0, 2, 1);
const IpAddress kV6 = *IpAddress::Parse("2001:db8::1");

class BindingResponderTest : public ::testing::Test {
 protected:
  static Path From(const IpAddress& address, uint16_t port = 5000) {
    return {SocketId(1), {address, port, TransportProtocol::kUdp}};
  }

  StunMessage Request() {
    StunMessage request;
    request.transaction[0] = ++transactions_;
    return request;
  }

  // A request of `size` bytes, made of RFC 8489 §14.14's SOFTWARE.
  Bytes Padded(size_t size) {
    Bytes bytes = test::StunBytes(Request());
    if (size > bytes.size()) {
      const auto value = static_cast<uint16_t>(size - bytes.size() - 4);
      const Bytes attribute = {0x80, 0x22, static_cast<uint8_t>(value >> 8),
                               static_cast<uint8_t>(value)};
      bytes.insert(bytes.end(), attribute.begin(), attribute.end());
      bytes.resize(size, 'x');
      bytes[2] = static_cast<uint8_t>((size - kStunHeaderSize) >> 8);
      bytes[3] = static_cast<uint8_t>(size - kStunHeaderSize);
    }
    return bytes;
  }

  bool Deliver(const Bytes& bytes, const Path& path = From(kV4)) {
    return responder_.Receive(now_, {path, bytes});
  }

  std::optional<Bytes> TakeAnswer() {
    std::array<uint8_t, 1500> out{};
    const Transmit transmit = responder_.PollTransmit(out);
    if (!transmit) return std::nullopt;
    to_ = transmit.path;
    return Bytes(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(transmit.size));
  }

  Timestamp now_{std::chrono::seconds(1000)};
  BindingResponder responder_{7};
  Path to_;
  uint8_t transactions_ = 0;
};

TEST_F(BindingResponderTest, TellsTheAskerHisAddress) {
  ASSERT_TRUE(Deliver(Padded(32)));
  const std::optional<Bytes> answer = TakeAnswer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(to_, From(kV4));
  const std::optional<StunMessage> read = StunMessage::Parse(*answer);
  ASSERT_TRUE(read && read->is_binding(StunClass::kSuccess));
  EXPECT_EQ(read->mapped, From(kV4).remote);
  EXPECT_EQ(read->transaction[0], transactions_);
  EXPECT_FALSE(read->fingerprint_at);
}

TEST_F(BindingResponderTest, AFingerprintIsAnsweredWithOne) {
  Bytes request = Padded(32);
  Bytes sealed(request.size() + kFingerprintSize);
  ByteWriter out(sealed);
  out.Bytes(request);
  ASSERT_TRUE(AddFingerprint(out));
  ASSERT_TRUE(Deliver(sealed));
  const std::optional<Bytes> answer = TakeAnswer();
  ASSERT_TRUE(answer);
  const std::optional<StunMessage> read = StunMessage::Parse(*answer);
  ASSERT_TRUE(read);
  EXPECT_TRUE(HasFingerprint(*read));
}

TEST_F(BindingResponderTest, AShortRequestIsAnsweredWhenItIsRepeated) {
  const Bytes request = test::StunBytes(Request());
  ASSERT_EQ(request.size(), 20u);
  EXPECT_TRUE(Deliver(request));
  EXPECT_FALSE(TakeAnswer());
  EXPECT_EQ(responder_.counters().short_of_credit, 1u);
  EXPECT_TRUE(Deliver(request));
  EXPECT_TRUE(TakeAnswer());
}

TEST_F(BindingResponderTest, NeverSendsAnAddressMoreThanCameFromIt) {
  for (const IpAddress& address : {kV4, kV6}) {
    size_t in = 0, out = 0;
    for (int i = 0; i < 200; ++i) {
      now_ += std::chrono::milliseconds(100);
      const Bytes request = Padded(i % 3 == 0 ? 24 : 20);
      in += request.size();
      Deliver(request, From(address, static_cast<uint16_t>(5000 + i)));
      while (const std::optional<Bytes> answer = TakeAnswer()) out += answer->size();
      ASSERT_LE(out, in);
    }
    EXPECT_GT(out, in / 2);
  }
}

TEST_F(BindingResponderTest, WhoTakesAnothersPlaceHasNoneOfHisCredit) {
  // More addresses than places: some must share one.
  for (uint32_t i = 0; i < 4 * BindingResponder::kSources; ++i) {
    Deliver(Padded(20), From(IpAddress::V4(0x0a000000u + i)));
    ASSERT_FALSE(TakeAnswer());
  }
}

TEST_F(BindingResponderTest, OneSourceHasItsShareAndMoreASecondLater) {
  uint32_t answers = 0;
  for (int i = 0; i < 200; ++i) {
    Deliver(Padded(64));
    while (TakeAnswer()) ++answers;
  }
  EXPECT_EQ(answers, BindingResponder::kAnswersPerSource);
  EXPECT_EQ(responder_.counters().over_limit, 200u - answers);
  now_ += std::chrono::seconds(1);
  Deliver(Padded(64));
  EXPECT_TRUE(TakeAnswer());
}

TEST_F(BindingResponderTest, AllTogetherHaveTheirShare) {
  uint32_t answers = 0;
  for (uint32_t i = 0; i < 2000; ++i) {
    Deliver(Padded(64), From(IpAddress::V4(0x0a000000u + i)));
    while (TakeAnswer()) ++answers;
  }
  EXPECT_EQ(answers, BindingResponder::kAnswersPerSecond);
}

TEST_F(BindingResponderTest, WhatWaitsIsBounded) {
  for (uint32_t i = 0; i < 100; ++i) Deliver(Padded(64), From(IpAddress::V4(0x0a000000u + i)));
  size_t waiting = 0;
  while (TakeAnswer()) ++waiting;
  EXPECT_EQ(waiting, BindingResponder::kMaxWaiting);
}

TEST_F(BindingResponderTest, LeavesEverythingElseToOthers) {
  StunMessage with_user = Request();
  with_user.username = "a:b";
  EXPECT_FALSE(Deliver(test::StunBytes(with_user)));
  EXPECT_FALSE(Deliver(test::Sealed(test::StunBytes(Request()), "password")));
  StunMessage response = Request();
  response.message_class = StunClass::kSuccess;
  EXPECT_FALSE(Deliver(test::StunBytes(response)));
  Bytes wrong_length = Padded(32);
  wrong_length[3] = 8;
  EXPECT_FALSE(Deliver(wrong_length));
  // CHANGE-REQUEST (RFC 5780 §7.2), which asks for an answer from elsewhere.
  Bytes change = Padded(28);
  change[20] = 0x00, change[21] = 0x03;
  EXPECT_FALSE(Deliver(change));
  Bytes forged(40);
  ByteWriter out(forged);
  out.Bytes(Padded(32));
  ASSERT_TRUE(AddFingerprint(out));
  forged.back() ^= 1;
  EXPECT_FALSE(Deliver(forged));
  EXPECT_FALSE(TakeAnswer());
  EXPECT_EQ(responder_.counters().requests, 0u);
}

}  // namespace
}  // namespace sluice::ice
