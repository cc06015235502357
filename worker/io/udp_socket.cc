#include "worker/io/udp_socket.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace sluice::worker {
namespace {

absl::Status Refusal(const Endpoint& endpoint, const char* step) {
  const int error = errno;
  const std::string text =
      absl::StrCat("cannot listen on udp ", endpoint.ToString(), ": ", step, ": ",
                   std::strerror(error));
  if (error == EADDRINUSE || error == EMFILE || error == ENFILE || error == ENOBUFS) {
    return absl::UnavailableError(text);
  }
  return absl::InvalidArgumentError(text);
}

// The kernel caps what it grants (net.core.rmem_max); root may exceed the cap.
int SetBuffer(int fd, int plain, int forced, int size) {
  if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof(size)) != 0) {
    setsockopt(fd, SOL_SOCKET, plain, &size, sizeof(size));
  }
  int granted = 0;
  socklen_t length = sizeof(granted);
  getsockopt(fd, SOL_SOCKET, plain, &granted, &length);
  return granted / 2;  // The kernel doubles it for its own bookkeeping (socket(7)).
}

void SetFlag(int fd, int level, int name, bool on) {
  const int value = on ? 1 : 0;
  setsockopt(fd, level, name, &value, sizeof(value));
}

}  // namespace

absl::StatusOr<std::unique_ptr<UdpSocket>> UdpSocket::Bind(const ListenOptions& options) {
  Endpoint local{options.address, options.port, TransportProtocol::kUdp};
  const bool v6 = !options.address.is_v4();
  const int fd =
      socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Refusal(local, "socket");
  if (v6) SetFlag(fd, IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6_only);
  if (options.reuse_port) SetFlag(fd, SOL_SOCKET, SO_REUSEPORT, true);
  SetFlag(fd, SOL_SOCKET, SO_TIMESTAMPNS, true);
  const SocketAddress address = ToSocketAddress(local, v6);
  if (bind(fd, address.get(), address.size) != 0) {
    const absl::Status status = Refusal(local, "bind");
    close(fd);
    return status;
  }
  SocketAddress bound;
  bound.size = sizeof(bound.storage);
  if (getsockname(fd, bound.get(), &bound.size) == 0) {
    if (const auto endpoint = ToEndpoint(bound.storage, TransportProtocol::kUdp)) {
      local.port = endpoint->port;
    }
  }
  std::unique_ptr<UdpSocket> result(new UdpSocket(fd, local, v6));
  const auto wanted = [](uint32_t asked) {
    constexpr uint32_t kMost = 256 * 1024 * 1024;
    return asked == 0 ? kBufferSize : static_cast<int>(std::min(asked, kMost));
  };
  result->receive_buffer_ =
      SetBuffer(fd, SO_RCVBUF, SO_RCVBUFFORCE, wanted(options.receive_buffer));
  result->send_buffer_ = SetBuffer(fd, SO_SNDBUF, SO_SNDBUFFORCE, wanted(options.send_buffer));
  return result;
}

UdpSocket::UdpSocket(int fd, const Endpoint& local, bool v6) : fd_(fd), local_(local), v6_(v6) {}

UdpSocket::~UdpSocket() { close(fd_); }

// Keeps a slot ready for every datagram of the next call.
void UdpSocket::Fill(PacketPool& pool) {
  for (; prepared_ < kReceiveBatch; ++prepared_) {
    PacketRef packet = pool.Allocate();
    if (!packet) return;
    const ByteSpan buffer = packet.buffer();
    receive_vectors_[prepared_] = {buffer.data(), buffer.size()};
    waiting_[prepared_] = std::move(packet);
  }
}

UdpSocket::ReceiveResult UdpSocket::Receive(PacketPool& pool, const StampConverter& stamps) {
  ReceiveResult result;
  Fill(pool);
  result.pool_exhausted = prepared_ < kReceiveBatch;
  for (size_t i = 0; i < prepared_; ++i) {
    msghdr& header = receive_headers_[i].msg_hdr;
    header = {};
    header.msg_name = &receive_addresses_[i];
    header.msg_namelen = sizeof(receive_addresses_[i]);
    header.msg_iov = &receive_vectors_[i];
    header.msg_iovlen = 1;
    header.msg_control = receive_control_[i].bytes.data();
    header.msg_controllen = receive_control_[i].bytes.size();
  }
  if (prepared_ == 0) return result;
  const int count = recvmmsg(fd_, receive_headers_.data(), static_cast<unsigned>(prepared_),
                             MSG_DONTWAIT, nullptr);
  if (count <= 0) return result;
  result.full = static_cast<size_t>(count) == prepared_;
  size_t kept = 0;
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    msghdr& header = receive_headers_[i].msg_hdr;
    const auto remote = ToEndpoint(receive_addresses_[i], TransportProtocol::kUdp);
    PacketRef packet = std::move(waiting_[i]);
    if ((header.msg_flags & MSG_TRUNC) != 0 || !remote) {
      ++result.truncated;
      continue;
    }
    packet.set_size(receive_headers_[i].msg_len);
    packet.set_arrival(StampOf(header, stamps));
    received_[kept++] = {*remote, std::move(packet)};
  }
  // The slots that were not used move to the front.
  const auto used = static_cast<size_t>(count);
  for (size_t i = used; i < prepared_; ++i) {
    waiting_[i - used] = std::move(waiting_[i]);
    receive_vectors_[i - used] = receive_vectors_[i];
  }
  prepared_ -= used;
  result.datagrams = {received_.data(), kept};
  return result;
}

Timestamp UdpSocket::StampOf(msghdr& header, const StampConverter& stamps) const {
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr;
       item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SO_TIMESTAMPNS) continue;
    timespec stamp{};
    std::memcpy(&stamp, CMSG_DATA(item), sizeof(stamp));
    return stamps.Convert(
        Duration(static_cast<int64_t>(stamp.tv_sec) * 1'000'000 + stamp.tv_nsec / 1'000));
  }
  return stamps.now();
}

UdpSocket::SendResult UdpSocket::Send(const TransmitBatch& batch,
                                      std::span<const TransmitBatch::Entry> entries) {
  for (size_t i = 0; i < entries.size(); ++i) {
    const ByteView bytes = batch.bytes(entries[i]);
    // sendmmsg does not write to what it sends; iovec has no const.
    send_vectors_[i] = {const_cast<uint8_t*>(bytes.data()), bytes.size()};
    if (i == 0 || entries[i].path.remote != entries[i - 1].path.remote) {
      send_addresses_[i] = ToSocketAddress(entries[i].path.remote, v6_);
    } else {
      send_addresses_[i] = send_addresses_[i - 1];
    }
    msghdr& header = send_headers_[i].msg_hdr;
    header = {};
    header.msg_name = send_addresses_[i].get();
    header.msg_namelen = send_addresses_[i].size;
    header.msg_iov = &send_vectors_[i];
    header.msg_iovlen = 1;
  }
  SendResult result;
  size_t next = 0;
  while (next < entries.size()) {
    const int count = sendmmsg(fd_, send_headers_.data() + next,
                               static_cast<unsigned>(entries.size() - next), MSG_DONTWAIT);
    if (count > 0) {
      next += static_cast<size_t>(count);
      result.sent += static_cast<uint64_t>(count);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
      // The socket is full; so it will be for the rest of this batch.
      result.full += entries.size() - next;
      break;
    }
    // This datagram only: a receiver whose port is gone must not cost the others theirs.
    ++result.errors;
    ++next;
  }
  return result;
}

}  // namespace sluice::worker
