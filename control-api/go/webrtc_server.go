package sluice

// WebRtcServer is sockets that many WebRtcTransports of a worker share.
type WebRtcServer struct {
	object
	worker *Worker

	// core.mu guards the rest.
	ports       []uint16
	transports  map[*WebRtcTransport]struct{}
	onHandled   listeners[*WebRtcTransport]
	onUnhandled listeners[*WebRtcTransport]
}

func newWebRtcServer(w *Worker, appData any) *WebRtcServer {
	return &WebRtcServer{
		object:     object{core: w.core, id: newID(), noun: "WebRtcServer", appData: appData},
		worker:     w,
		transports: map[*WebRtcTransport]struct{}{},
	}
}

// Ports are those that were bound, in the order of ListenInfos.
func (s *WebRtcServer) Ports() []uint16 {
	s.core.mu.Lock()
	defer s.core.mu.Unlock()
	return append([]uint16(nil), s.ports...)
}

// Close also closes the transports that use it.
func (s *WebRtcServer) Close() {
	s.core.mu.Lock()
	defer s.core.mu.Unlock()
	if s.end(ClosedByApplication) {
		s.core.closeInWorker(s.id)
	}
}

// OnWebRtcTransportHandled tells of each transport that begins to use the server.
func (s *WebRtcServer) OnWebRtcTransportHandled(call func(*WebRtcTransport)) (remove func()) {
	return s.onHandled.add(s.core, call)
}

// OnWebRtcTransportUnhandled tells of each transport that was closed.
func (s *WebRtcServer) OnWebRtcTransportUnhandled(call func(*WebRtcTransport)) (remove func()) {
	return s.onUnhandled.add(s.core, call)
}

// end closes what uses it as well. With core.mu held.
func (s *WebRtcServer) end(reason CloseReason) bool {
	if s.reason != NotClosed {
		return false
	}
	delete(s.worker.servers, s.id)
	if reason != ClosedWithWorker {
		for transport := range s.transports {
			if transport.end(ClosedWithListenServer) {
				s.core.closeInWorker(transport.id)
			}
		}
	}
	return s.finish(reason)
}

func (s *WebRtcServer) attach(t *WebRtcTransport) {
	s.transports[t] = struct{}{}
	s.onHandled.emit(s.core, t)
}

func (s *WebRtcServer) detach(t *WebRtcTransport) {
	if _, ok := s.transports[t]; ok {
		delete(s.transports, t)
		s.onUnhandled.emit(s.core, t)
	}
}
