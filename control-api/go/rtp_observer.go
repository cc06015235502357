package sluice

import (
	"context"
	"encoding/json"
	"time"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
	"sluice.dev/sdk/rtp"
)

// RtpObserver watches some of a router's producers: an *AudioLevelObserver or *ActiveSpeakerObserver.
type RtpObserver interface {
	ID() string
	Closed() bool
	CloseReason() CloseReason
	AppData() any
	SetAppData(any)
	Dump(context.Context) (json.RawMessage, error)
	Paused() bool
	Pause(context.Context) error
	Resume(context.Context) error
	AddProducer(ctx context.Context, producerID string) error
	RemoveProducer(ctx context.Context, producerID string) error
	// Close leaves its producers alone.
	Close()
	OnClose(func(CloseReason)) (remove func())
	OnPause(func()) (remove func())
	OnResume(func()) (remove func())
	OnAddProducer(func(*Producer)) (remove func())
	OnRemoveProducer(func(*Producer)) (remove func())

	newsListener
	// With core.mu held.
	end(CloseReason) bool
}

// rtpObserver is what both of them have in common.
type rtpObserver struct {
	object
	router *Router

	// core.mu guards the rest.
	paused   bool
	onPause  listeners[struct{}]
	onResume listeners[struct{}]
	onAdd    listeners[*Producer]
	onRemove listeners[*Producer]
}

func newRtpObserver(r *Router, noun string, appData any) rtpObserver {
	return rtpObserver{object: object{core: r.core, id: newID(), noun: noun, appData: appData}, router: r}
}

// Paused tells whether the application has paused it.
func (o *rtpObserver) Paused() bool {
	o.core.mu.Lock()
	defer o.core.mu.Unlock()
	return o.paused
}

// Close leaves its producers alone.
func (o *rtpObserver) Close() {
	o.core.mu.Lock()
	defer o.core.mu.Unlock()
	if o.end(ClosedByApplication) {
		o.core.closeInWorker(o.id)
	}
}

// Pause has nothing told until Resume.
func (o *rtpObserver) Pause(ctx context.Context) error {
	return o.command(ctx, schema.RequestBodyPause, &schema.PauseT{}, func() { o.setPaused(true) })
}

// Resume ends Pause.
func (o *rtpObserver) Resume(ctx context.Context) error {
	return o.command(ctx, schema.RequestBodyResume, &schema.ResumeT{}, func() { o.setPaused(false) })
}

// AddProducer watches a producer from now on. It fails with ErrNotFound if the router has none of this id,
// and with an *ArgumentError if it is not audio.
func (o *rtpObserver) AddProducer(ctx context.Context, producerID string) error {
	producer, err := o.audioProducer(producerID)
	if err != nil {
		return err
	}
	return o.command(ctx, schema.RequestBodyAddProducer, &schema.AddProducerT{ProducerId: producerID},
		func() { o.onAdd.emit(o.core, producer) })
}

// RemoveProducer ends AddProducer. Producers that are closed need not be removed.
func (o *rtpObserver) RemoveProducer(ctx context.Context, producerID string) error {
	producer, err := o.audioProducer(producerID)
	if err != nil {
		return err
	}
	return o.command(ctx, schema.RequestBodyRemoveProducer, &schema.RemoveProducerT{ProducerId: producerID},
		func() { o.onRemove.emit(o.core, producer) })
}

// OnPause tells of each Pause that was not paused before.
func (o *rtpObserver) OnPause(call func()) (remove func()) {
	return o.onPause.add(o.core, func(struct{}) { call() })
}

// OnResume tells of each Resume that was paused before.
func (o *rtpObserver) OnResume(call func()) (remove func()) {
	return o.onResume.add(o.core, func(struct{}) { call() })
}

// OnAddProducer tells of each producer that is added.
func (o *rtpObserver) OnAddProducer(call func(*Producer)) (remove func()) {
	return o.onAdd.add(o.core, call)
}

// OnRemoveProducer tells of each producer that is removed.
func (o *rtpObserver) OnRemoveProducer(call func(*Producer)) (remove func()) {
	return o.onRemove.add(o.core, call)
}

func (o *rtpObserver) audioProducer(id string) (*Producer, error) {
	if err := o.checkOpen(); err != nil {
		return nil, err
	}
	producer, err := o.router.findProducer(id)
	if err != nil {
		return nil, err
	}
	if producer.kind != rtp.Audio {
		return nil, fault.Argument("producerId", "%s is no audio producer", quoted(id))
	}
	return producer, nil
}

// With core.mu held, as the rest.
func (o *rtpObserver) setPaused(paused bool) {
	if o.reason != NotClosed || o.paused == paused {
		return
	}
	o.paused = paused
	if paused {
		o.onPause.emit(o.core, struct{}{})
	} else {
		o.onResume.emit(o.core, struct{}{})
	}
}

func (o *rtpObserver) end(reason CloseReason) bool {
	if o.reason != NotClosed {
		return false
	}
	delete(o.router.observers, o.id)
	return o.finish(reason)
}

// AudioLevelObserverOptions say what is told.
type AudioLevelObserverOptions struct {
	// MaxEntries is how many are told at most: 1 to 64; 0 takes 1.
	MaxEntries int
	// Threshold: who is below it on average is not told: -127 to 0 dBov. Nil takes -80.
	Threshold *int8
	// Interval is the time between two reports, and what is averaged: 250 to 5000 ms; 0 takes 1000.
	Interval time.Duration
	AppData  any
}

// Volume is how loud a producer is.
type Volume struct {
	Producer *Producer
	// Volume is the average in dBov, -127 to 0 (RFC 6464 §3).
	Volume int8
}

// AudioLevelObserver tells who is how loud, from what clients say of their audio (RFC 6464).
type AudioLevelObserver struct {
	rtpObserver
	onVolumes listeners[[]Volume]
	onSilence listeners[struct{}]
}

// OnVolumes tells who is above the threshold, the loudest first.
func (o *AudioLevelObserver) OnVolumes(call func([]Volume)) (remove func()) {
	return o.onVolumes.add(o.core, call)
}

// OnSilence tells that nobody is above the threshold any more.
func (o *AudioLevelObserver) OnSilence(call func()) (remove func()) {
	return o.onSilence.add(o.core, func(struct{}) { call() })
}

const (
	defaultThreshold = -80
	leastThreshold   = -127
	mostLevelEntries = 64
)

func (options *AudioLevelObserverOptions) encode(id string) (*schema.CreateAudioLevelObserverT, error) {
	entries, err := inRangeOr(options.MaxEntries, "maxEntries", 1, 1, mostLevelEntries)
	if err != nil {
		return nil, err
	}
	threshold := valueOr(options.Threshold, defaultThreshold)
	if threshold > 0 || threshold < leastThreshold {
		return nil, fault.Argument("threshold", "%d is not -127 to 0", threshold)
	}
	interval, err := milliseconds(options.Interval, "interval", time.Second, 250*time.Millisecond, 5*time.Second)
	return &schema.CreateAudioLevelObserverT{ObserverId: id, MaxEntries: byte(entries), Threshold: threshold,
		IntervalMs: uint16(interval)}, err
}

func (o *AudioLevelObserver) handle(notification *schema.Notification) {
	if notification.BodyType() != schema.NotificationBodyAudioLevels {
		return
	}
	levels := newsOf[schema.AudioLevels](notification)
	if levels.VolumesLength() == 0 {
		o.onSilence.emit(o.core, struct{}{})
		return
	}
	var volumes []Volume
	var told schema.Volume
	for i := 0; i < levels.VolumesLength() && levels.Volumes(&told, i); i++ {
		// It may have been closed while the worker spoke of it.
		if producer := o.router.producers[string(told.ProducerId())]; producer != nil {
			volumes = append(volumes, Volume{Producer: producer, Volume: told.Volume()})
		}
	}
	if len(volumes) > 0 {
		o.onVolumes.emit(o.core, volumes)
	}
}

// ActiveSpeakerObserverOptions say how often is looked.
type ActiveSpeakerObserverOptions struct {
	// Interval is the time between two looks at all who speak: 100 to 5000 ms; 0 takes 300.
	Interval time.Duration
	AppData  any
}

// ActiveSpeakerObserver tells who dominates the conversation, which is not always the loudest.
type ActiveSpeakerObserver struct {
	rtpObserver
	onSpeaker listeners[*Producer]
}

// OnDominantSpeaker tells when it is another one than before.
func (o *ActiveSpeakerObserver) OnDominantSpeaker(call func(*Producer)) (remove func()) {
	return o.onSpeaker.add(o.core, call)
}

func (options *ActiveSpeakerObserverOptions) encode(id string) (*schema.CreateActiveSpeakerObserverT, error) {
	interval, err := milliseconds(options.Interval, "interval",
		300*time.Millisecond, 100*time.Millisecond, 5*time.Second)
	return &schema.CreateActiveSpeakerObserverT{ObserverId: id, IntervalMs: uint16(interval)}, err
}

func (o *ActiveSpeakerObserver) handle(notification *schema.Notification) {
	if notification.BodyType() != schema.NotificationBodyDominantSpeaker {
		return
	}
	speaker := newsOf[schema.DominantSpeaker](notification)
	if producer := o.router.producers[string(speaker.ProducerId())]; producer != nil {
		o.onSpeaker.emit(o.core, producer)
	}
}
