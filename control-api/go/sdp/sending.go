package sdp

import (
	"context"
	"sync"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/internal/fault"
)

// SendOptions describe a stream that the client shall get.
type SendOptions struct {
	// ProducerID is of a producer of the router.
	ProducerID string
	// StreamID and TrackID are what the client finds in its MediaStream and track: 1 to 64 letters,
	// digits and other characters of tokens. Empty: the producer's id.
	StreamID, TrackID string
	// Paused: the application resumes the consumer itself. Otherwise it runs once the client has
	// agreed.
	Paused bool
	// PreferredLayers, Priority and IgnoreDtx are those of sluice.ConsumeOptions.
	PreferredLayers *sluice.ConsumerLayers
	Priority        uint8
	IgnoreDtx       bool
	// OnConsumer is told when there is a consumer: the client is about to be offered it.
	OnConsumer func(*sluice.Consumer)
	// OnEnd is told once, when the client gets it no more: nil if it was stopped or its producer was
	// closed, else why it could not be sent.
	OnEnd   func(error)
	AppData any
}

// Sending is a stream that the client gets, or shall get.
type Sending struct {
	connection *Connection
	options    SendOptions

	mu       sync.Mutex
	consumer *sluice.Consumer
	ended    bool

	// The rest is for whoever holds the connection's turn.

	// mid of the section that the consumer is made for.
	mid string
	// isProvisional: the consumer was made before the client had told what it can do.
	isProvisional bool
	// isHeld: the client does not want it for the time being.
	isHeld bool
}

// Send says that the client shall get a stream. The consumer is made by the next Offer, or by the
// next Answer to an offer that has a free section to receive in.
func (c *Connection) Send(ctx context.Context, options SendOptions) (*Sending, error) {
	if options.ProducerID == "" {
		return nil, fault.Argument("producerId", "is missing or empty")
	}
	if options.StreamID == "" {
		options.StreamID = options.ProducerID
	}
	if options.TrackID == "" {
		options.TrackID = options.ProducerID
	}
	for _, id := range []struct{ field, value string }{
		{"streamId", options.StreamID}, {"trackId", options.TrackID},
	} {
		if err := checkToken(id.value, id.field, 64); err != nil {
			return nil, fault.Argument(id.field, "is not 1 to 64 characters of a token")
		}
	}
	if err := c.take(ctx); err != nil {
		return nil, err
	}
	defer c.release()
	if err := c.checkOpen(); err != nil {
		return nil, err
	}
	if c.countSections() >= c.options.MaxSections {
		return nil, fault.Errorf(fault.ErrResourceExhausted, "the connection has %d sections",
			c.options.MaxSections)
	}
	sending := &Sending{connection: c, options: options}
	c.waiting = append(c.waiting, sending)
	return sending, nil
}

func (c *Connection) countSections() int {
	count := 0
	for _, sending := range c.waiting {
		if !sending.hasEnded() {
			count++
		}
	}
	for _, slot := range c.slots {
		if !slot.stopped {
			count++
		}
	}
	return count
}

// Consumer is nil until there is one.
func (s *Sending) Consumer() *sluice.Consumer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.consumer
}

// Stop has the client not get it any more. The next offer, which is told to be needed, says so.
func (s *Sending) Stop() { s.end(nil) }

func (s *Sending) hasEnded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// end may be called with or without the connection's turn.
func (s *Sending) end(reason error) {
	s.mu.Lock()
	isFirst, consumer := !s.ended, s.consumer
	s.ended = true
	s.mu.Unlock()
	if !isFirst {
		return
	}
	if consumer != nil {
		consumer.Close()
	}
	if s.options.OnEnd != nil {
		s.connection.events.push(func() { s.options.OnEnd(reason) })
	}
	s.connection.reconsider()
}

// consume makes the consumer, if there is none that suits. It is paused until the client agrees.
// False if it cannot be: then it has ended.
func (s *Sending) consume(ctx context.Context, mid string, capabilities sluice.RtpCapabilities,
	provisional bool) bool {
	if s.hasEnded() {
		return false
	}
	old := s.Consumer()
	if old != nil && s.mid == mid && (!s.isProvisional || provisional) {
		return true
	}
	s.mid = mid
	consumer, err := s.connection.transport.Consume(ctx, sluice.ConsumeOptions{
		ProducerID:      s.options.ProducerID,
		RtpCapabilities: capabilities,
		MID:             mid,
		Numbering:       sluice.ReceiverNumbers,
		Paused:          true,
		PreferredLayers: s.options.PreferredLayers,
		Priority:        s.options.Priority,
		IgnoreDtx:       s.options.IgnoreDtx,
		AppData:         s.options.AppData,
	})
	if err != nil {
		s.end(err)
		return false
	}
	s.mu.Lock()
	s.consumer, s.isProvisional = consumer, provisional
	isLate := s.ended
	s.mu.Unlock()
	if old != nil {
		old.Close()
	}
	if isLate {
		consumer.Close()
		return false
	}
	consumer.OnClose(func(sluice.CloseReason) {
		if s.Consumer() == consumer {
			s.end(nil)
		}
	})
	if s.options.OnConsumer != nil {
		s.connection.events.push(func() { s.options.OnConsumer(consumer) })
	}
	return true
}

// run resumes what the client has agreed to, if the application wants that.
func (s *Sending) run(ctx context.Context) {
	if consumer := s.Consumer(); consumer != nil && !s.options.Paused {
		// What fails here fails because it is closed, which is told elsewhere.
		_ = consumer.Resume(ctx)
	}
}

// hold pauses what the client does not want for the time being, and lets it go on afterwards.
func (s *Sending) hold(ctx context.Context, isWanted bool) {
	consumer := s.Consumer()
	switch {
	case consumer == nil || s.hasEnded() || isWanted == !s.isHeld:
	case isWanted:
		s.isHeld = false
		_ = consumer.Resume(ctx)
	case !consumer.Paused():
		s.isHeld = true
		_ = consumer.Pause(ctx)
	}
}
