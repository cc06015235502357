package sluice

import (
	"context"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
	"sluice.dev/sdk/rtp"
)

// ConsumerType is "simple", "simulcast", "svc" or "pipe" (all encodings, for another router).
type ConsumerType string

// ConsumerScore tells how well a stream gets through: 0 (nothing arrives) to 10 (nothing is lost).
type ConsumerScore struct {
	// Score is of the stream as this consumer's client gets it.
	Score uint8 `json:"score"`
	// ProducerScore is of the producer's encoding that flows.
	ProducerScore uint8 `json:"producerScore"`
	// ProducerScores are of all encodings, in the order of the producer's RtpParameters.Encodings.
	ProducerScores []int `json:"producerScores"`
}

// LayersChange is what flows from now on.
type LayersChange struct {
	// Layers are nil if nothing flows.
	Layers *ConsumerLayers `json:"layers,omitempty"`
	// Reason is why, in one word of the worker, as "bandwidthDown".
	Reason string `json:"reason"`
}

const bestScore = 10

// Consumer is a stream that a router sends to a peer.
type Consumer struct {
	object
	transport  *transport
	producerID string
	kind       rtp.MediaKind
	parameters rtp.Parameters
	// mapping is empty where the parameters are in the router's payload types.
	mapping    rtp.Mapping
	streamType ConsumerType
	isPipe     bool
	ssrcs      []uint32
	// Nil if it was closed while the worker answered.
	source *Producer

	// core.mu guards the rest.
	paused         bool
	producerPaused bool
	preferred      *ConsumerLayers
	current        LayersChange
	priority       uint8
	score          ConsumerScore

	onPause          listeners[struct{}]
	onResume         listeners[struct{}]
	onProducerPause  listeners[struct{}]
	onProducerResume listeners[struct{}]
	onScore          listeners[ConsumerScore]
	onLayers         listeners[LayersChange]
	onTrace          listeners[Trace]
	onRtp            listeners[[]byte]
}

func newConsumer(t *transport, producer *Producer, options *ConsumeOptions) *Consumer {
	c := &Consumer{
		object:     object{core: t.core, id: newID(), noun: "consumer", appData: options.AppData},
		transport:  t,
		producerID: producer.id,
		kind:       producer.kind,
		paused:     options.Paused,
		priority:   options.Priority,
		// Until the first report there is nothing to complain about.
		score: ConsumerScore{Score: bestScore, ProducerScore: bestScore, ProducerScores: []int{}},
	}
	if c.priority == 0 {
		c.priority = 1
	}
	return c
}

func (c *Consumer) encode(options *ConsumeOptions) (*schema.ConsumeT, error) {
	body := &schema.ConsumeT{
		ConsumerId:    c.id,
		ProducerId:    c.producerID,
		Kind:          encodeKind(c.kind),
		RtpParameters: encodeRtpParameters(c.parameters),
		Paused:        c.paused,
		Priority:      c.priority,
		IgnoreDtx:     options.IgnoreDtx,
		Pipe:          options.Pipe,
		Mapping:       encodeMapping(c.mapping),
	}
	if options.PreferredLayers != nil && !c.isPipe {
		layers, err := encodeLayers(*options.PreferredLayers, "preferredLayers")
		if err != nil {
			return nil, err
		}
		body.PreferredLayers = layers
	}
	return body, nil
}

// ProducerID is what it consumes.
func (c *Consumer) ProducerID() string { return c.producerID }

// Kind is audio or video.
func (c *Consumer) Kind() MediaKind { return c.kind }

// Type is as the worker sees the stream.
func (c *Consumer) Type() ConsumerType { return c.streamType }

// Transport is where the stream goes out.
func (c *Consumer) Transport() Transport { return c.transport.whole }

// RtpParameters are what the peer has to be told. They are not to be changed.
func (c *Consumer) RtpParameters() RtpParameters { return c.parameters }

// Paused tells whether the application has paused it.
func (c *Consumer) Paused() bool {
	c.core.mu.Lock()
	defer c.core.mu.Unlock()
	return c.paused
}

// ProducerPaused tells whether its producer is paused.
func (c *Consumer) ProducerPaused() bool {
	c.core.mu.Lock()
	defer c.core.mu.Unlock()
	return c.producerPaused
}

// Priority is 1 to 255.
func (c *Consumer) Priority() uint8 {
	c.core.mu.Lock()
	defer c.core.mu.Unlock()
	return c.priority
}

// Score is perfect until the worker has told otherwise.
func (c *Consumer) Score() ConsumerScore {
	c.core.mu.Lock()
	defer c.core.mu.Unlock()
	score := c.score
	score.ProducerScores = append([]int{}, score.ProducerScores...)
	return score
}

// PreferredLayers are the highest that are of use: as asked for, else the highest that the producer
// declares. Nil for audio and for video without layers.
func (c *Consumer) PreferredLayers() *ConsumerLayers {
	c.core.mu.Lock()
	defer c.core.mu.Unlock()
	return copyLayers(c.preferred)
}

// CurrentLayers are what flows; nil for nothing, for audio, and until the worker has decided.
func (c *Consumer) CurrentLayers() *ConsumerLayers {
	c.core.mu.Lock()
	defer c.core.mu.Unlock()
	return copyLayers(c.current.Layers)
}

// LayersReason is why CurrentLayers last changed, in one word of the worker, as "bandwidthDown"; empty
// until the first change.
func (c *Consumer) LayersReason() string {
	c.core.mu.Lock()
	defer c.core.mu.Unlock()
	return c.current.Reason
}

// Close stops the stream.
func (c *Consumer) Close() {
	c.core.mu.Lock()
	defer c.core.mu.Unlock()
	if c.end(ClosedByApplication) {
		c.core.closeInWorker(c.id)
	}
}

// Pause has nothing sent until Resume.
func (c *Consumer) Pause(ctx context.Context) error {
	return c.command(ctx, schema.RequestBodyPause, &schema.PauseT{}, func() { c.setPaused(true) })
}

// Resume ends Pause. Of video it asks the producer for a key frame.
func (c *Consumer) Resume(ctx context.Context) error {
	return c.command(ctx, schema.RequestBodyResume, &schema.ResumeT{}, func() { c.setPaused(false) })
}

// RequestKeyFrame asks the producer for a picture that can be decoded by itself. Nothing for audio.
func (c *Consumer) RequestKeyFrame(ctx context.Context) error {
	if c.kind != rtp.Video {
		return c.checkOpen()
	}
	return c.command(ctx, schema.RequestBodyRequestKeyFrame, &schema.RequestKeyFrameT{}, nil)
}

// SetPreferredLayers are the highest that are of use to the client, say because its tile is small. What is
// sent may be lower. Numbers beyond what the producer has stand for the highest. Nothing for audio, and
// nothing on pipes, where the other end says what it wants.
func (c *Consumer) SetPreferredLayers(ctx context.Context, layers ConsumerLayers) error {
	encoded, err := encodeLayers(layers, "layers")
	if err != nil {
		return err
	}
	if c.kind != rtp.Video || c.isPipe {
		return c.checkOpen()
	}
	body := &schema.SetPreferredLayersT{Layers: encoded}
	return c.commandWith(ctx, schema.RequestBodySetPreferredLayers, body, func(response *schema.Response) error {
		set, err := bodyOf[schema.PreferredLayersSet](response, schema.ResponseBodyPreferredLayersSet)
		if err != nil {
			return err
		}
		c.preferred = decodeLayers(set.Layers(nil))
		// All of them, for which the worker has a number of its own.
		if c.preferred != nil && layers.TemporalLayer == nil {
			c.preferred.TemporalLayer = nil
		}
		return nil
	})
}

// SetPriority says who of the transport is served first, and with more: 255 before 1.
func (c *Consumer) SetPriority(ctx context.Context, priority uint8) error {
	if priority == 0 {
		return fault.Argument("priority", "is not 1 to 255")
	}
	body := &schema.SetPriorityT{Priority: priority}
	return c.command(ctx, schema.RequestBodySetPriority, body, func() { c.priority = priority })
}

// UnsetPriority goes back to 1.
func (c *Consumer) UnsetPriority(ctx context.Context) error { return c.SetPriority(ctx, 1) }

// GetStats has the stream as it is sent (of pipes one for each encoding), then the producer's stream that
// feeds it.
func (c *Consumer) GetStats(ctx context.Context) ([]RtpStreamStat, error) {
	outbound := 1
	if c.isPipe {
		outbound = len(c.parameters.Encodings)
	}
	return ask(ctx, &c.object, schema.RequestBodyGetStats, &schema.GetStatsT{},
		func(response *schema.Response) ([]RtpStreamStat, error) {
			streams, err := decodeStreams(response, outbound)
			return streams, err
		})
}

// EnableTraceEvent has OnTrace told of these types from now on, and of no others: TraceRtp, TraceKeyFrame,
// TraceNack, TracePli, TraceFir and TraceLayers.
func (c *Consumer) EnableTraceEvent(ctx context.Context, types ...TraceType) error {
	return enableTraces(ctx, &c.object, types, consumerTraceTypes)
}

// OnPause tells of each Pause that was not paused before.
func (c *Consumer) OnPause(call func()) (remove func()) {
	return c.onPause.add(c.core, func(struct{}) { call() })
}

// OnResume tells of each Resume that was paused before.
func (c *Consumer) OnResume(call func()) (remove func()) {
	return c.onResume.add(c.core, func(struct{}) { call() })
}

// OnProducerPause tells when the producer pauses.
func (c *Consumer) OnProducerPause(call func()) (remove func()) {
	return c.onProducerPause.add(c.core, func(struct{}) { call() })
}

// OnProducerResume tells when the producer goes on.
func (c *Consumer) OnProducerResume(call func()) (remove func()) {
	return c.onProducerResume.add(c.core, func(struct{}) { call() })
}

// OnScore tells of new scores.
func (c *Consumer) OnScore(call func(ConsumerScore)) (remove func()) {
	return c.onScore.add(c.core, call)
}

// OnLayersChange tells what flows from now on, and why.
func (c *Consumer) OnLayersChange(call func(LayersChange)) (remove func()) {
	return c.onLayers.add(c.core, call)
}

// OnTrace tells what EnableTraceEvent asked for.
func (c *Consumer) OnTrace(call func(Trace)) (remove func()) { return c.onTrace.add(c.core, call) }

// OnRtp tells of packets that would be sent; of direct transports. All listeners get the same bytes. To
// miss none, consume with Paused, and Resume when the listener is there.
func (c *Consumer) OnRtp(call func(packet []byte)) (remove func()) { return c.onRtp.add(c.core, call) }

// With core.mu held, as the rest.
func (c *Consumer) end(reason CloseReason) bool {
	if c.reason != NotClosed {
		return false
	}
	delete(c.transport.consumers, c.id)
	if c.source != nil {
		c.source.consumers--
	}
	c.transport.ssrcs.release(c.ssrcs...)
	return c.finish(reason)
}

func (c *Consumer) setPaused(paused bool) {
	if c.reason != NotClosed || c.paused == paused {
		return
	}
	c.paused = paused
	if paused {
		c.onPause.emit(c.core, struct{}{})
	} else {
		c.onResume.emit(c.core, struct{}{})
	}
}

func (c *Consumer) setProducerPaused(paused bool) {
	if c.producerPaused == paused {
		return
	}
	c.producerPaused = paused
	if paused {
		c.onProducerPause.emit(c.core, struct{}{})
	} else {
		c.onProducerResume.emit(c.core, struct{}{})
	}
}

func (c *Consumer) handle(notification *schema.Notification) {
	switch notification.BodyType() {
	case schema.NotificationBodyProducerClosed:
		// The worker has closed the consumer already.
		c.end(ClosedWithProducer)
	case schema.NotificationBodyProducerPaused:
		c.setProducerPaused(true)
	case schema.NotificationBodyProducerResumed:
		c.setProducerPaused(false)
	case schema.NotificationBodyConsumerScore:
		c.handleScore(newsOf[schema.ConsumerScore](notification))
	case schema.NotificationBodyLayersChange:
		change := newsOf[schema.LayersChange](notification)
		c.current = LayersChange{Layers: decodeLayers(change.Layers(nil)), Reason: string(change.Reason())}
		c.onLayers.emit(c.core, LayersChange{Layers: copyLayers(c.current.Layers), Reason: c.current.Reason})
	case schema.NotificationBodyRtpReceived:
		received := newsOf[schema.RtpReceived](notification)
		c.onRtp.emit(c.core, copyPacket(received.Packet(nil)))
	case schema.NotificationBodyTrace:
		if trace, ok := decodeTrace(newsOf[schema.Trace](notification)); ok {
			c.onTrace.emit(c.core, trace)
		}
	}
}

func (c *Consumer) handleScore(told *schema.ConsumerScore) {
	c.score = ConsumerScore{Score: told.Score(), ProducerScore: told.ProducerScore(), ProducerScores: []int{}}
	for _, score := range told.ProducerScoresBytes() {
		c.score.ProducerScores = append(c.score.ProducerScores, int(score))
	}
	score := c.score
	score.ProducerScores = append([]int{}, score.ProducerScores...)
	c.onScore.emit(c.core, score)
}

// The frame that it came in is used again.
func copyPacket(packet *schema.Packet) []byte {
	if packet == nil {
		return []byte{}
	}
	return append([]byte{}, packet.BytesBytes()...)
}
