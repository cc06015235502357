package sluice

import (
	"context"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
	"sluice.dev/sdk/rtp"
)

// ProducerType is "simple", "simulcast" or "svc".
type ProducerType string

// ProducerScore tells how well one encoding arrives.
type ProducerScore struct {
	// EncodingIdx is the place in RtpParameters.Encodings.
	EncodingIdx int    `json:"encodingIdx"`
	SSRC        uint32 `json:"ssrc"`
	RID         string `json:"rid,omitempty"`
	// Score is 0 (nothing arrives) to 10 (nothing is lost).
	Score uint8 `json:"score"`
}

// WantedLayers is what anybody watches of a producer; a publisher may stop sending the rest.
type WantedLayers struct {
	// Layers are the highest; nil: nobody watches.
	Layers *ConsumerLayers `json:"layers,omitempty"`
	// Encodings tells for each of RtpParameters.Encodings whether somebody wants it.
	Encodings []bool `json:"encodings"`
}

// VideoOrientation is how receivers have to turn the picture (3GPP TS 26.114 §7.4.5).
type VideoOrientation struct {
	// Camera: it faces away from the user.
	Camera bool `json:"camera"`
	// Flip: mirrored horizontally.
	Flip bool `json:"flip"`
	// Rotation is degrees clockwise that put the picture upright: 0, 90, 180 or 270.
	Rotation uint16 `json:"rotation"`
}

const (
	// MaxPacketsAtOnce is how many packets one call of Producer.Send takes.
	MaxPacketsAtOnce = 64
	// maxPacketSize is in bytes.
	maxPacketSize = 1500
)

// Producer is a stream that a peer sends to a router.
type Producer struct {
	object
	transport  *transport
	kind       rtp.MediaKind
	parameters rtp.Parameters
	// What consumers may get.
	consumable rtp.Parameters
	streamType ProducerType

	// core.mu guards the rest.
	paused    bool
	consumers int
	score     []ProducerScore
	// Until the worker tells who watches, nobody should stop sending anything.
	wanted WantedLayers
	// Where it has been carried, by router, and where it came from.
	pipes  flights[*PipeToRouterResult]
	origin pipeOrigin

	onPause       listeners[struct{}]
	onResume      listeners[struct{}]
	onScore       listeners[[]ProducerScore]
	onWanted      listeners[WantedLayers]
	onOrientation listeners[VideoOrientation]
	onTrace       listeners[Trace]
}

func newProducer(t *transport, id string, options *ProduceOptions, parameters, consumable rtp.Parameters) *Producer {
	p := &Producer{
		object:     object{core: t.core, id: id, noun: "producer", appData: options.AppData},
		transport:  t,
		kind:       options.Kind,
		parameters: parameters,
		consumable: consumable,
		paused:     options.Paused,
		origin:     options.origin,
		wanted:     WantedLayers{Layers: highestLayers(parameters.Encodings)},
	}
	for range parameters.Encodings {
		p.wanted.Encodings = append(p.wanted.Encodings, true)
	}
	return p
}

// Kind is audio or video.
func (p *Producer) Kind() MediaKind { return p.kind }

// Type is as the worker sees the stream.
func (p *Producer) Type() ProducerType { return p.streamType }

// Transport is where the stream comes in.
func (p *Producer) Transport() Transport { return p.transport.whole }

// RtpParameters are as the peer sends, checked, and with the CNAME of the transport. They are not to be
// changed.
func (p *Producer) RtpParameters() RtpParameters { return p.parameters }

// ConsumableRtpParameters are what consumers may get, in the router's numbers. They are not to be changed.
func (p *Producer) ConsumableRtpParameters() RtpParameters { return p.consumable }

// Paused tells whether the application has paused it.
func (p *Producer) Paused() bool {
	p.core.mu.Lock()
	defer p.core.mu.Unlock()
	return p.paused
}

// Score has an entry for each encoding that the worker has judged.
func (p *Producer) Score() []ProducerScore {
	p.core.mu.Lock()
	defer p.core.mu.Unlock()
	return append([]ProducerScore(nil), p.score...)
}

// WantedLayers is all that the producer declares until the worker has told otherwise.
func (p *Producer) WantedLayers() WantedLayers {
	p.core.mu.Lock()
	defer p.core.mu.Unlock()
	return WantedLayers{Layers: copyLayers(p.wanted.Layers), Encodings: append([]bool(nil), p.wanted.Encodings...)}
}

// Close also closes its consumers, on whatever transport.
func (p *Producer) Close() {
	p.core.mu.Lock()
	defer p.core.mu.Unlock()
	if p.end(ClosedByApplication) {
		p.core.closeInWorker(p.id)
	}
}

// Pause has nothing of it forwarded until Resume.
func (p *Producer) Pause(ctx context.Context) error {
	return p.command(ctx, schema.RequestBodyPause, &schema.PauseT{}, func() { p.setPaused(true) })
}

// Resume ends Pause.
func (p *Producer) Resume(ctx context.Context) error {
	return p.command(ctx, schema.RequestBodyResume, &schema.ResumeT{}, func() { p.setPaused(false) })
}

// GetStats has one entry for each encoding that has arrived.
func (p *Producer) GetStats(ctx context.Context) ([]RtpStreamStat, error) {
	return ask(ctx, &p.object, schema.RequestBodyGetStats, &schema.GetStatsT{},
		func(response *schema.Response) ([]RtpStreamStat, error) {
			return decodeStreams(response, 0)
		})
}

// EnableTraceEvent has OnTrace told of these types from now on, and of no others: TraceRtp, TraceKeyFrame,
// TraceNack, TracePli, TraceFir and TraceSr.
func (p *Producer) EnableTraceEvent(ctx context.Context, types ...TraceType) error {
	return enableTraces(ctx, &p.object, types, producerTraceTypes)
}

// Send sends packets of RTP in this order, as if they came from a peer: up to MaxPacketsAtOnce of up to
// 1,500 bytes each. Of direct transports only, else ErrUnsupported.
func (p *Producer) Send(ctx context.Context, packets ...[]byte) error {
	if p.transport.kind != transportDirect {
		return fault.Errorf(ErrUnsupported, "Send is for producers of direct transports")
	}
	if len(packets) == 0 || len(packets) > MaxPacketsAtOnce {
		return fault.Argument("packets", "%d are not 1 to %d", len(packets), MaxPacketsAtOnce)
	}
	body := &schema.SendRtpT{}
	for _, packet := range packets {
		if len(packet) > maxPacketSize {
			return fault.Argument("packets", "one has more than %d bytes", maxPacketSize)
		}
		body.Packets = append(body.Packets, encodePacket(packet))
	}
	return p.command(ctx, schema.RequestBodySendRtp, body, nil)
}

// OnPause tells of each Pause that was not paused before.
func (p *Producer) OnPause(call func()) (remove func()) {
	return p.onPause.add(p.core, func(struct{}) { call() })
}

// OnResume tells of each Resume that was paused before.
func (p *Producer) OnResume(call func()) (remove func()) {
	return p.onResume.add(p.core, func(struct{}) { call() })
}

// OnScore tells of new scores.
func (p *Producer) OnScore(call func([]ProducerScore)) (remove func()) {
	return p.onScore.add(p.core, call)
}

// OnWantedLayers tells when others are watched than before.
func (p *Producer) OnWantedLayers(call func(WantedLayers)) (remove func()) {
	return p.onWanted.add(p.core, call)
}

// OnVideoOrientationChange tells when the picture has been turned.
func (p *Producer) OnVideoOrientationChange(call func(VideoOrientation)) (remove func()) {
	return p.onOrientation.add(p.core, call)
}

// OnTrace tells what EnableTraceEvent asked for.
func (p *Producer) OnTrace(call func(Trace)) (remove func()) { return p.onTrace.add(p.core, call) }

// With core.mu held, as the rest.
func (p *Producer) end(reason CloseReason) bool {
	if p.reason != NotClosed {
		return false
	}
	delete(p.transport.producers, p.id)
	// Over a pipe between two routers of a worker there may be another one of this id.
	if p.transport.router.producers[p.id] == p {
		delete(p.transport.router.producers, p.id)
	}
	return p.finish(reason)
}

func (p *Producer) setPaused(paused bool) {
	if p.reason != NotClosed || p.paused == paused {
		return
	}
	p.paused = paused
	if paused {
		p.onPause.emit(p.core, struct{}{})
	} else {
		p.onResume.emit(p.core, struct{}{})
	}
}

func (p *Producer) handle(notification *schema.Notification) {
	switch notification.BodyType() {
	case schema.NotificationBodyProducerScore:
		p.score = p.decodeScores(newsOf[schema.ProducerScore](notification))
		p.onScore.emit(p.core, append([]ProducerScore(nil), p.score...))
	case schema.NotificationBodyWantedLayers:
		wanted := newsOf[schema.WantedLayers](notification)
		p.wanted = WantedLayers{Layers: decodeLayers(wanted.Layers(nil))}
		for i := 0; i < wanted.EncodingsLength(); i++ {
			p.wanted.Encodings = append(p.wanted.Encodings, wanted.Encodings(i))
		}
		p.onWanted.emit(p.core, WantedLayers{Layers: copyLayers(p.wanted.Layers),
			Encodings: append([]bool(nil), p.wanted.Encodings...)})
	case schema.NotificationBodyVideoOrientationChange:
		change := newsOf[schema.VideoOrientationChange](notification)
		p.onOrientation.emit(p.core, VideoOrientation{
			Camera: change.Camera(), Flip: change.Flip(), Rotation: change.Rotation()})
	case schema.NotificationBodyTrace:
		if trace, ok := decodeTrace(newsOf[schema.Trace](notification)); ok {
			p.onTrace.emit(p.core, trace)
		}
	}
}

func (p *Producer) decodeScores(told *schema.ProducerScore) []ProducerScore {
	var scores []ProducerScore
	var entry schema.EncodingScore
	for i := 0; i < told.ScoresLength() && told.Scores(&entry, i); i++ {
		score := ProducerScore{EncodingIdx: i, SSRC: entry.Ssrc(), RID: string(entry.Rid()), Score: entry.Score()}
		for index, encoding := range p.parameters.Encodings {
			if score.RID != "" && encoding.RID == score.RID || score.RID == "" && encoding.SSRC == score.SSRC {
				score.EncodingIdx = index
				break
			}
		}
		scores = append(scores, score)
	}
	return scores
}

func encodePacket(packet []byte) *schema.PacketT {
	// Nil would be a packet that is missing.
	if packet == nil {
		packet = []byte{}
	}
	return &schema.PacketT{Bytes: packet}
}
