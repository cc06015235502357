package sluice

// dataStreams knows which streams of a transport are in use, as far as the worker's news tell.
//
// A stream has two directions, and either may be claimed for itself. When nobody claims it any more the
// worker resets it, and so does the peer in turn (RFC 8831 §6.7). What was said on it before could be
// taken for what is said on it next, so until both have done so it stays taken.
type dataStreams struct {
	// How many directions of a stream are claimed, or asked for.
	claims map[uint16]int
	// Those that are channels in the worker.
	channels map[uint16]struct{}
}

func newDataStreams() dataStreams {
	return dataStreams{claims: map[uint16]int{}, channels: map[uint16]struct{}{}}
}

func (s *dataStreams) isFree(id uint16) bool {
	_, isChannel := s.channels[id]
	return s.claims[id] == 0 && !isChannel
}

func (s *dataStreams) claim(id uint16) { s.claims[id]++ }

// grant: the worker has made it a channel.
func (s *dataStreams) grant(id uint16) { s.channels[id] = struct{}{} }

// release: without an association the worker has nothing to reset, and will not tell of it.
func (s *dataStreams) release(id uint16, connected bool) {
	if s.claims[id] > 1 {
		s.claims[id]--
		return
	}
	delete(s.claims, id)
	if !connected {
		delete(s.channels, id)
	}
}

// recordReset: both sides have reset it.
func (s *dataStreams) recordReset(id uint16) { delete(s.channels, id) }
