#include "bench/limit/bare_forwarder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <vector>

#include "bench/limit/rtp_view.h"
#include "dtls/srtp_session.h"
#include "tests/support/packet_builders.h"
#include "worker/io/descriptor.h"

namespace sluice::bench {
namespace {

using dtls::SrtpProfile;
using testing::ElementsAre;
using worker::Descriptor;

constexpr uint8_t kNumberId = 3;
constexpr uint32_t kOutSsrc = 0x0a0b0c0d;

// Two ends of a path on loopback.
struct SocketPair {
  Descriptor ours, theirs;

  SocketPair() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    theirs = Descriptor(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(bind(theirs.get(), generic, size), 0);
    EXPECT_EQ(getsockname(theirs.get(), generic, &size), 0);
    ours = Descriptor(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(ours.get(), generic, size), 0);
  }
};

// A receiver with its key, who opens what comes.
class Listener {
 public:
  explicit Listener(SrtpProfile profile, uint8_t seed)
      : master_(dtls::MasterKeySize(profile) + dtls::MasterSaltSize(profile), seed) {
    const auto keys = dtls::SrtpKeys::FromHalves(profile, master_, master_);
    srtp_ = *dtls::SrtpSession::Create(*keys);
  }

  const std::vector<uint8_t>& master() const { return master_; }
  int fd() const { return path_.ours.get(); }

  // All that came, in the clear.
  std::vector<test::Bytes> Read() {
    std::vector<test::Bytes> packets;
    test::Bytes buffer(2000);
    for (;;) {
      const ssize_t size = recv(path_.theirs.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (size < 0) return packets;
      const auto opened = srtp_->UnprotectRtp(ByteSpan(buffer).first(static_cast<size_t>(size)));
      const auto* const clear = std::get_if<size_t>(&opened);
      EXPECT_NE(clear, nullptr);
      if (clear == nullptr) return packets;
      packets.emplace_back(buffer.begin(), buffer.begin() + static_cast<long>(*clear));
    }
  }

 private:
  std::vector<uint8_t> master_;
  std::unique_ptr<dtls::SrtpSession> srtp_;
  SocketPair path_;
};

class BareForwarderTest : public testing::TestWithParam<SrtpProfile> {
 protected:
  BareForwarderTest() { Start(TrainSender::kMaxSegments); }

  void Start(size_t train) {
    BareForwarder::Options options;
    options.profile = GetParam();
    options.train = train;
    options.number_id = kNumberId;
    forwarder_ = BareForwarder::Create(options);
    source_ = forwarder_->AddSource();
    first_ = Join(listener_);
  }

  size_t Join(Listener& listener) {
    const auto receiver = forwarder_->AddReceiver(listener.fd(), listener.master());
    EXPECT_TRUE(receiver);
    forwarder_->Subscribe(*receiver, source_, kOutSsrc);
    return *receiver;
  }

  void Push(size_t payload_size) {
    test::Bytes payload(payload_size);
    std::iota(payload.begin(), payload.end(), static_cast<uint8_t>(pushed_.size()));
    test::Bytes packet = test::RtpPacketBuilder()
                             .WithTimestamp(4711)
                             .WithExtension(kNumberId, {0xff, 0xff})
                             .WithPayload(payload)
                             .ToBytes();
    const size_t size = packet.size();
    packet.resize(size + BareForwarder::kMaxPadding);
    pushed_.push_back(std::move(packet));
    EXPECT_TRUE(forwarder_->Push(source_, ByteSpan(pushed_.back()).first(size)));
  }

  Listener listener_{GetParam(), 1};
  std::unique_ptr<BareForwarder> forwarder_;
  size_t source_ = 0;
  size_t first_ = 0;
  std::vector<test::Bytes> pushed_;
};

TEST_P(BareForwarderTest, ReceiverGetsThePayloadUnderItsOwnNumbers) {
  Listener other(GetParam(), 2);
  Join(other);
  Push(300);
  Push(200);
  forwarder_->Flush();
  for (Listener* const listener : {&listener_, &other}) {
    const auto packets = listener->Read();
    ASSERT_EQ(packets.size(), 2u);
    for (size_t i = 0; i < packets.size(); ++i) {
      const auto view = RtpView::Read(packets[i], kNumberId);
      ASSERT_TRUE(view);
      EXPECT_EQ(view->ssrc, kOutSsrc);
      EXPECT_EQ(view->timestamp, 4711u);
      EXPECT_EQ(ByteReader(ByteView(packets[i]).subspan(2)).U16(), 1000 + i);
      EXPECT_EQ(ByteReader(ByteView(packets[i]).subspan(view->number_offset)).U16(), i);
      const ByteView payload = ByteView(packets[i]).subspan(view->header_size);
      EXPECT_TRUE(std::ranges::equal(
          payload, ByteView(pushed_[i]).subspan(view->header_size, payload.size())));
    }
  }
}

TEST_P(BareForwarderTest, EqualPacketsAndAShorterOneLeaveByOneCall) {
  for (const size_t size : {800, 800, 800, 90}) Push(size);
  forwarder_->Flush();
  EXPECT_EQ(forwarder_->counters().sends.calls, 1u);
  EXPECT_EQ(listener_.Read().size(), 4u);
}

TEST_P(BareForwarderTest, LongerPacketBeginsANewTrain) {
  for (const size_t size : {90, 800, 800}) Push(size);
  forwarder_->Flush();
  EXPECT_EQ(forwarder_->counters().sends.calls, 2u);
  EXPECT_EQ(listener_.Read().size(), 3u);
}

TEST_P(BareForwarderTest, SourcesTakeTurnsBySizeAndStayInOrderThemselves) {
  const size_t other = forwarder_->AddSource();
  forwarder_->Subscribe(first_, other, kOutSsrc + 1);
  Push(90);
  Push(800);
  source_ = other;
  Push(800);
  Push(91);
  forwarder_->Flush();
  // 800, 91 of the other; then 90; then 800.
  EXPECT_EQ(forwarder_->counters().sends.calls, 3u);
  std::vector<size_t> sizes;
  for (const test::Bytes& packet : listener_.Read()) {
    const auto view = RtpView::Read(packet, kNumberId);
    sizes.push_back(packet.size() - view->header_size);
  }
  EXPECT_THAT(sizes, ElementsAre(800, 91, 90, 800));
}

TEST_P(BareForwarderTest, NearlyEqualPacketsBecomeEqualByPadding) {
  for (const size_t size : {798, 800, 799}) Push(size);
  forwarder_->Flush();
  EXPECT_EQ(forwarder_->counters().sends.calls, 1u);
  std::vector<int> padding;
  for (const test::Bytes& packet : listener_.Read()) {
    const bool padded = (packet[0] & 0x20) != 0;
    padding.push_back(padded ? packet.back() : 0);
    EXPECT_EQ(packet.size() - (padded ? packet.back() : 0u),
              pushed_[padding.size() - 1].size() - BareForwarder::kMaxPadding);
  }
  EXPECT_THAT(padding, ElementsAre(2, 0, 1));
}

TEST_P(BareForwarderTest, TrainsAreNoLongerThanTold) {
  Start(2);
  for (int i = 0; i < 5; ++i) Push(500);
  forwarder_->Flush();
  EXPECT_EQ(forwarder_->counters().sends.calls, 3u);
  EXPECT_EQ(listener_.Read().size(), 5u);
}

// 200 fit a socket's usual buffer.
TEST_P(BareForwarderTest, MorePacketsThanAPassHoldsAllArrive) {
  constexpr size_t kPackets = 200;
  static_assert(kPackets > Sealer::kMaxJobs && kPackets <= BareForwarder::kMaxPackets);
  for (size_t i = 0; i < kPackets; ++i) Push(60);
  forwarder_->Flush();
  EXPECT_EQ(listener_.Read().size(), kPackets);
  EXPECT_EQ(forwarder_->counters().packets, kPackets);
}

TEST_P(BareForwarderTest, NothingMoreIsTakenThanMayWait) {
  for (size_t i = 0; i < BareForwarder::kMaxPackets; ++i) Push(60);
  test::Bytes packet = test::RtpPacketBuilder().ToBytes();
  EXPECT_FALSE(forwarder_->Push(source_, packet));
}

TEST_P(BareForwarderTest, WhoLeftGetsNothing) {
  forwarder_->RemoveReceiver(first_);
  Push(300);
  forwarder_->Flush();
  EXPECT_TRUE(listener_.Read().empty());
}

INSTANTIATE_TEST_SUITE_P(Profiles, BareForwarderTest,
                         testing::Values(SrtpProfile::kAeadAes128Gcm,
                                         SrtpProfile::kAesCm128HmacSha1_80));

}  // namespace
}  // namespace sluice::bench
