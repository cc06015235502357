// The other end of a TCP connection in tests: a socket on loopback that blocks, and the framing of
// RFC 4571.

#ifndef SLUICE_TESTS_SUPPORT_TCP_CLIENT_H_
#define SLUICE_TESTS_SUPPORT_TCP_CLIENT_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/endpoint.h"
#include "ice/tcp_framing.h"

namespace sluice::test {

class TcpClient {
 public:
  // To a port of 127.0.0.1; `from` is another address of loopback, and `receive_buffer` the bytes
  // that the kernel takes in for somebody who does not read.
  explicit TcpClient(uint16_t port, const char* from = "127.0.0.1", int receive_buffer = 0)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer != 0) {
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    }
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    sockaddr_in address = AddressOf(from, 0);
    SLUICE_CHECK(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    address = AddressOf("127.0.0.1", port);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~TcpClient() { Close(); }
  TcpClient(TcpClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_) {}
  TcpClient& operator=(TcpClient&&) = delete;

  bool connected() const { return connected_; }
  Endpoint local() const {
    sockaddr_in address{};
    socklen_t size = sizeof(address);
    SLUICE_CHECK(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    return {IpAddress::V4(ntohl(address.sin_addr.s_addr)), ntohs(address.sin_port),
            TransportProtocol::kTcp};
  }

  void Write(ByteView bytes) {
    SLUICE_CHECK(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                 static_cast<ssize_t>(bytes.size()));
  }
  void SendFrame(ByteView datagram) {
    const auto header = ice::FrameHeader(datagram.size());
    std::vector<uint8_t> frame(header.begin(), header.end());
    frame.insert(frame.end(), datagram.begin(), datagram.end());
    Write(frame);
  }
  void SendFrame(std::string_view text) { SendFrame(AsBytes(text)); }

  // The next datagram; nothing once the other side has ended the connection, or says nothing for a
  // while.
  std::optional<std::string> NextDatagram() {
    for (;;) {
      ByteView rest = ByteView(unread_).subspan(read_);
      const std::optional<ByteView> datagram = splitter_.Next(rest);
      read_ = unread_.size() - rest.size();
      if (datagram) return std::string(AsText(*datagram));
      if (!ReadMore()) return std::nullopt;
    }
  }
  // True once the other side has ended the connection; what it sent before is passed over.
  bool IsEnded() {
    while (ReadMore()) continue;
    return ended_;
  }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  // Without goodbye, as if it had crashed.
  void Reset() {
    const linger now{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    Close();
  }

 private:
  // Something that does not come at once on loopback does not come.
  static constexpr int kPatienceMs = 500;

  static sockaddr_in AddressOf(const char* text, uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    SLUICE_CHECK(inet_pton(AF_INET, text, &address.sin_addr) == 1);
    return address;
  }

  bool ReadMore() {
    pollfd query{fd_, POLLIN, 0};
    if (ended_ || poll(&query, 1, kPatienceMs) != 1) return false;
    unread_.resize(64 * 1024);
    const ssize_t size = recv(fd_, unread_.data(), unread_.size(), 0);
    ended_ = size <= 0;
    unread_.resize(ended_ ? 0 : static_cast<size_t>(size));
    read_ = 0;
    return !ended_;
  }

  int fd_;
  bool connected_ = false;
  bool ended_ = false;
  ice::FrameSplitter splitter_{0xffff};
  std::vector<uint8_t> unread_;
  size_t read_ = 0;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_TCP_CLIENT_H_
