// Whose datagram is this?
//
// STUN is routed by the local half of USERNAME, before anything is proven; everything else only by
// a path that ICE has validated, or that the transport of a socket of its own has been told. The
// keys are complete: a hash alone would let two peers collide.

#ifndef SLUICE_WORKER_ENGINE_ROUTE_TABLE_H_
#define SLUICE_WORKER_ENGINE_ROUTE_TABLE_H_

#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "base/endpoint.h"
#include "base/ids.h"
#include "base/time.h"

namespace sluice::worker {

class Transport;

class RouteTable {
 public:
  // False if another transport has that name already.
  bool AddUfrag(std::string_view ufrag, Handle<Transport> transport) {
    return by_ufrag_.try_emplace(Key(ufrag), transport).second;
  }
  void RemoveUfrag(std::string_view ufrag) { by_ufrag_.erase(Key(ufrag)); }
  Handle<Transport> FindByUfrag(std::string_view ufrag) const {
    const auto found = by_ufrag_.find(Key(ufrag));
    return found == by_ufrag_.end() ? Handle<Transport>() : found->second;
  }

  // An authenticated check of `transport` came over `path`. Whoever proved it first keeps it while
  // its checks go on, or a participant could take another's packets with one check from a forged
  // address; when they stop, the path is free: a peer may leave one transport and join another from
  // the same port.
  void Prove(Timestamp now, const Path& path, Handle<Transport> transport) {
    Owner& owner = by_path_[path];
    if (owner.transport != transport && owner.transport && now - owner.proved < kProofHolds) return;
    owner = {transport, now};
  }
  // Leaves the path alone if it belongs to another transport by now.
  void RemovePath(const Path& path, Handle<Transport> transport) {
    const auto found = by_path_.find(path);
    if (found != by_path_.end() && found->second.transport == transport) by_path_.erase(found);
  }
  Handle<Transport> FindByRemote(const Path& path) const {
    const auto found = by_path_.find(path);
    return found == by_path_.end() ? Handle<Transport>() : found->second.transport;
  }

  // A socket that one transport has for itself: what comes there from an unknown path concerns it.
  void AddSocket(SocketId socket, Handle<Transport> transport) { by_socket_[socket] = transport; }
  void RemoveSocket(SocketId socket) { by_socket_.erase(socket); }
  Handle<Transport> FindBySocket(SocketId socket) const {
    const auto found = by_socket_.find(socket);
    return found == by_socket_.end() ? Handle<Transport>() : found->second;
  }

  size_t paths() const { return by_path_.size(); }
  size_t ufrags() const { return by_ufrag_.size(); }

 private:
  struct Owner {
    Handle<Transport> transport;
    Timestamp proved;
  };
  // Browsers check every 2.5 s, RFC 7675 §5.1 asks for one in 5 s.
  static constexpr Duration kProofHolds = std::chrono::seconds(8);

  // Debian builds abseil with a string view of its own.
  static absl::string_view Key(std::string_view text) { return {text.data(), text.size()}; }

  absl::flat_hash_map<std::string, Handle<Transport>> by_ufrag_;
  absl::flat_hash_map<Path, Owner> by_path_;
  absl::flat_hash_map<SocketId, Handle<Transport>> by_socket_;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_ROUTE_TABLE_H_
