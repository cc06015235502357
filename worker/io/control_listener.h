// The control channel for applications that cannot pass descriptors on: a Unix socket on which the
// worker waits for its one client.
//
// The path belongs to the user alone (mode 0600) and disappears together with the listener, so that
// nobody finds a door that is no longer answered.

#ifndef SLUICE_WORKER_IO_CONTROL_LISTENER_H_
#define SLUICE_WORKER_IO_CONTROL_LISTENER_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "worker/io/control_pipe.h"
#include "worker/io/descriptor.h"

namespace sluice::worker {

class ControlListener {
 public:
  // A socket left at `path` by a process that is gone is replaced; anything else there is not.
  static absl::StatusOr<ControlListener> Listen(const std::string& path);

  ControlListener(ControlListener&&) = default;
  ControlListener& operator=(ControlListener&&) = delete;
  ~ControlListener();

  int fd() const { return socket_.get(); }

  // The client, once it is there; the listener has done its work then and is to be destroyed. An
  // error if nobody can be let in.
  absl::StatusOr<std::optional<ControlPipe>> Accept();

 private:
  ControlListener(Descriptor socket, std::string path)
      : socket_(std::move(socket)), path_(std::move(path)) {}

  Descriptor socket_;
  std::string path_;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_IO_CONTROL_LISTENER_H_
