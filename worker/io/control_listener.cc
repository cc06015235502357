#include "worker/io/control_listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace sluice::worker {
namespace {

absl::Status Failure(const std::string& path, const std::string& reason) {
  return absl::Status(absl::StatusCode::kUnavailable,
                      "cannot wait for a client at '" + path + "': " + reason);
}

Descriptor NewSocket(int flags) {
  return Descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
}

int Bind(const Descriptor& listener, const sockaddr_un& address) {
  // The mask is the only way to give a socket its mode before anybody can open it.
  const mode_t mask = umask(0177);
  const int result =
      bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  const int error = errno;
  umask(mask);
  return result == 0 ? 0 : error;
}

// True if `address` is a socket that nobody listens on.
bool IsStale(const sockaddr_un& address) {
  struct stat status {};
  if (lstat(address.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  const Descriptor probe = NewSocket(SOCK_NONBLOCK);
  return connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 &&
         errno == ECONNREFUSED;
}

}  // namespace

absl::StatusOr<ControlListener> ControlListener::Listen(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return Failure(
        path, "a path has 1 to " + std::to_string(sizeof(address.sun_path) - 1) + " characters");
  }
  path.copy(address.sun_path, path.size());

  Descriptor listener = NewSocket(SOCK_NONBLOCK);
  if (!listener) return Failure(path, std::strerror(errno));
  int error = Bind(listener, address);
  if (error == EADDRINUSE && IsStale(address)) {
    unlink(path.c_str());
    error = Bind(listener, address);
  }
  if (error == EADDRINUSE) return Failure(path, "something else is there");
  if (error != 0) return Failure(path, std::strerror(error));

  ControlListener waiting(std::move(listener), path);
  if (listen(waiting.fd(), 1) != 0) return Failure(path, std::strerror(errno));
  return waiting;
}

absl::StatusOr<std::optional<ControlPipe>> ControlListener::Accept() {
  Descriptor client(accept4(fd(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!client) {
    // The client may have gone between the knock and the answer.
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) {
      return std::optional<ControlPipe>();
    }
    return Failure(path_, std::strerror(errno));
  }
  Descriptor same(dup(client.get()));
  if (!same) return Failure(path_, std::strerror(errno));
  absl::StatusOr<ControlPipe> pipe = ControlPipe::Adopt(std::move(client), std::move(same));
  if (!pipe.ok()) return pipe.status();
  return std::optional<ControlPipe>(*std::move(pipe));
}

ControlListener::~ControlListener() {
  if (socket_) unlink(path_.c_str());
}

}  // namespace sluice::worker
