package sluice

import (
	"context"
	"encoding/json"
	"sync"

	flatbuffers "github.com/google/flatbuffers/go"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
	"sluice.dev/sdk/internal/wire"
)

// core is what the objects of one worker share. Its mutex guards the state of all of them: what the
// worker says concerns several at a time, and is applied before its next message is looked at.
type core struct {
	channel *wire.Channel
	events  eventQueue

	mu sync.Mutex
	// Who is told news, by id; "" is the worker.
	listeners map[string]newsListener
}

type newsListener interface {
	// handle is called with core.mu held. The notification is valid until it returns.
	handle(*schema.Notification)
}

func (c *core) notify(notification *schema.Notification) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// News of an object that was closed here a moment ago is normal.
	if listener := c.listeners[string(notification.Target())]; listener != nil {
		listener.handle(notification)
	}
}

// request is what becomes of one call. apply runs with core.mu held, and so does late.
type request struct {
	method schema.RequestBody
	target string
	body   wire.Packer
	apply  func(*schema.Response) error
	late   func(*schema.Response)
}

func (c *core) do(ctx context.Context, r request) error {
	call := wire.Call{
		Method: r.method,
		Target: r.target,
		Body:   r.body,
		Apply: func(response *schema.Response) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			return r.apply(response)
		},
	}
	if r.late != nil {
		call.Late = func(response *schema.Response) {
			c.mu.Lock()
			defer c.mu.Unlock()
			r.late(response)
		}
	}
	return c.channel.Do(ctx, call)
}

// create is a request that makes the object id: if the answer comes too late for the caller, or finds
// its parent closed, the object is closed again.
func (c *core) create(ctx context.Context, id string, r request) error {
	late := r.late
	r.late = func(response *schema.Response) {
		if late != nil {
			late(response)
		}
		c.closeInWorker(id)
	}
	apply := r.apply
	r.apply = func(response *schema.Response) error {
		err := apply(response)
		if err != nil {
			c.closeInWorker(id)
		}
		return err
	}
	return c.do(ctx, r)
}

// closeInWorker is for objects that are gone here already.
func (c *core) closeInWorker(id string) {
	c.channel.Post(wire.Call{Method: schema.RequestBodyClose, Target: id, Body: &schema.CloseT{}})
}

// bodyOf is the body of a response as the type that the method promises.
func bodyOf[T any, P interface {
	*T
	Init([]byte, flatbuffers.UOffsetT)
}](response *schema.Response, want schema.ResponseBody) (P, error) {
	var table flatbuffers.Table
	if response.BodyType() != want || !response.Body(&table) {
		return nil, fault.Errorf(ErrWorker, "the worker answered with %s in place of %s",
			response.BodyType(), want)
	}
	body := P(new(T))
	body.Init(table.Bytes, table.Pos)
	return body, nil
}

func decodeDump(response *schema.Response) (json.RawMessage, error) {
	text, err := bodyOf[schema.DumpText](response, schema.ResponseBodyDumpText)
	if err != nil {
		return nil, err
	}
	dump := json.RawMessage(append([]byte(nil), text.Json()...))
	if !json.Valid(dump) {
		return nil, fault.Errorf(ErrWorker, "the worker dumped something that is no JSON")
	}
	return dump, nil
}

// newsOf makes room for the body of a notification.
func newsOf[T any, P interface {
	*T
	Init([]byte, flatbuffers.UOffsetT)
}](notification *schema.Notification) P {
	var table flatbuffers.Table
	body := P(new(T))
	if notification.Body(&table) {
		body.Init(table.Bytes, table.Pos)
		return body
	}
	panic("news without a body")
}
