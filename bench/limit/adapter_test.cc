#include "bench/limit/adapter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "bench/limit/rtp_view.h"
#include "dtls/srtp_session.h"
#include "tests/support/packet_builders.h"
#include "worker/io/descriptor.h"

namespace sluice::bench {
namespace {

using dtls::SrtpProfile;
using testing::HasSubstr;
using testing::StartsWith;

constexpr SrtpProfile kProfile = SrtpProfile::kAeadAes128Gcm;

// A client of load: a socket, and then keys.
class Client {
 public:
  Client() : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address_);
    EXPECT_EQ(bind(socket_.get(), generic(), size), 0);
    EXPECT_EQ(getsockname(socket_.get(), generic(), &size), 0);
  }

  std::string Address() const {
    return absl::StrCat("client_address=127.0.0.1 client_port=", ntohs(address_.sin_port));
  }

  void Connect(const RequestLine& answer) {
    const auto port = answer.Number("port", 65'535);
    ASSERT_TRUE(port) << answer.ToText();
    address_.sin_port = htons(static_cast<uint16_t>(*port));
    ASSERT_EQ(connect(socket_.get(), generic(), sizeof(address_)), 0);
    const std::string send = absl::HexStringToBytes(std::string(answer.Get("send_key")));
    const std::string receive = absl::HexStringToBytes(std::string(answer.Get("receive_key")));
    const auto keys = dtls::SrtpKeys::FromHalves(kProfile, AsBytes(send), AsBytes(receive));
    ASSERT_TRUE(keys);
    srtp_ = *dtls::SrtpSession::Create(*keys);
  }

  void Send(const test::Bytes& clear) {
    test::Bytes sealed(clear.size() + dtls::TagSize(kProfile));
    std::ranges::copy(clear, sealed.begin());
    ASSERT_EQ(srtp_->ProtectRtp(sealed, clear.size(), {}), sealed.size());
    ASSERT_EQ(send(socket_.get(), sealed.data(), sealed.size(), 0),
              static_cast<ssize_t>(sealed.size()));
  }

  // The next packet in the clear; nothing if there is none.
  test::Bytes Receive() {
    test::Bytes bytes(2000);
    const ssize_t size = recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0) return {};
    const auto opened = srtp_->UnprotectRtp(ByteSpan(bytes).first(static_cast<size_t>(size)));
    const auto* const clear = std::get_if<size_t>(&opened);
    bytes.resize(clear == nullptr ? 0 : *clear);
    return bytes;
  }

 private:
  sockaddr* generic() { return reinterpret_cast<sockaddr*>(&address_); }

  worker::Descriptor socket_;
  sockaddr_in address_{};
  std::unique_ptr<dtls::SrtpSession> srtp_;
};

class AdapterTest : public testing::Test {
 protected:
  AdapterTest() : adapter_(LimitOptions()) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    quiet_ = worker::Descriptor(ends[0]);
    quiet_writer_ = worker::Descriptor(ends[1]);
  }

  RequestLine Ask(const std::string& request) { return adapter_.Answer(request); }

  void StartWithSender() {
    ASSERT_EQ(Ask("start cipher=gcm128 twcc=0").word(), "ok");
    sender_.Connect(
        Ask("send room=r0 name=p0 role=client kinds=video codecs=vp8 "
            "ssrcs=11/12/13 rtx= mids=0 " +
            sender_.Address()));
  }

  Adapter adapter_;
  Client sender_, receiver_;
  worker::Descriptor quiet_, quiet_writer_;
};

TEST_F(AdapterTest, StartTellsWhoIsThere) {
  const RequestLine answer = Ask("start cipher=cm80 twcc=1");
  EXPECT_EQ(answer.word(), "ok");
  EXPECT_EQ(answer.Get("name"), "limit");
  EXPECT_EQ(answer.Number("pid", UINT32_MAX), static_cast<uint64_t>(getpid()));
}

TEST_F(AdapterTest, ReceiverGetsTheLayerThatWasAskedFor) {
  StartWithSender();
  const RequestLine answer =
      Ask("receive room=r0 name=c0 role=client from=p0 layer=max " + receiver_.Address());
  receiver_.Connect(answer);
  EXPECT_THAT(std::string(answer.Get("streams")), HasSubstr("/0/96/0/video/p0"));
  for (const uint32_t ssrc : {11u, 13u}) {
    sender_.Send(test::RtpPacketBuilder().WithSsrc(ssrc).WithTimestamp(ssrc).ToBytes());
  }
  adapter_.server()->Turn(quiet_.get());
  const auto view = RtpView::Read(receiver_.Receive(), 0);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->timestamp, 13u);
  EXPECT_TRUE(receiver_.Receive().empty());
}

TEST_F(AdapterTest, ClosedReceiverGetsNothing) {
  StartWithSender();
  const RequestLine answer =
      Ask("receive room=r0 name=c0 role=client from=p0 layer=low " + receiver_.Address());
  receiver_.Connect(answer);
  EXPECT_EQ(Ask("close transport=" + std::string(answer.Get("transport"))).word(), "ok");
  sender_.Send(test::RtpPacketBuilder().WithSsrc(11).ToBytes());
  adapter_.server()->Turn(quiet_.get());
  EXPECT_TRUE(receiver_.Receive().empty());
}

TEST_F(AdapterTest, CountersCountWhatWasForwarded) {
  StartWithSender();
  receiver_.Connect(
      Ask("receive room=r0 name=c0 role=client from=p0 layer=low " + receiver_.Address()));
  sender_.Send(test::RtpPacketBuilder().WithSsrc(11).ToBytes());
  adapter_.server()->Turn(quiet_.get());
  EXPECT_EQ(Ask("counters").Number("packets", UINT32_MAX), 1u);
}

TEST_F(AdapterTest, WrongRequestsSayWhatIsWrong) {
  EXPECT_THAT(Ask("receive room=r0").ToText(), StartsWith("error reason=receive%20comes%20before"));
  EXPECT_THAT(Ask("start cipher=des").ToText(), HasSubstr("reason=cipher"));
  ASSERT_EQ(Ask("start cipher=gcm128").word(), "ok");
  EXPECT_THAT(Ask("dance").ToText(), HasSubstr("reason=dance"));
  EXPECT_THAT(Ask("close transport=9").ToText(), HasSubstr("reason=transport"));
  EXPECT_THAT(Ask("send client_address=127.0.0.1 client_port=0").ToText(),
              HasSubstr("reason=client_port"));
  EXPECT_THAT(Ask("send kinds=video codecs=vp8 ssrcs=x " + sender_.Address()).ToText(),
              HasSubstr("reason=ssrcs"));
  EXPECT_THAT(Ask("receive room=r0 from=nobody " + sender_.Address()).ToText(),
              HasSubstr("reason=from"));
}

TEST_F(AdapterTest, StopStops) {
  EXPECT_EQ(Ask("stop").word(), "ok");
  EXPECT_TRUE(adapter_.stopped());
}

}  // namespace
}  // namespace sluice::bench
