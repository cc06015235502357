// The end of things, in the order that leaves no loose ends.
//
// Whoever asked for the end knows it; those who did not ask are told: a consumer learns that its
// producer has gone. A closed transport says close_notify and is erased once that is sent.

#ifndef SLUICE_WORKER_ENGINE_CLOSING_H_
#define SLUICE_WORKER_ENGINE_CLOSING_H_

#include "base/ids.h"
#include "base/time.h"
#include "worker/engine/workspace.h"

namespace sluice::worker {

void CloseConsumer(Workspace& workspace, Timestamp now, Handle<Consumer> handle);
// Consumers of it end with it, and are told.
void CloseProducer(Workspace& workspace, Timestamp now, Handle<Producer> handle);
void CloseDataConsumer(Workspace& workspace, Timestamp now, Handle<DataConsumer> handle);
void CloseDataProducer(Workspace& workspace, Timestamp now, Handle<DataProducer> handle);
void CloseObserver(Workspace& workspace, Handle<Observer> handle);
void CloseTransport(Workspace& workspace, Timestamp now, Handle<Transport> handle);
void CloseRouter(Workspace& workspace, Timestamp now, Handle<Router> handle);
// Transports on its sockets end with it.
void CloseServer(Workspace& workspace, Timestamp now, Handle<WebRtcServer> handle);
// Erases what was closed in an earlier turn, whose last words have left, and closes its sockets.
void EraseClosed(Workspace& workspace, Timestamp now);

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_CLOSING_H_
