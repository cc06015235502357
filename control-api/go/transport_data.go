package sluice

import (
	"context"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
)

// DataProducerOptions describe messages to whoever consumes them.
type DataProducerOptions struct {
	// ID is 1 to 64 printable ASCII characters without spaces, unique in the worker; random if empty.
	ID string
	// SctpStreamParameters are the peer's stream. Nil: the application speaks, by DataProducer.Send, as
	// it does in any case on a direct transport.
	SctpStreamParameters *SctpStreamParameters
	Label                string
	Protocol             string
	Paused               bool
	AppData              any
	// Of what a pipe carries.
	origin pipeOrigin
}

// DataConsumerOptions describe whose messages a peer, or the application, shall get.
type DataConsumerOptions struct {
	DataProducerID string
	// Ordered, MaxPacketLifeTime (milliseconds) and MaxRetransmits are those of the producer if all of
	// them are nil.
	Ordered           *bool
	MaxPacketLifeTime *uint16
	MaxRetransmits    *uint16
	// StreamID is the stream; nil takes the lowest that is free.
	StreamID *uint16
	// Negotiated false opens the channel at the client, as 'datachannel' of its RTCPeerConnection (RFC
	// 8832). Nil or true: the client creates it itself, negotiated, as mediasoup-client does. The ends
	// of a pipe always agree.
	Negotiated *bool
	// Direct has the application listen, by DataConsumer.OnMessage, in place of the peer. Always so on
	// direct transports.
	Direct bool
	// Paused is best true until there is a listener, then Resume.
	Paused bool
	// Subchannels: messages of these sub-channels and of none; all if empty.
	Subchannels []uint16
	AppData     any
}

// DataChannelInfo is a channel that the client opened by itself. Produce on its stream to hear it.
type DataChannelInfo struct {
	SctpStreamParameters SctpStreamParameters `json:"sctpStreamParameters"`
	Label                string               `json:"label"`
	Protocol             string               `json:"protocol"`
}

// transportData is the data producers and data consumers of a transport. core.mu guards it.
type transportData struct {
	transport  *transport
	parameters *SctpParameters
	state      SctpState
	negotiated *SctpNegotiatedCapabilities
	producers  map[string]*DataProducer
	consumers  map[string]*DataConsumer
	streams    dataStreams

	onState      listeners[SctpState]
	onNegotiated listeners[SctpNegotiatedCapabilities]
	onOpen       listeners[DataChannelInfo]
	onReset      listeners[uint16]
}

func (d *transportData) init(t *transport) {
	d.transport = t
	d.producers = map[string]*DataProducer{}
	d.consumers = map[string]*DataConsumer{}
	d.streams = newDataStreams()
}

func (d *transportData) sctpParameters() *SctpParameters {
	d.transport.core.mu.Lock()
	defer d.transport.core.mu.Unlock()
	if d.parameters == nil {
		return nil
	}
	parameters := *d.parameters
	return &parameters
}

func (d *transportData) sctpState() SctpState {
	d.transport.core.mu.Lock()
	defer d.transport.core.mu.Unlock()
	return d.state
}

func (d *transportData) negotiatedCapabilities() *SctpNegotiatedCapabilities {
	d.transport.core.mu.Lock()
	defer d.transport.core.mu.Unlock()
	if d.negotiated == nil {
		return nil
	}
	negotiated := *d.negotiated
	return &negotiated
}

// ProduceData makes a data producer of the peer's stream or, without one, of what the application says.
func (t *transport) ProduceData(ctx context.Context, options DataProducerOptions) (*DataProducer, error) {
	if err := t.checkOpen(); err != nil {
		return nil, err
	}
	id, err := checkID(options.ID)
	if err != nil {
		return nil, err
	}
	p := &DataProducer{dataObject: newDataObject(t, id, "data producer", options.AppData)}
	p.label, p.protocol, p.paused = options.Label, options.Protocol, options.Paused
	p.origin = options.origin
	if options.SctpStreamParameters != nil && t.kind != transportDirect {
		if p.stream, err = options.SctpStreamParameters.check("sctpStreamParameters"); err != nil {
			return nil, err
		}
	}
	body := &schema.ProduceDataT{DataProducerId: id, Stream: p.stream.encode(), Label: p.label,
		Protocol: p.protocol, Paused: p.paused}
	pick := func() error { return t.data.requireSctpFor(p.stream) }
	err = t.createData(ctx, &p.dataObject, pick, request{method: schema.RequestBodyProduceData, body: body,
		apply: func(*schema.Response) error {
			t.data.producers[id] = p
			t.router.dataProducers[id] = p
			p.begin(p)
			t.onDataProducer.emit(t.core, p)
			return nil
		}})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// ConsumeData makes a data consumer of a data producer's messages, for the peer or, with Direct, for the
// application. It fails with ErrNotFound if the router has no such data producer.
func (t *transport) ConsumeData(ctx context.Context, options DataConsumerOptions) (*DataConsumer, error) {
	if err := t.checkOpen(); err != nil {
		return nil, err
	}
	producer := t.router.FindDataProducer(options.DataProducerID)
	if producer == nil {
		return nil, noProducer("dataProducerId", "data producer", options.DataProducerID)
	}
	if err := checkSubchannels(options.Subchannels, "subchannels"); err != nil {
		return nil, err
	}
	c := &DataConsumer{
		dataObject:     newDataObject(t, newID(), "data consumer", options.AppData),
		dataProducerID: producer.id,
		subchannels:    append([]uint16(nil), options.Subchannels...),
	}
	c.paused = options.Paused
	body := &schema.ConsumeDataT{DataConsumerId: c.id, DataProducerId: producer.id,
		Negotiated: valueOr(options.Negotiated, true), Paused: c.paused, Subchannels: c.subchannels}
	pick := func() (err error) {
		if !options.Direct && t.kind != transportDirect {
			c.stream, err = t.data.pickStream(&options, producer)
			body.Stream = c.stream.encode()
		}
		return err
	}
	err := t.createData(ctx, &c.dataObject, pick, request{method: schema.RequestBodyConsumeData, body: body,
		apply: func(response *schema.Response) error { return t.data.addConsumer(c, response) }})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// createData asks for an object whose stream, if it has one, pick has chosen with core.mu held. From that
// moment on nobody else is given the stream.
func (t *transport) createData(ctx context.Context, o *dataObject, pick func() error, r request) error {
	t.core.mu.Lock()
	err := pick()
	if err == nil && o.stream != nil {
		t.data.streams.claim(o.stream.StreamID)
	}
	t.core.mu.Unlock()
	if err != nil {
		return err
	}
	apply := r.apply
	r.target = t.id
	r.apply = func(response *schema.Response) error {
		if o.stream != nil {
			t.data.streams.grant(o.stream.StreamID)
		}
		if err := t.requireOpen(); err != nil {
			return err
		}
		return apply(response)
	}
	r.late = func(*schema.Response) {
		// It is free when both sides have reset it; without an association nobody will tell so.
		if o.stream != nil && t.data.state == SctpConnected {
			t.data.streams.grant(o.stream.StreamID)
		}
	}
	if err := t.core.create(ctx, o.id, r); err != nil {
		t.core.mu.Lock()
		defer t.core.mu.Unlock()
		t.data.release(o.stream)
		return err
	}
	return nil
}

// With core.mu held, as the rest.
func (d *transportData) enable(sctp *schema.SctpParameters) {
	d.parameters = decodeSctpParameters(sctp, d.transport.kind == transportWebRtc)
	if d.parameters != nil {
		d.state = SctpNew
	}
}

func (d *transportData) addConsumer(c *DataConsumer, response *schema.Response) error {
	consumed, err := bodyOf[schema.DataConsumed](response, schema.ResponseBodyDataConsumed)
	if err != nil {
		return err
	}
	c.label, c.protocol = string(consumed.Label()), string(consumed.Protocol())
	c.dataProducerPaused = consumed.ProducerPaused()
	d.consumers[c.id] = c
	if producer := d.transport.router.dataProducers[c.dataProducerID]; producer != nil {
		c.source = producer
		producer.consumers++
	}
	c.begin(c)
	d.transport.onDataConsumer.emit(d.transport.core, c)
	return nil
}

func (d *transportData) requireSctpFor(stream *SctpStreamParameters) error {
	if stream == nil || d.parameters != nil {
		return nil
	}
	return fault.Errorf(ErrInvalidState, "the %s was made without SctpOptions", d.transport.noun)
}

// pickStream: what is promised is what the producer's client promised, unless the application wants another.
func (d *transportData) pickStream(options *DataConsumerOptions, producer *DataProducer) (*SctpStreamParameters, error) {
	stream := SctpStreamParameters{Ordered: options.Ordered, MaxPacketLifeTime: options.MaxPacketLifeTime,
		MaxRetransmits: options.MaxRetransmits}
	if err := d.requireSctpFor(&stream); err != nil {
		return nil, err
	}
	isAsked := options.Ordered != nil || options.MaxPacketLifeTime != nil || options.MaxRetransmits != nil
	if !isAsked && producer.stream != nil {
		stream = *producer.stream
	}
	if options.StreamID != nil {
		stream.StreamID = *options.StreamID
		return stream.check("options")
	}
	id, err := d.streamToClient(valueOr(options.Negotiated, true))
	if err != nil {
		return nil, err
	}
	stream.StreamID = id
	return stream.check("options")
}

// The DTLS client opens channels on even streams (RFC 8832 §6).
func (d *transportData) streamToClient(negotiated bool) (uint16, error) {
	if negotiated {
		return d.freeStream(0, 1)
	}
	t, ok := d.transport.whole.(*WebRtcTransport)
	if !ok {
		return 0, fault.Errorf(ErrInvalidState, "negotiated: the two ends of a %s agree on streams", d.transport.noun)
	}
	switch t.dtlsParameters.Role {
	case DtlsClient:
		return d.freeStream(0, 2)
	case DtlsServer:
		return d.freeStream(1, 2)
	}
	return 0, fault.Errorf(ErrInvalidState, "channels can be opened once the transport has been connected")
}

// freeStream: of the streams from first on, every step-th, the lowest that nobody has. A channel has both
// directions.
func (d *transportData) freeStream(first, step int) (uint16, error) {
	count := d.streamCount()
	for id := first; id < count; id += step {
		if d.streams.isFree(uint16(id)) {
			return uint16(id), nil
		}
	}
	return 0, fault.Errorf(ErrResourceExhausted, "all %d streams are taken, or on the way to be free", count)
}

func (d *transportData) streamCount() int {
	if d.parameters.OS < d.parameters.MIS {
		return int(d.parameters.OS)
	}
	return int(d.parameters.MIS)
}

func (d *transportData) release(stream *SctpStreamParameters) {
	if stream != nil {
		d.streams.release(stream.StreamID, d.state == SctpConnected)
	}
}

func (d *transportData) end(reason CloseReason) {
	for _, producer := range d.producers {
		producer.end(reason)
	}
	for _, consumer := range d.consumers {
		consumer.end(reason)
	}
	if d.state != "" {
		d.state = SctpClosed
	}
}

// handle is true if the news was about data.
func (d *transportData) handle(notification *schema.Notification) bool {
	core := d.transport.core
	switch notification.BodyType() {
	case schema.NotificationBodySctpStateChange:
		d.state = SctpState(newsOf[schema.SctpStateChange](notification).State())
		d.onState.emit(core, d.state)
	case schema.NotificationBodySctpNegotiated:
		told := newsOf[schema.SctpNegotiated](notification)
		d.negotiated = &SctpNegotiatedCapabilities{NegotiatedMaxOutboundStreams: told.MaxOutboundStreams(),
			NegotiatedMaxInboundStreams: told.MaxInboundStreams()}
		d.onNegotiated.emit(core, *d.negotiated)
	case schema.NotificationBodyDataChannelOpened:
		opened := newsOf[schema.DataChannelOpened](notification)
		if stream := opened.Stream(nil); stream != nil {
			d.streams.grant(stream.StreamId())
			d.onOpen.emit(core, DataChannelInfo{SctpStreamParameters: decodeStream(stream),
				Label: string(opened.Label()), Protocol: string(opened.Protocol())})
		}
	case schema.NotificationBodyDataChannelClosed:
		id := newsOf[schema.DataChannelClosed](notification).StreamId()
		d.streams.recordReset(id)
		d.onReset.emit(core, id)
	default:
		return false
	}
	return true
}
