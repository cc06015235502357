package sluice

import (
	"context"

	schema "sluice.dev/sdk/internal/generated"
)

// DataType is "sctp" or "direct".
type DataType string

// Who speaks, or listens.
const (
	// DataSctp: the peer does, on a stream of its association.
	DataSctp DataType = "sctp"
	// DataDirect: the application does.
	DataDirect DataType = "direct"
)

// dataObject is what data producers and data consumers have in common.
type dataObject struct {
	object
	transport *transport
	// Nil if the application itself speaks or listens.
	stream   *SctpStreamParameters
	label    string
	protocol string

	// core.mu guards the rest.
	paused   bool
	onPause  listeners[struct{}]
	onResume listeners[struct{}]
}

func newDataObject(t *transport, id, noun string, appData any) dataObject {
	return dataObject{object: object{core: t.core, id: id, noun: noun, appData: appData}, transport: t}
}

// Type says whether the peer or the application is at this end.
func (o *dataObject) Type() DataType {
	if o.stream == nil {
		return DataDirect
	}
	return DataSctp
}

// Transport is what it belongs to.
func (o *dataObject) Transport() Transport { return o.transport.whole }

// SctpStreamParameters are nil if the application is at this end.
func (o *dataObject) SctpStreamParameters() *SctpStreamParameters { return copyStream(o.stream) }

// Label is that of the channel.
func (o *dataObject) Label() string { return o.label }

// Protocol is that of the channel.
func (o *dataObject) Protocol() string { return o.protocol }

// Paused tells whether the application has paused it.
func (o *dataObject) Paused() bool {
	o.core.mu.Lock()
	defer o.core.mu.Unlock()
	return o.paused
}

// Pause has messages dropped until Resume.
func (o *dataObject) Pause(ctx context.Context) error {
	return o.command(ctx, schema.RequestBodyPause, &schema.PauseT{}, func() { o.setPaused(true) })
}

// Resume ends Pause.
func (o *dataObject) Resume(ctx context.Context) error {
	return o.command(ctx, schema.RequestBodyResume, &schema.ResumeT{}, func() { o.setPaused(false) })
}

// OnPause tells of each Pause that was not paused before.
func (o *dataObject) OnPause(call func()) (remove func()) {
	return o.onPause.add(o.core, func(struct{}) { call() })
}

// OnResume tells of each Resume that was paused before.
func (o *dataObject) OnResume(call func()) (remove func()) {
	return o.onResume.add(o.core, func(struct{}) { call() })
}

// With core.mu held.
func (o *dataObject) setPaused(paused bool) {
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
