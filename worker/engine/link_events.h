// What follows from the news of a transport's link: routes, notifications, and media that may flow.

#ifndef SLUICE_WORKER_ENGINE_LINK_EVENTS_H_
#define SLUICE_WORKER_ENGINE_LINK_EVENTS_H_

#include <memory>
#include <vector>

#include "base/endpoint.h"
#include "base/ids.h"
#include "base/time.h"
#include "control-api/notification.h"
#include "worker/engine/workspace.h"

namespace sluice::worker {

// Takes all events of the link of `handle`.
void HandleLinkEvents(Workspace& workspace, Timestamp now, Handle<Transport> handle);

// The peer is reached over a new path: estimates begin anew, and who waits for media can have it.
void BeginSending(Workspace& workspace, Timestamp now, Transport& transport);

// What comes over `path` belongs to `handle` from now on.
void AdoptPath(Workspace& workspace, Timestamp now, Handle<Transport> handle, const Path& path);

// Takes what the streams of `transport` cannot do for themselves: ask others for key frames.
void HandleStreamNeeds(Workspace& workspace, Timestamp now, Transport& transport);

// Makes STUN find `transport`, which must be of WebRTC, by the names that its agent answers to, and
// by no others.
void RouteUfrag(Workspace& workspace, Handle<Transport> handle, Transport& transport);

// Nobody hears `path` any more. If it is a TCP connection, it may end, unless another transport has
// proved it since.
void ReleasePath(Workspace& workspace, const Path& path);

// Where checks of `transport` come in: sockets of its own, or those of its server.
const std::vector<ListenPoint>& PointsOf(const Workspace& workspace, const Transport& transport);

// The two ends of `path` as the application knows them.
std::unique_ptr<schema::TransportTupleT> DescribeTuple(const Workspace& workspace,
                                                       const Transport& transport,
                                                       const Path& path);

// True if `socket` is one of those that the candidates of `transport` name.
bool ListensOn(const Workspace& workspace, const Transport& transport, SocketId socket);

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_LINK_EVENTS_H_
