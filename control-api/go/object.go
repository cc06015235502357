package sluice

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
	"sluice.dev/sdk/internal/wire"
)

// CloseReason says why an object is closed.
type CloseReason int

// What closes objects.
const (
	// NotClosed: it is open.
	NotClosed CloseReason = iota
	// ClosedByApplication: its Close was called.
	ClosedByApplication
	// ClosedWithWorker: the worker was closed, or died.
	ClosedWithWorker
	// ClosedWithRouter: its router was closed.
	ClosedWithRouter
	// ClosedWithTransport: its transport was closed.
	ClosedWithTransport
	// ClosedWithProducer: the producer, or data producer, that it consumes was closed.
	ClosedWithProducer
	// ClosedWithListenServer: the WebRtcServer of the transport was closed.
	ClosedWithListenServer
)

var closeReasons = [...]string{"not closed", "closed by the application", "closed with the worker",
	"closed with the router", "closed with the transport", "closed with the producer",
	"closed with the WebRtcServer"}

// String is a few words.
func (r CloseReason) String() string {
	if r < 0 || int(r) >= len(closeReasons) {
		return "closed"
	}
	return closeReasons[r]
}

// object is what everything in a worker has in common: a name, a life, and whatever the application
// keeps with it.
type object struct {
	core *core
	id   string
	// What it is called in errors.
	noun string

	// core.mu guards the rest.
	reason  CloseReason
	appData any
	onClose listeners[CloseReason]
}

// ID is unique in the worker.
func (o *object) ID() string { return o.id }

// Closed tells whether it is closed, by whomever.
func (o *object) Closed() bool { return o.CloseReason() != NotClosed }

// CloseReason is NotClosed while it is open.
func (o *object) CloseReason() CloseReason {
	o.core.mu.Lock()
	defer o.core.mu.Unlock()
	return o.reason
}

// AppData is whatever the application has stored here.
func (o *object) AppData() any {
	o.core.mu.Lock()
	defer o.core.mu.Unlock()
	return o.appData
}

// SetAppData stores whatever the application likes to find here again.
func (o *object) SetAppData(appData any) {
	o.core.mu.Lock()
	defer o.core.mu.Unlock()
	o.appData = appData
}

// OnClose tells when it is closed, by whomever, and why. If it is closed already, the listener is told
// as well: it is called once, unless it is removed before.
func (o *object) OnClose(call func(CloseReason)) (remove func()) {
	o.core.mu.Lock()
	defer o.core.mu.Unlock()
	entry := o.onClose.addLocked(call)
	if o.reason != NotClosed {
		late := listeners[CloseReason]{entries: []*listener[CloseReason]{entry}}
		late.emitEnd(o.core, o.reason)
	}
	return func() {
		o.core.mu.Lock()
		defer o.core.mu.Unlock()
		o.onClose.remove(entry)
	}
}

// Dump is the state of the object in the worker as JSON, for people: its fields may change.
func (o *object) Dump(ctx context.Context) (json.RawMessage, error) {
	return ask(ctx, o, schema.RequestBodyDump, &schema.DumpT{}, decodeDump)
}

// begin makes it known to the worker's news. With core.mu held.
func (o *object) begin(listener newsListener) { o.core.listeners[o.id] = listener }

// finish returns false if it was closed before. With core.mu held.
func (o *object) finish(reason CloseReason) bool {
	if o.reason != NotClosed {
		return false
	}
	o.reason = reason
	delete(o.core.listeners, o.id)
	o.onClose.emitEnd(o.core, reason)
	return true
}

// With core.mu held.
func (o *object) requireOpen() error {
	if o.reason != NotClosed {
		return fault.Errorf(ErrInvalidState, "the %s is closed", o.noun)
	}
	return nil
}

func (o *object) checkOpen() error {
	o.core.mu.Lock()
	defer o.core.mu.Unlock()
	return o.requireOpen()
}

// command asks the object to do something. apply, which may be nil, runs with core.mu held; also if
// the answer comes too late for the caller, because the worker has done it.
func (o *object) command(ctx context.Context, method schema.RequestBody, body wire.Packer, apply func()) error {
	return o.commandWith(ctx, method, body, func(*schema.Response) error {
		if apply != nil {
			apply()
		}
		return nil
	})
}

// commandWith is command for answers that tell something.
func (o *object) commandWith(ctx context.Context, method schema.RequestBody, body wire.Packer,
	apply func(*schema.Response) error,
) error {
	if err := o.checkOpen(); err != nil {
		return err
	}
	return o.core.do(ctx, request{
		method: method,
		target: o.id,
		body:   body,
		apply:  apply,
		late:   func(response *schema.Response) { _ = apply(response) },
	})
}

// ask is for requests that change nothing.
func ask[T any](ctx context.Context, o *object, method schema.RequestBody, body wire.Packer,
	decode func(*schema.Response) (T, error),
) (T, error) {
	var result T
	if err := o.checkOpen(); err != nil {
		return result, err
	}
	err := o.core.do(ctx, request{method: method, target: o.id, body: body,
		apply: func(response *schema.Response) (err error) {
			result, err = decode(response)
			return err
		}})
	return result, err
}

// newID is random: 128 bits.
func newID() string {
	var bytes [16]byte
	if _, err := rand.Read(bytes[:]); err != nil {
		panic("the system has no random numbers: " + err.Error())
	}
	return hex.EncodeToString(bytes[:])
}
