package sluice

import (
	"context"
	"encoding/json"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
	"sluice.dev/sdk/rtp"
)

// TransportType is "webrtc", "plain", "pipe" or "direct".
type TransportType string

const (
	transportWebRtc TransportType = "webrtc"
	transportPlain  TransportType = "plain"
	transportPipe   TransportType = "pipe"
	transportDirect TransportType = "direct"
)

// Transport is a way in and out of a router: a *WebRtcTransport, *PlainTransport, *PipeTransport or
// *DirectTransport. The streams on top are the same for all; how the peer is reached is not.
type Transport interface {
	// ID is unique in the worker.
	ID() string
	Type() TransportType
	// Router is where it leads to.
	Router() *Router
	Closed() bool
	CloseReason() CloseReason
	AppData() any
	SetAppData(any)

	// Close also closes its producers and consumers, of media and of data.
	Close()
	// Dump is its state in the worker as JSON, for people.
	Dump(context.Context) (json.RawMessage, error)
	GetStats(context.Context) (*TransportStat, error)

	Produce(context.Context, ProduceOptions) (*Producer, error)
	Consume(context.Context, ConsumeOptions) (*Consumer, error)
	ReserveSSRC() uint32
	ReleaseSSRC(ssrc uint32)
	ProduceData(context.Context, DataProducerOptions) (*DataProducer, error)
	ConsumeData(context.Context, DataConsumerOptions) (*DataConsumer, error)

	SetMaxIncomingBitrate(ctx context.Context, bitrate uint32) error
	SetMaxOutgoingBitrate(ctx context.Context, bitrate uint32) error
	SetMinOutgoingBitrate(ctx context.Context, bitrate uint32) error
	EnableTraceEvent(context.Context, ...TraceType) error
	SubscribeStats(context.Context, StatsSubscriptionOptions) error
	UnsubscribeStats(context.Context) error
	StartPacketTrace(context.Context, PacketTraceOptions) error
	StopPacketTrace(context.Context) error

	OnClose(func(CloseReason)) (remove func())
	OnTrace(func(Trace)) (remove func())
	OnStats(func(*StatsSnapshot)) (remove func())
	OnPacketTrace(func(PacketTraceChunk)) (remove func())
	OnNewProducer(func(*Producer)) (remove func())
	OnNewConsumer(func(*Consumer)) (remove func())
	OnNewDataProducer(func(*DataProducer)) (remove func())
	OnNewDataConsumer(func(*DataConsumer)) (remove func())

	newsListener
	// With core.mu held.
	end(CloseReason) bool
}

// transport is what all of them have in common.
type transport struct {
	object
	kind   TransportType
	router *Router
	// The whole of which this is a part.
	whole Transport
	data  transportData

	// core.mu guards the rest.
	producers   map[string]*Producer
	consumers   map[string]*Consumer
	ssrcs       ssrcPool
	cname       string
	nextMid     int
	maxOutgoing uint32
	minOutgoing uint32

	// A packet trace runs.
	isTraced bool
	stats    statsWatch

	onPackets      listeners[PacketTraceChunk]
	onTrace        listeners[Trace]
	onProducer     listeners[*Producer]
	onConsumer     listeners[*Consumer]
	onDataProducer listeners[*DataProducer]
	onDataConsumer listeners[*DataConsumer]
}

// Less does not even carry audio.
const leastOutgoingBitrate = 30000

func (t *transport) init(r *Router, whole Transport, kind TransportType, appData any) {
	t.object = object{core: r.core, id: newID(), noun: string(kind) + " transport", appData: appData}
	t.router, t.whole, t.kind = r, whole, kind
	t.producers = map[string]*Producer{}
	t.consumers = map[string]*Consumer{}
	t.data.init(t)
}

// Type is the kind of transport.
func (t *transport) Type() TransportType { return t.kind }

// Router is where it leads to.
func (t *transport) Router() *Router { return t.router }

// Close also closes its producers and consumers, of media and of data.
func (t *transport) Close() {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	if t.whole.end(ClosedByApplication) {
		t.core.closeInWorker(t.id)
	}
}

// GetStats is what it has carried. Counters start with the transport.
func (t *transport) GetStats(ctx context.Context) (*TransportStat, error) {
	return ask(ctx, &t.object, schema.RequestBodyGetStats, &schema.GetStatsT{}, func(response *schema.Response) (
		*TransportStat, error,
	) {
		stats, err := bodyOf[schema.TransportStats](response, schema.ResponseBodyTransportStats)
		if err != nil {
			return nil, err
		}
		return decodeTransportStats(stats, t.kind), nil
	})
}

// SetMaxIncomingBitrate bounds what the peer may send, in bits per second; 0 is no bound.
func (t *transport) SetMaxIncomingBitrate(ctx context.Context, bitrate uint32) error {
	if err := t.checkHasPath(); err != nil {
		return err
	}
	body := &schema.SetMaxIncomingBitrateT{Bitrate: bitrate}
	return t.command(ctx, schema.RequestBodySetMaxIncomingBitrate, body, nil)
}

// SetMaxOutgoingBitrate is the most that is sent to the peer, whatever is estimated, in bits per second:
// at least 30,000 and not below the minimum, or 0 for no bound.
func (t *transport) SetMaxOutgoingBitrate(ctx context.Context, bitrate uint32) error {
	if err := t.checkHasPath(); err != nil {
		return err
	}
	t.core.mu.Lock()
	least := t.minOutgoing
	t.core.mu.Unlock()
	if bitrate != 0 && (bitrate < leastOutgoingBitrate || bitrate < least) {
		return fault.Argument("bitrate", "%d is less than %d or the minimum of %d", bitrate, leastOutgoingBitrate, least)
	}
	body := &schema.SetMaxOutgoingBitrateT{Bitrate: bitrate}
	return t.command(ctx, schema.RequestBodySetMaxOutgoingBitrate, body, func() { t.maxOutgoing = bitrate })
}

// SetMinOutgoingBitrate is what the path to the peer is taken to carry at the least, whatever is
// estimated, in bits per second: at least 30,000 and not above the maximum, or 0 for no bound.
func (t *transport) SetMinOutgoingBitrate(ctx context.Context, bitrate uint32) error {
	if err := t.checkHasPath(); err != nil {
		return err
	}
	t.core.mu.Lock()
	most := t.maxOutgoing
	t.core.mu.Unlock()
	if bitrate != 0 && (bitrate < leastOutgoingBitrate || most != 0 && bitrate > most) {
		return fault.Argument("bitrate", "%d is less than %d or above the maximum of %d", bitrate, leastOutgoingBitrate, most)
	}
	body := &schema.SetMinOutgoingBitrateT{Bitrate: bitrate}
	return t.command(ctx, schema.RequestBodySetMinOutgoingBitrate, body, func() { t.minOutgoing = bitrate })
}

// EnableTraceEvent has OnTrace told of these types from now on, and of no others: TraceBwe and
// TraceProbation.
func (t *transport) EnableTraceEvent(ctx context.Context, types ...TraceType) error {
	return enableTraces(ctx, &t.object, types, transportTraceTypes)
}

// OnTrace tells what EnableTraceEvent asked for.
func (t *transport) OnTrace(call func(Trace)) (remove func()) { return t.onTrace.add(t.core, call) }

// OnNewProducer tells of each producer that is made.
func (t *transport) OnNewProducer(call func(*Producer)) (remove func()) {
	return t.onProducer.add(t.core, call)
}

// OnNewConsumer tells of each consumer that is made.
func (t *transport) OnNewConsumer(call func(*Consumer)) (remove func()) {
	return t.onConsumer.add(t.core, call)
}

// OnNewDataProducer tells of each data producer that is made.
func (t *transport) OnNewDataProducer(call func(*DataProducer)) (remove func()) {
	return t.onDataProducer.add(t.core, call)
}

// OnNewDataConsumer tells of each data consumer that is made.
func (t *transport) OnNewDataConsumer(call func(*DataConsumer)) (remove func()) {
	return t.onDataConsumer.add(t.core, call)
}

func (t *transport) checkHasPath() error {
	if t.kind == transportDirect {
		return fault.Errorf(ErrUnsupported, "a direct transport has no path that could be bounded")
	}
	return nil
}

// handle is told what no kind of transport knows better. With core.mu held.
func (t *transport) handle(notification *schema.Notification) {
	if t.data.handle(notification) || t.stats.handle(t.core, notification) {
		return
	}
	switch notification.BodyType() {
	case schema.NotificationBodyTrace:
		if trace, ok := decodeTrace(newsOf[schema.Trace](notification)); ok {
			t.onTrace.emit(t.core, trace)
		}
	case schema.NotificationBodyPacketTraceChunk:
		t.takePackets(newsOf[schema.PacketTraceChunk](notification))
	}
}

// end closes what it carries. With core.mu held.
func (t *transport) end(reason CloseReason) bool {
	if t.reason != NotClosed {
		return false
	}
	inner := reason
	if reason == ClosedByApplication || reason == ClosedWithListenServer {
		inner = ClosedWithTransport
	}
	delete(t.router.transports, t.id)
	for _, producer := range t.producers {
		producer.end(inner)
	}
	for _, consumer := range t.consumers {
		consumer.end(inner)
	}
	t.data.end(inner)
	t.endPackets()
	return t.finish(reason)
}

// shareCname gives parameters the CNAME of the transport. RFC 3550 §6.5.1: what comes from one
// participant has one, or receivers could not play audio and video in step.
func (t *transport) shareCname(parameters *rtp.Parameters) {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	if t.cname == "" {
		t.cname = parameters.Rtcp.CNAME
	}
	if t.cname == "" {
		t.cname = newID()[:8]
	}
	parameters.Rtcp.CNAME = t.cname
}
