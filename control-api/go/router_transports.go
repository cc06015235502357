package sluice

import (
	"context"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
	"sluice.dev/sdk/internal/wire"
)

// CreateWebRtcTransport makes a path to a browser.
func (r *Router) CreateWebRtcTransport(ctx context.Context, options WebRtcTransportOptions) (
	*WebRtcTransport, error,
) {
	t := &WebRtcTransport{server: options.WebRtcServer}
	t.init(r, t, transportWebRtc, options.AppData)
	body, err := options.encode(t.id)
	if err != nil {
		return nil, err
	}
	if t.server != nil && t.server.core != r.core {
		return nil, fault.Argument("webRtcServer", "is of another worker")
	}
	err = r.createTransport(ctx, t, schema.RequestBodyCreateWebRtcTransport, body, func(response *schema.Response) error {
		if t.server != nil && t.server.reason != NotClosed {
			return fault.Errorf(ErrInvalidState, "webRtcServer was closed meanwhile")
		}
		if err := t.created(response); err != nil {
			return err
		}
		if t.server != nil {
			t.server.attach(t)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// CreatePlainTransport makes a path to a media tool, as FFmpeg, GStreamer or a SIP gateway: RTP with a
// peer whose address is known, or shows itself.
func (r *Router) CreatePlainTransport(ctx context.Context, options PlainTransportOptions) (*PlainTransport, error) {
	t := &PlainTransport{}
	t.init(r, t, transportPlain, options.AppData)
	body, err := options.encode(t.id)
	if err != nil {
		return nil, err
	}
	if err := r.createTransport(ctx, t, schema.RequestBodyCreatePlainTransport, body, t.created); err != nil {
		return nil, err
	}
	return t, nil
}

// CreatePipeTransport makes one end of a pipe to another router; of two routers of this application,
// PipeToRouter makes both.
func (r *Router) CreatePipeTransport(ctx context.Context, options PipeTransportOptions) (*PipeTransport, error) {
	t := &PipeTransport{enableRtx: options.EnableRtx}
	t.init(r, t, transportPipe, options.AppData)
	body, err := options.encode(t.id)
	if err != nil {
		return nil, err
	}
	if err := r.createTransport(ctx, t, schema.RequestBodyCreatePipeTransport, body, t.created); err != nil {
		return nil, err
	}
	return t, nil
}

// CreateDirectTransport makes the application itself a peer.
func (r *Router) CreateDirectTransport(ctx context.Context, options DirectTransportOptions) (*DirectTransport, error) {
	t := &DirectTransport{}
	t.init(r, t, transportDirect, options.AppData)
	body, err := options.encode(t.id)
	if err != nil {
		return nil, err
	}
	accept := func(*schema.Response) error { return nil }
	if err := r.createTransport(ctx, t, schema.RequestBodyCreateDirectTransport, body, accept); err != nil {
		return nil, err
	}
	return t, nil
}

func (r *Router) createTransport(ctx context.Context, t Transport, method schema.RequestBody,
	body wire.Packer, created func(*schema.Response) error,
) error {
	if err := r.checkOpen(); err != nil {
		return err
	}
	return r.core.create(ctx, t.ID(), request{method: method, target: r.id, body: body,
		apply: func(response *schema.Response) error {
			if err := r.requireOpen(); err != nil {
				return err
			}
			if err := created(response); err != nil {
				return err
			}
			r.transports[t.ID()] = t
			r.core.listeners[t.ID()] = t
			r.onTransport.emit(r.core, t)
			return nil
		}})
}

func (r *Router) createObserver(ctx context.Context, o RtpObserver, method schema.RequestBody,
	body wire.Packer,
) error {
	if err := r.checkOpen(); err != nil {
		return err
	}
	return r.core.create(ctx, o.ID(), request{method: method, target: r.id, body: body,
		apply: func(*schema.Response) error {
			if err := r.requireOpen(); err != nil {
				return err
			}
			r.observers[o.ID()] = o
			r.core.listeners[o.ID()] = o
			r.onObserver.emit(r.core, o)
			return nil
		}})
}
