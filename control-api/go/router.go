package sluice

import (
	"context"
	"fmt"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
	"sluice.dev/sdk/ortc"
	"sluice.dev/sdk/rtp"
)

// Router is a room of media: what producers send to a router, consumers of the same router can get.
type Router struct {
	object
	worker *Worker

	// core.mu guards the rest.
	capabilities  rtp.Capabilities
	transports    map[string]Transport
	producers     map[string]*Producer
	dataProducers map[string]*DataProducer
	observers     map[string]RtpObserver
	// Pipes to other routers; each stands under one of the two.
	pairs flights[pipePair]
	// What it took along when it ended, but for copies of what is elsewhere.
	lost     []string
	lostData []string

	onTransport listeners[Transport]
	onObserver  listeners[RtpObserver]
	stats       statsWatch
}

func routerCapabilities(mediaCodecs []rtp.CodecCapability) (rtp.Capabilities, error) {
	return ortc.RouterCapabilities(mediaCodecs)
}

func newRouter(w *Worker, capabilities rtp.Capabilities, appData any) *Router {
	return &Router{
		object:        object{core: w.core, id: newID(), noun: "router", appData: appData},
		worker:        w,
		capabilities:  capabilities,
		transports:    map[string]Transport{},
		producers:     map[string]*Producer{},
		dataProducers: map[string]*DataProducer{},
		observers:     map[string]RtpObserver{},
	}
}

// Worker is where it lives.
func (r *Router) Worker() *Worker { return r.worker }

// RtpCapabilities are what clients have to be told. They are not to be changed.
func (r *Router) RtpCapabilities() RtpCapabilities {
	r.core.mu.Lock()
	defer r.core.mu.Unlock()
	return r.capabilities
}

// Close also closes its transports and observers.
func (r *Router) Close() {
	r.core.mu.Lock()
	defer r.core.mu.Unlock()
	if r.end(ClosedByApplication) {
		r.core.closeInWorker(r.id)
	}
}

// OnNewTransport tells of each transport that is made.
func (r *Router) OnNewTransport(call func(Transport)) (remove func()) {
	return r.onTransport.add(r.core, call)
}

// OnNewRtpObserver tells of each observer that is made.
func (r *Router) OnNewRtpObserver(call func(RtpObserver)) (remove func()) {
	return r.onObserver.add(r.core, call)
}

// UpdateMediaCodecs says what producers may send from now on; those that exist stay as they are. Clients
// have to be told the new RtpCapabilities, and codecs in use should keep their payload types by
// PreferredPayloadType: RFC 8843 §9.1 wants one meaning for each in a bundle.
func (r *Router) UpdateMediaCodecs(mediaCodecs []RtpCodecCapability) error {
	capabilities, err := routerCapabilities(mediaCodecs)
	if err != nil {
		return err
	}
	r.core.mu.Lock()
	defer r.core.mu.Unlock()
	if err := r.requireOpen(); err != nil {
		return err
	}
	r.capabilities = capabilities
	return nil
}

// CanConsume is nil if a client with these capabilities can decode the producer's stream, and otherwise
// says why not: ErrNotFound, ErrUnsupported, or an *ArgumentError for capabilities that make no sense.
func (r *Router) CanConsume(producerID string, capabilities RtpCapabilities) error {
	producer, err := r.findProducer(producerID)
	if err != nil {
		return err
	}
	can, err := ortc.CanConsume(producer.consumable, capabilities)
	if err == nil && !can {
		err = fault.Errorf(ErrUnsupported, "no compatible media codecs")
	}
	return err
}

// FindProducer is the producer of this id; nil if the router has none.
func (r *Router) FindProducer(id string) *Producer {
	r.core.mu.Lock()
	defer r.core.mu.Unlock()
	return r.producers[id]
}

// FindDataProducer is the data producer of this id; nil if the router has none.
func (r *Router) FindDataProducer(id string) *DataProducer {
	r.core.mu.Lock()
	defer r.core.mu.Unlock()
	return r.dataProducers[id]
}

// CreateAudioLevelObserver makes one that watches the producers that are added to it, and tells who is
// how loud.
func (r *Router) CreateAudioLevelObserver(ctx context.Context, options AudioLevelObserverOptions) (
	*AudioLevelObserver, error,
) {
	o := &AudioLevelObserver{rtpObserver: newRtpObserver(r, "AudioLevelObserver", options.AppData)}
	body, err := options.encode(o.id)
	if err != nil {
		return nil, err
	}
	if err := r.createObserver(ctx, o, schema.RequestBodyCreateAudioLevelObserver, body); err != nil {
		return nil, err
	}
	return o, nil
}

// CreateActiveSpeakerObserver makes one that watches the producers that are added to it, and tells who
// dominates the conversation.
func (r *Router) CreateActiveSpeakerObserver(ctx context.Context, options ActiveSpeakerObserverOptions) (
	*ActiveSpeakerObserver, error,
) {
	o := &ActiveSpeakerObserver{rtpObserver: newRtpObserver(r, "ActiveSpeakerObserver", options.AppData)}
	body, err := options.encode(o.id)
	if err != nil {
		return nil, err
	}
	if err := r.createObserver(ctx, o, schema.RequestBodyCreateActiveSpeakerObserver, body); err != nil {
		return nil, err
	}
	return o, nil
}

func (r *Router) findProducer(id string) (*Producer, error) {
	r.core.mu.Lock()
	defer r.core.mu.Unlock()
	if producer := r.producers[id]; producer != nil {
		return producer, nil
	}
	return nil, noProducer("producerId", "producer", id)
}

func noProducer(field, noun, id string) error {
	return fault.Errorf(ErrNotFound, "%s: the router has no %s %s", field, noun, quoted(id))
}

// Ids come from clients as well.
func quoted(id string) string {
	if len(id) > maxIDSize {
		id = id[:maxIDSize] + "..."
	}
	return fmt.Sprintf("%q", id)
}

// With core.mu held.
func (r *Router) handle(notification *schema.Notification) { r.stats.handle(r.core, notification) }

// end closes everything in it. With core.mu held.
func (r *Router) end(reason CloseReason) bool {
	if r.reason != NotClosed {
		return false
	}
	inner := reason
	if reason == ClosedByApplication {
		inner = ClosedWithRouter
	}
	delete(r.worker.routers, r.id)
	for id, producer := range r.producers {
		if producer.origin.router == nil {
			r.lost = append(r.lost, id)
		}
	}
	for id, producer := range r.dataProducers {
		if producer.origin.router == nil {
			r.lostData = append(r.lostData, id)
		}
	}
	for _, transport := range r.transports {
		transport.end(inner)
	}
	for _, observer := range r.observers {
		observer.end(inner)
	}
	return r.finish(reason)
}
