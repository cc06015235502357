package sdp

import (
	"context"
	"sync"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/internal/fault"
	"sluice.dev/sdk/ortc"
	"sluice.dev/sdk/rtp"
)

// SendOptions describe a stream that the client shall get.
type SendOptions struct {
	// ProducerID is of a producer of the router.
	ProducerID string
	// Producer is in place of ProducerID: one of any router, which Options.Make.Consume can fetch.
	Producer *sluice.Producer
	// StreamID and TrackID are what the client finds in its MediaStream and track: 1 to 64 letters,
	// digits and other characters of tokens. Empty: the producer's id.
	StreamID, TrackID string
	// Paused: the application resumes the consumer itself.
	Paused bool
	// EnableRtx, PreferredLayers, Priority and IgnoreDtx are those of sluice.ConsumeOptions.
	EnableRtx       *bool
	PreferredLayers *sluice.ConsumerLayers
	Priority        uint8
	IgnoreDtx       bool
	// OnConsumer is told when there is a consumer: the client gets it from now on.
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
	producer   *sluice.Producer

	mu       sync.Mutex
	consumer *sluice.Consumer
	ended    bool
	// forget ends the wait for the end of the producer.
	forget func()

	// The rest is for whoever holds the connection's turn.

	// mid and ssrc are what its packets carry, in whatever description it stands next.
	mid  string
	ssrc uint32
	// parameters are those of the consumer; while there is none, what it will have if the client agrees.
	parameters sluice.RtpParameters
	// isHeld: the client does not want it for the time being.
	isHeld bool
}

// Send says that the client shall get a stream. It fails with ErrNotFound if the router has no such
// producer, and with ErrResourceExhausted if all sections are taken.
//
// The stream is told by the next Offer, or by the next Answer to an offer that has a free section to
// receive in. The consumer is made when the client agrees.
func (c *Connection) Send(ctx context.Context, options SendOptions) (*Sending, error) {
	if options.Producer != nil {
		options.ProducerID = options.Producer.ID()
	}
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
	c.purge()
	if c.countSections() >= c.options.MaxSections {
		return nil, fault.Errorf(fault.ErrResourceExhausted, "the connection has %d sections",
			c.options.MaxSections)
	}
	producer := options.Producer
	if producer == nil {
		producer = c.router.FindProducer(options.ProducerID)
	}
	if producer == nil || producer.Closed() {
		return nil, fault.Errorf(fault.ErrNotFound, "the router has no producer %s", options.ProducerID)
	}
	sending := &Sending{connection: c, options: options, producer: producer}
	sending.watch()
	c.waiting = append(c.waiting, sending)
	return sending, nil
}

// purge forgets what has ended while it waited.
func (c *Connection) purge() {
	kept := c.waiting[:0:0]
	for _, sending := range c.waiting {
		if sending.hasEnded() {
			sending.release()
		} else {
			kept = append(kept, sending)
		}
	}
	c.waiting = kept
}

func (c *Connection) countSections() int {
	count := len(c.waiting)
	for _, slot := range c.slots {
		if !slot.stopped {
			count++
		}
	}
	return count
}

func (s *Sending) enablesRtx() bool {
	if s.options.EnableRtx != nil {
		return *s.options.EnableRtx
	}
	return s.producer.Kind() == rtp.Video
}

// ProducerID is what is sent.
func (s *Sending) ProducerID() string { return s.producer.ID() }

// Kind is audio or video.
func (s *Sending) Kind() rtp.MediaKind { return s.producer.Kind() }

// AppData is what it was begun with.
func (s *Sending) AppData() any { return s.options.AppData }

// Ended tells whether it is over.
func (s *Sending) Ended() bool { return s.hasEnded() }

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

// watch ends it with its producer, which may be closed at this moment.
func (s *Sending) watch() {
	forget := s.producer.OnClose(func(sluice.CloseReason) { s.end(nil) })
	s.mu.Lock()
	s.forget = forget
	isLate := s.ended
	s.mu.Unlock()
	if isLate {
		forget()
	}
}

// end may be called with or without the connection's turn.
func (s *Sending) end(reason error) {
	s.mu.Lock()
	isFirst, consumer, forget := !s.ended, s.consumer, s.forget
	s.ended = true
	s.mu.Unlock()
	if !isFirst {
		return
	}
	if forget != nil {
		forget()
	}
	if consumer != nil {
		consumer.Close()
	}
	if s.options.OnEnd != nil {
		s.connection.events.push(func() { s.options.OnEnd(reason) })
	}
	s.connection.reconsider()
}

// release gives back what was reserved for something that has ended before it was consumed.
func (s *Sending) release() {
	if s.ssrc != 0 {
		s.connection.transport.ReleaseSSRC(s.ssrc)
		s.ssrc = 0
	}
}

// describe says what the consumer will be, if the client takes all that capabilities have.
func (s *Sending) describe(mid string, capabilities sluice.RtpCapabilities) error {
	if s.ssrc == 0 {
		s.ssrc = s.connection.transport.ReserveSSRC()
	}
	parameters, err := ortc.ConsumerParameters(s.producer.ConsumableRtpParameters(), capabilities,
		ortc.ConsumerOptions{EnableRtx: s.enablesRtx(), SSRC: s.ssrc, MID: mid})
	if err != nil {
		return err
	}
	parameters, _, err = ortc.InReceiverNumbers(parameters, capabilities)
	s.mid, s.parameters = mid, parameters
	return err
}

// consume makes the consumer for a client that has agreed to get it in a section. False if it cannot
// be: then it has ended.
func (s *Sending) consume(ctx context.Context, mid string, section *Section) bool {
	if s.hasEnded() {
		s.release()
		return false
	}
	consumer, err := s.connection.options.Make.Consume(ctx, sluice.ConsumeOptions{
		ProducerID:      s.options.ProducerID,
		RtpCapabilities: CapabilitiesOf(*section),
		MID:             mid,
		SSRC:            s.ssrc,
		Numbering:       sluice.ReceiverNumbers,
		Paused:          s.options.Paused,
		EnableRtx:       s.options.EnableRtx,
		PreferredLayers: s.options.PreferredLayers,
		Priority:        s.options.Priority,
		IgnoreDtx:       s.options.IgnoreDtx,
		AppData:         s.options.AppData,
	})
	s.ssrc = 0
	if err != nil {
		s.end(err)
		return false
	}
	s.mid, s.parameters = mid, consumer.RtpParameters()
	s.mu.Lock()
	s.consumer = consumer
	isLate := s.ended
	s.mu.Unlock()
	if isLate {
		consumer.Close()
		return false
	}
	consumer.OnClose(func(sluice.CloseReason) { s.end(nil) })
	if s.options.OnConsumer != nil {
		s.connection.events.push(func() { s.options.OnConsumer(consumer) })
	}
	return true
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
