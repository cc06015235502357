package sluice

import (
	"context"
	"strconv"
	"time"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
	"sluice.dev/sdk/ortc"
	"sluice.dev/sdk/rtp"
)

// ProduceOptions describe a stream that a peer sends.
type ProduceOptions struct {
	// ID is 1 to 64 printable ASCII characters without spaces, unique in the worker; random if empty.
	ID            string
	Kind          MediaKind
	RtpParameters RtpParameters
	Paused        bool
	// KeyFrameRequestDelay is the least time between two key-frame requests, in milliseconds; 0 takes
	// the worker's default of 200 ms.
	KeyFrameRequestDelay time.Duration
	AppData              any
	// Of what a pipe carries.
	origin pipeOrigin
}

// ConsumeOptions describe a stream that a peer shall get.
type ConsumeOptions struct {
	ProducerID string
	// RtpCapabilities are those of the peer. Of pipe transports, and with Pipe, they are of no use.
	RtpCapabilities RtpCapabilities
	// Paused is best true until the client is ready, then Resume.
	Paused bool
	// MID is counted up by the transport if empty.
	MID string
	// EnableRtx asks for retransmissions (RFC 4588). Nil: for video, and not for audio.
	EnableRtx *bool
	// PreferredLayers are the highest layers of video that are of use to the client; nil: all.
	PreferredLayers *ConsumerLayers
	// Priority is who is served first if the path is too narrow for all: 1 to 255; 0 stands for 1.
	Priority uint8
	// Numbering says whose payload types and header extension ids the stream carries. Empty: the router's,
	// as mediasoup-client wants it.
	Numbering Numbering
	// SSRC is one of ReserveSSRC of the same transport; 0 takes a random one.
	SSRC uint32
	// IgnoreDtx leaves out packets in which nobody speaks (Opus DTX).
	IgnoreDtx bool
	// Pipe sends all encodings, as pipe transports do in any case.
	Pipe    bool
	AppData any
}

// Numbering says whose payload types and header extension ids a consumer carries.
type Numbering string

const (
	// RouterNumbers are those of the router.
	RouterNumbers Numbering = "router"
	// ReceiverNumbers are those of the client's RtpCapabilities, for clients that chose them in an SDP
	// offer. Whoever mixes both on one transport has to see to it that no number means two things.
	ReceiverNumbers Numbering = "receiver"
)

const mostKeyFrameRequestDelay = maxUint32 * time.Millisecond

// Produce makes a producer of what the peer sends. It fails with ErrUnsupported for a codec that the router
// does not have.
func (t *transport) Produce(ctx context.Context, options ProduceOptions) (*Producer, error) {
	if err := t.checkOpen(); err != nil {
		return nil, err
	}
	p, body, err := t.describeProducer(&options)
	if err != nil {
		return nil, err
	}
	err = t.core.create(ctx, p.id, request{
		method: schema.RequestBodyProduce,
		target: t.id,
		body:   body,
		apply: func(response *schema.Response) error {
			produced, err := bodyOf[schema.Produced](response, schema.ResponseBodyProduced)
			if err != nil {
				return err
			}
			if err := t.requireOpen(); err != nil {
				return err
			}
			p.streamType = ProducerType(produced.Type())
			t.producers[p.id] = p
			t.router.producers[p.id] = p
			p.begin(p)
			t.onProducer.emit(t.core, p)
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (t *transport) describeProducer(options *ProduceOptions) (*Producer, *schema.ProduceT, error) {
	id, err := checkID(options.ID)
	if err != nil {
		return nil, nil, err
	}
	if options.Kind != rtp.Audio && options.Kind != rtp.Video {
		return nil, nil, fault.Argument("kind", "%q is neither audio nor video", options.Kind)
	}
	delay, err := milliseconds(options.KeyFrameRequestDelay, "keyFrameRequestDelay", 0, 0, mostKeyFrameRequestDelay)
	if err != nil {
		return nil, nil, err
	}
	parameters, err := ortc.ValidateProducerParameters(options.Kind, options.RtpParameters)
	if err != nil {
		return nil, nil, err
	}
	t.shareCname(&parameters)
	ours := t.router.RtpCapabilities()
	mapping, err := ortc.ProducerMapping(parameters, ours)
	if err != nil {
		return nil, nil, err
	}
	consumable, err := ortc.ConsumableParameters(options.Kind, parameters, ours, mapping)
	if err != nil {
		return nil, nil, err
	}
	p := newProducer(t, id, options, parameters, consumable)
	return p, &schema.ProduceT{
		ProducerId:             id,
		Kind:                   encodeKind(options.Kind),
		RtpParameters:          encodeRtpParameters(parameters),
		Mapping:                encodeMapping(mapping),
		Paused:                 options.Paused,
		KeyFrameRequestDelayMs: delay,
	}, nil
}

// Consume makes a consumer of what a producer of the router sends. It fails with ErrNotFound if the router
// has no such producer, and with ErrUnsupported if the peer can decode none of its codecs.
//
// On pipe transports, and with Pipe, the peer gets all encodings, whatever it can decode; the consumer's
// RtpParameters are for Produce at the other end.
func (t *transport) Consume(ctx context.Context, options ConsumeOptions) (*Consumer, error) {
	if err := t.checkOpen(); err != nil {
		return nil, err
	}
	switch options.Numbering {
	case "", RouterNumbers, ReceiverNumbers:
	default:
		return nil, fault.Argument("numbering", "is none of router, receiver")
	}
	producer, err := t.router.findProducer(options.ProducerID)
	if err != nil {
		return nil, err
	}
	c, err := t.describeConsumer(&options, producer)
	if err != nil {
		return nil, err
	}
	body, err := c.encode(&options)
	if err == nil {
		err = t.core.create(ctx, c.id, request{method: schema.RequestBodyConsume, target: t.id, body: body,
			apply: func(response *schema.Response) error { return t.addConsumer(c, response) }})
	}
	if err != nil {
		t.release(c)
		return nil, err
	}
	return c, nil
}

// With core.mu held.
func (t *transport) addConsumer(c *Consumer, response *schema.Response) error {
	consumed, err := bodyOf[schema.Consumed](response, schema.ResponseBodyConsumed)
	if err != nil {
		return err
	}
	if err := t.requireOpen(); err != nil {
		return err
	}
	c.streamType = ConsumerType(consumed.Type())
	c.producerPaused = consumed.ProducerPaused()
	t.consumers[c.id] = c
	if producer := t.router.producers[c.producerID]; producer != nil {
		c.source = producer
		producer.consumers++
	}
	c.begin(c)
	t.onConsumer.emit(t.core, c)
	return nil
}

// describeConsumer takes the SSRCs that the consumer needs.
func (t *transport) describeConsumer(options *ConsumeOptions, producer *Producer) (*Consumer, error) {
	c := newConsumer(t, producer, options)
	c.isPipe = options.Pipe || t.kind == transportPipe
	count := 1
	if c.isPipe {
		count = len(producer.consumable.Encodings)
	}
	if options.SSRC != 0 && !c.isPipe {
		c.ssrcs, count = []uint32{options.SSRC}, 0
	}
	mid := t.reserve(c, count, options.MID)
	enableRtx := valueOr(options.EnableRtx, producer.kind == rtp.Video)
	var err error
	if c.isPipe {
		if pipe, ok := t.whole.(*PipeTransport); ok {
			enableRtx = pipe.enableRtx
		}
		c.parameters, err = ortc.PipeParameters(producer.consumable, producer.parameters,
			ortc.PipeOptions{EnableRtx: enableRtx, SSRCs: c.ssrcs})
	} else {
		c.parameters, err = ortc.ConsumerParameters(producer.consumable, options.RtpCapabilities,
			ortc.ConsumerOptions{EnableRtx: enableRtx, SSRC: c.ssrcs[0], MID: mid})
		if err == nil && options.Numbering == ReceiverNumbers {
			c.parameters, c.mapping, err = ortc.InReceiverNumbers(c.parameters, options.RtpCapabilities)
		}
		c.preferred = initialLayers(producer.kind, c.parameters.Encodings, options.PreferredLayers)
	}
	if err != nil {
		t.release(c)
		return nil, err
	}
	return c, nil
}

// reserve takes SSRCs, and a MID if none is wanted in particular.
func (t *transport) reserve(c *Consumer, count int, wanted string) (mid string) {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	for i := 0; i < count; i++ {
		c.ssrcs = append(c.ssrcs, t.ssrcs.take())
	}
	if wanted != "" || c.isPipe {
		return wanted
	}
	mid = strconv.Itoa(t.nextMid)
	t.nextMid++
	return mid
}

// ReserveSSRC gives an SSRC that nothing on the transport has, nor the one behind it, which is that of
// retransmissions: for who must name a stream before it is consumed, as an SDP offer does. It is free
// again when its consumer is closed, or could not be made, or by ReleaseSSRC.
func (t *transport) ReserveSSRC() uint32 {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	return t.ssrcs.take()
}

// ReleaseSSRC gives back what ReserveSSRC gave, if it was not consumed with.
func (t *transport) ReleaseSSRC(ssrc uint32) {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	t.ssrcs.release(ssrc)
}

func (t *transport) release(c *Consumer) {
	t.core.mu.Lock()
	defer t.core.mu.Unlock()
	t.ssrcs.release(c.ssrcs...)
}

// initialLayers are what a new consumer prefers: wanted, else all that is declared. Nil where there is
// nothing to choose from.
func initialLayers(kind rtp.MediaKind, encodings []rtp.EncodingParameters, wanted *ConsumerLayers) *ConsumerLayers {
	if kind == rtp.Audio {
		return nil
	}
	if wanted != nil {
		return copyLayers(wanted)
	}
	highest := highestLayers(encodings)
	if highest.SpatialLayer == 0 && *highest.TemporalLayer == 0 {
		return nil
	}
	return highest
}
