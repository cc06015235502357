package sluice

import (
	"context"
	"time"

	"sluice.dev/sdk/internal/fault"
)

// Two workers of one host need some round trips, and one of them may still be busy with others. Whoever waits
// longer is told that something is in the way of their datagrams.
const pipeConnectTimeout = 10 * time.Second

// carryData is carry for data producers, over a stream of the same pipe.
func (r *Router) carryData(producer *DataProducer, options *PipeToRouterOptions, keepID bool, forget func()) (
	*PipeToRouterResult, error,
) {
	ctx := context.Background()
	pair, err := r.pairWith(options)
	if err != nil {
		return nil, err
	}
	if pair.near.SctpParameters() == nil || pair.far.SctpParameters() == nil {
		return nil, fault.Errorf(ErrInvalidState, "the pipe of these routers was made with DisableSctp")
	}
	if err := firstError(awaitSctp(pair.near), awaitSctp(pair.far)); err != nil {
		return nil, err
	}
	// Each direction has its own half of the streams, or closing one would reset the other as well.
	first := 0
	if options.Router.id < r.id {
		first = 1
	}
	id, err := pair.reserveStream(first, 2)
	if err != nil {
		return nil, err
	}
	defer pair.unreserveStream(id)
	stream := SctpStreamParameters{}
	if producer.stream != nil {
		stream = *producer.stream
	}
	stream.StreamID = id
	// The far end first: what came before it is there would be lost.
	produce := DataProducerOptions{SctpStreamParameters: &stream, Label: producer.label, Protocol: producer.protocol,
		Paused: producer.Paused(), AppData: producer.AppData(),
		origin: pipeOrigin{router: r, before: producer.comesFrom}}
	if keepID {
		produce.ID = producer.id
	}
	copied, err := pair.far.ProduceData(ctx, produce)
	if err != nil {
		return nil, err
	}
	consumer, err := pair.consumeStream(ctx, producer, copied, &stream)
	if err != nil {
		return nil, err
	}
	copied.OnClose(func(CloseReason) {
		consumer.Close()
		forget()
	})
	consumer.OnClose(func(CloseReason) { copied.Close() })
	keepInStep(r.worker, consumer, copied)
	if consumer.Closed() || copied.Closed() {
		copied.Close()
		consumer.Close()
		return nil, fault.Errorf(ErrInvalidState, "the data producer, or a router, was closed while it was carried")
	}
	return &PipeToRouterResult{PipeDataConsumer: consumer, PipeDataProducer: copied}, nil
}

func (p pipePair) consumeStream(ctx context.Context, producer, copied *DataProducer, stream *SctpStreamParameters) (
	*DataConsumer, error,
) {
	consumer, err := p.near.ConsumeData(ctx, DataConsumerOptions{DataProducerID: producer.id,
		StreamID: &stream.StreamID, Ordered: stream.Ordered, MaxPacketLifeTime: stream.MaxPacketLifeTime,
		MaxRetransmits: stream.MaxRetransmits})
	if err != nil {
		// A stream is free again once both ends have reset it, so both must have had it.
		if claim, claimErr := p.near.ProduceData(ctx, DataProducerOptions{SctpStreamParameters: stream}); claimErr == nil {
			claim.Close()
		}
		copied.Close()
	}
	return consumer, err
}

// reserveStream claims a stream that is free at both ends, so that nobody else is given it meanwhile.
func (p pipePair) reserveStream(first, step int) (uint16, error) {
	count := p.near.data.streamCount()
	if other := p.far.data.streamCount(); other < count {
		count = other
	}
	for id := first; id < count; id += step {
		if !p.near.claimIfFree(uint16(id)) {
			continue
		}
		if p.far.claimIfFree(uint16(id)) {
			return uint16(id), nil
		}
		p.near.unclaim(uint16(id))
	}
	return 0, fault.Errorf(ErrResourceExhausted, "all %d streams are taken, or on the way to be free", count)
}

func (p pipePair) unreserveStream(id uint16) {
	p.near.unclaim(id)
	p.far.unclaim(id)
}

func (t *PipeTransport) claimIfFree(id uint16) bool {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	isFree := t.data.streams.isFree(id)
	if isFree {
		t.data.streams.claim(id)
	}
	return isFree
}

func (t *PipeTransport) unclaim(id uint16) {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	t.data.streams.release(id, t.data.state == SctpConnected)
}

// awaitSctp: what is said before the ends are connected would be lost.
func awaitSctp(end *PipeTransport) error {
	changed := make(chan struct{}, 1)
	look := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	defer end.OnSctpStateChange(func(SctpState) { look() })()
	defer end.OnClose(func(CloseReason) { look() })()
	timer := time.NewTimer(pipeConnectTimeout)
	defer timer.Stop()
	for {
		switch end.SctpState() {
		case SctpConnected:
			return nil
		case SctpClosed, SctpFailed:
			return fault.Errorf(ErrInvalidState, "the pipe of these routers has lost its messages")
		}
		select {
		case <-changed:
		case <-timer.C:
			return fault.Errorf(ErrTimeout, "the ends of the pipe did not meet in %v", pipeConnectTimeout)
		}
	}
}
