package sluice

import (
	"context"

	schema "sluice.dev/sdk/internal/generated"
)

// DataConsumer is messages that a router sends to a peer, or to the application itself.
type DataConsumer struct {
	dataObject
	dataProducerID string
	// Nil if it was closed while the worker answered.
	source *DataProducer

	// core.mu guards the rest.
	dataProducerPaused bool
	subchannels        []uint16
	lowThreshold       uint32

	onMessage        listeners[Message]
	onLow            listeners[uint32]
	onFull           listeners[struct{}]
	onProducerPause  listeners[struct{}]
	onProducerResume listeners[struct{}]
}

// DataProducerID is what it consumes.
func (c *DataConsumer) DataProducerID() string { return c.dataProducerID }

// DataProducerPaused tells whether its data producer is paused.
func (c *DataConsumer) DataProducerPaused() bool {
	c.core.mu.Lock()
	defer c.core.mu.Unlock()
	return c.dataProducerPaused
}

// Subchannels are what it listens to; to everything if empty.
func (c *DataConsumer) Subchannels() []uint16 {
	c.core.mu.Lock()
	defer c.core.mu.Unlock()
	return append([]uint16(nil), c.subchannels...)
}

// BufferedAmountLowThreshold is in bytes.
func (c *DataConsumer) BufferedAmountLowThreshold() uint32 {
	c.core.mu.Lock()
	defer c.core.mu.Unlock()
	return c.lowThreshold
}

// Close closes the channel at the peer as well, unless the other direction of it is in use.
func (c *DataConsumer) Close() {
	c.core.mu.Lock()
	defer c.core.mu.Unlock()
	if c.end(ClosedByApplication) {
		c.core.closeInWorker(c.id)
	}
}

// Send sends to this one peer, and returns the buffered amount afterwards, in bytes. It fails with
// ErrResourceExhausted if the send buffer is full.
func (c *DataConsumer) Send(ctx context.Context, message Message) (bufferedAmount uint32, err error) {
	return ask(ctx, &c.object, schema.RequestBodySendData, encodeMessage(message), decodeBufferedAmount)
}

// GetBufferedAmount is how many bytes the peer has not acknowledged.
func (c *DataConsumer) GetBufferedAmount(ctx context.Context) (uint32, error) {
	return ask(ctx, &c.object, schema.RequestBodyGetBufferedAmount, &schema.GetBufferedAmountT{}, decodeBufferedAmount)
}

// SetBufferedAmountLowThreshold has OnBufferedAmountLow told when so many bytes are left, or fewer.
func (c *DataConsumer) SetBufferedAmountLowThreshold(ctx context.Context, threshold uint32) error {
	body := &schema.SetBufferedAmountLowThresholdT{Threshold: threshold}
	return c.command(ctx, schema.RequestBodySetBufferedAmountLowThreshold, body, func() { c.lowThreshold = threshold })
}

// SetSubchannels has it listen to these; to everything if there are none. At most 1,024.
func (c *DataConsumer) SetSubchannels(ctx context.Context, subchannels []uint16) error {
	if err := checkSubchannels(subchannels, "subchannels"); err != nil {
		return err
	}
	body := &schema.SetSubchannelsT{Subchannels: subchannels}
	return c.commandWith(ctx, schema.RequestBodySetSubchannels, body, c.takeSubchannels)
}

// AddSubchannel has it listen to one more.
func (c *DataConsumer) AddSubchannel(ctx context.Context, subchannel uint16) error {
	body := &schema.AddSubchannelT{Subchannel: subchannel}
	return c.commandWith(ctx, schema.RequestBodyAddSubchannel, body, c.takeSubchannels)
}

// RemoveSubchannel has it listen to one less.
func (c *DataConsumer) RemoveSubchannel(ctx context.Context, subchannel uint16) error {
	body := &schema.RemoveSubchannelT{Subchannel: subchannel}
	return c.commandWith(ctx, schema.RequestBodyRemoveSubchannel, body, c.takeSubchannels)
}

// GetStats is what has gone out.
func (c *DataConsumer) GetStats(ctx context.Context) (*DataConsumerStat, error) {
	return ask(ctx, &c.object, schema.RequestBodyGetStats, &schema.GetStatsT{}, decodeDataConsumerStats)
}

// OnMessage tells of each message, if the application listens. All listeners get the same bytes. To miss
// none, consume with Paused, and Resume when the listener is there.
func (c *DataConsumer) OnMessage(call func(Message)) (remove func()) {
	return c.onMessage.add(c.core, call)
}

// OnBufferedAmountLow tells when the buffered amount has fallen to the threshold or below.
func (c *DataConsumer) OnBufferedAmountLow(call func(bufferedAmount uint32)) (remove func()) {
	return c.onLow.add(c.core, call)
}

// OnSctpSendBufferFull tells that a message was dropped. Again only after one was sent.
func (c *DataConsumer) OnSctpSendBufferFull(call func()) (remove func()) {
	return c.onFull.add(c.core, func(struct{}) { call() })
}

// OnDataProducerPause tells when the data producer pauses.
func (c *DataConsumer) OnDataProducerPause(call func()) (remove func()) {
	return c.onProducerPause.add(c.core, func(struct{}) { call() })
}

// OnDataProducerResume tells when the data producer goes on.
func (c *DataConsumer) OnDataProducerResume(call func()) (remove func()) {
	return c.onProducerResume.add(c.core, func(struct{}) { call() })
}

func decodeBufferedAmount(response *schema.Response) (uint32, error) {
	amount, err := bodyOf[schema.BufferedAmount](response, schema.ResponseBodyBufferedAmount)
	if err != nil {
		return 0, err
	}
	return amount.Bytes(), nil
}

// With core.mu held, as the rest.
func (c *DataConsumer) takeSubchannels(response *schema.Response) error {
	told, err := bodyOf[schema.Subchannels](response, schema.ResponseBodySubchannels)
	if err != nil {
		return err
	}
	c.subchannels = nil
	for i := 0; i < told.SubchannelsLength(); i++ {
		c.subchannels = append(c.subchannels, told.Subchannels(i))
	}
	return nil
}

func (c *DataConsumer) end(reason CloseReason) bool {
	if c.reason != NotClosed {
		return false
	}
	data := &c.transport.data
	delete(data.consumers, c.id)
	if c.source != nil {
		c.source.consumers--
	}
	data.release(c.stream)
	return c.finish(reason)
}

func (c *DataConsumer) setProducerPaused(paused bool) {
	if c.dataProducerPaused == paused {
		return
	}
	c.dataProducerPaused = paused
	if paused {
		c.onProducerPause.emit(c.core, struct{}{})
	} else {
		c.onProducerResume.emit(c.core, struct{}{})
	}
}

func (c *DataConsumer) handle(notification *schema.Notification) {
	switch notification.BodyType() {
	case schema.NotificationBodyDataMessage:
		message := newsOf[schema.DataMessage](notification)
		// The frame that it came in is used again.
		c.onMessage.emit(c.core, Message{PPID: message.Ppid(), Data: append([]byte{}, message.DataBytes()...)})
	case schema.NotificationBodyBufferedAmountLow:
		c.onLow.emit(c.core, newsOf[schema.BufferedAmountLow](notification).Bytes())
	case schema.NotificationBodySendBufferFull:
		c.onFull.emit(c.core, struct{}{})
	case schema.NotificationBodyProducerPaused:
		c.setProducerPaused(true)
	case schema.NotificationBodyProducerResumed:
		c.setProducerPaused(false)
	case schema.NotificationBodyProducerClosed:
		// The worker has closed the consumer already.
		c.end(ClosedWithProducer)
	}
}
