package sdp

import (
	"context"
	"sync"
	"time"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/internal/fault"
)

const (
	defaultMaxDataChannels = 16
	// The streams of an association are numbered by 16 bits, and the last is no stream (RFC 8832 §5.1).
	mostDataChannels = 65_535
	// How long the worker may take to make a data producer of a channel.
	channelPatience = 10 * time.Second
)

// channels has what the client opened by itself, by stream.
type channels struct {
	mu      sync.Mutex
	open    map[uint16]*channel
	refused uint64
}

type channel struct {
	// producer is nil while it is made, or if nobody wants to hear it.
	producer *sluice.DataProducer
	isClosed bool
}

// hearChannels makes data producers of the channels that the client opens, if the application wants it.
func (c *Connection) hearChannels() {
	if c.options.OnDataProducer == nil {
		return
	}
	c.channels.open = map[uint16]*channel{}
	c.transport.OnDataChannelOpen(c.channelOpened)
	c.transport.OnDataChannelClose(c.channelClosed)
}

func (c *Connection) channelOpened(info sluice.DataChannelInfo) {
	streamID := info.SctpStreamParameters.StreamID
	opened := &channel{}
	c.channels.mu.Lock()
	isRefused := len(c.channels.open) >= c.options.MaxDataChannels
	if isRefused {
		c.channels.refused++
	} else {
		c.channels.open[streamID] = opened
	}
	c.channels.mu.Unlock()
	if !isRefused {
		c.events.push(func() { c.produceChannel(opened, info) })
	}
}

func (c *Connection) produceChannel(opened *channel, info sluice.DataChannelInfo) {
	ctx, cancel := context.WithTimeout(context.Background(), channelPatience)
	defer cancel()
	options := sluice.DataProducerOptions{Label: info.Label, Protocol: info.Protocol}
	if c.options.AcceptDataChannel != nil && !c.options.AcceptDataChannel(info, &options) {
		// It counts as long as the client has it open.
		return
	}
	options.SctpStreamParameters = &info.SctpStreamParameters
	producer, err := c.options.Make.ProduceData(ctx, options)
	c.channels.mu.Lock()
	opened.producer = producer
	isLate := opened.isClosed
	if err != nil && c.channels.open[info.SctpStreamParameters.StreamID] == opened {
		delete(c.channels.open, info.SctpStreamParameters.StreamID)
	}
	c.channels.mu.Unlock()
	switch {
	case err != nil:
		// The transport has gone, or the client uses a stream twice, which is its own loss.
	case isLate:
		producer.Close()
	default:
		c.options.OnDataProducer(producer)
	}
}

func (c *Connection) channelClosed(streamID uint16) {
	c.channels.mu.Lock()
	closed := c.channels.open[streamID]
	delete(c.channels.open, streamID)
	var producer *sluice.DataProducer
	if closed != nil {
		closed.isClosed = true
		producer = closed.producer
	}
	c.channels.mu.Unlock()
	if producer != nil {
		producer.Close()
	}
}

// RefusedDataChannels is how many channels of the client were beyond MaxDataChannels.
func (c *Connection) RefusedDataChannels() uint64 {
	c.channels.mu.Lock()
	defer c.channels.mu.Unlock()
	return c.channels.refused
}

// SendData has the client get what a data producer says, as a data channel: one that it
// has opened itself (StreamID), or a new one, as Negotiated is false if it is nil. If no data channels
// are negotiated yet the next offer, which is told to be needed, has them. SendData waits until the
// client has connected; when ctx ends first it returns its error, and ErrInvalidState if the
// connection ends or was made without Sctp.
func (c *Connection) SendData(ctx context.Context, options sluice.DataConsumerOptions) (*sluice.DataConsumer, error) {
	if err := c.OpenData(ctx); err != nil {
		return nil, err
	}
	if err := c.awaitSctp(ctx); err != nil {
		return nil, err
	}
	if options.Negotiated == nil {
		options.Negotiated = sluice.Ptr(false)
	}
	return c.options.Make.ConsumeData(ctx, options)
}

// awaitSctp waits until SCTP stands: the client has it in its description, and is connected.
func (c *Connection) awaitSctp(ctx context.Context) error {
	news := make(chan struct{}, 1)
	tell := func() {
		select {
		case news <- struct{}{}:
		default:
		}
	}
	defer c.transport.OnSctpStateChange(func(sluice.SctpState) { tell() })()
	defer c.transport.OnClose(func(sluice.CloseReason) { tell() })()
	for {
		if err := c.checkOpen(); err != nil {
			return err
		}
		switch state := c.transport.SctpState(); state {
		case sluice.SctpConnected:
			return nil
		case sluice.SctpFailed, sluice.SctpClosed:
			return fault.Errorf(fault.ErrInvalidState, "SCTP is %s", state)
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
