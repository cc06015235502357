package sluice

import (
	"context"
	"sync"

	"sluice.dev/sdk/internal/fault"
)

const (
	// As long as messages can be on any transport of a worker.
	pipeMessageSize = mostMessageSize
	// As much as the worker allows: everything that is said between two routers shares it.
	pipeSendBuffer = 16 << 20
)

// pipePair is the two ends of the pipe between two routers, as the one of them sees it.
type pipePair struct {
	near, far *PipeTransport
}

func (p pipePair) isOver() bool { return p.near.Closed() || p.far.Closed() }

// pairWith finds the pipe to another router, or makes it. Both directions have the same.
func (r *Router) pairWith(options *PipeToRouterOptions) (pipePair, error) {
	// Whichever of the two is asked, one of them keeps the pipe.
	keeper, other := r, options.Router
	if other.id < keeper.id {
		keeper, other = other, keeper
	}
	pair, err := keeper.pairs.share(context.Background(), keeper.core, other, func(forget func()) (pipePair, error) {
		return makePair(keeper, other, options, forget)
	})
	if keeper != r {
		pair.near, pair.far = pair.far, pair.near
	}
	return pair, err
}

func makePair(keeper, other *Router, options *PipeToRouterOptions, forget func()) (pipePair, error) {
	ctx := context.Background()
	end := PipeTransportOptions{
		ListenInfo: ListenInfo{Protocol: UDP, IP: "127.0.0.1"},
		EnableRtx:  options.EnableRtx,
		EnableSrtp: options.EnableSrtp,
		OnDemand:   options.OnDemand,
	}
	if options.ListenInfo != nil {
		end.ListenInfo = *options.ListenInfo
	}
	if !options.DisableSctp {
		end.Sctp = &SctpOptions{OS: options.OS, MIS: options.MIS, MaxSendMessageSize: pipeMessageSize,
			MaxReceiveMessageSize: pipeMessageSize, SendBufferSize: pipeSendBuffer}
	}
	near, err := keeper.CreatePipeTransport(ctx, end)
	if err != nil {
		return pipePair{}, err
	}
	far, err := other.CreatePipeTransport(ctx, end)
	if err != nil {
		near.Close()
		return pipePair{}, err
	}
	// From the first moment: a worker that dies while they connect may answer before it does.
	for _, ends := range [][2]*PipeTransport{{near, far}, {far, near}} {
		one, two := ends[0], ends[1]
		one.OnClose(func(CloseReason) {
			two.Close()
			forget()
		})
		// Nobody answered for more than a minute. What is carried ends, and may be carried anew.
		one.OnSctpStateChange(func(state SctpState) {
			if state == SctpClosed {
				one.Close()
			}
		})
	}
	if err := firstError(near.Connect(ctx, addressOf(far)), far.Connect(ctx, addressOf(near))); err != nil {
		near.Close()
		far.Close()
		return pipePair{}, err
	}
	if near.Closed() || far.Closed() {
		return pipePair{}, fault.Errorf(ErrInvalidState, "a router was closed while the pipe was made")
	}
	return pipePair{near: near, far: far}, nil
}

func addressOf(t *PipeTransport) PipeConnectOptions {
	tuple := t.Tuple()
	return PipeConnectOptions{IP: tuple.LocalAddress, Port: tuple.LocalPort, SrtpParameters: t.SrtpParameters()}
}

// pipeFollowed is a consumer, of media or of data, at the near end of a pipe.
type pipeFollowed interface {
	Closed() bool
	Paused() bool
	OnPause(func()) (remove func())
	OnResume(func()) (remove func())
	sourcePaused() bool
	onSourcePause(func())
}

// pipeFollower is a producer, of media or of data, at the far end.
type pipeFollower interface {
	ID() string
	Closed() bool
	Paused() bool
	Pause(context.Context) error
	Resume(context.Context) error
}

func (c *Consumer) sourcePaused() bool { return c.ProducerPaused() }
func (c *Consumer) onSourcePause(call func()) {
	c.OnProducerPause(call)
	c.OnProducerResume(call)
}

func (c *DataConsumer) sourcePaused() bool { return c.DataProducerPaused() }
func (c *DataConsumer) onSourcePause(call func()) {
	c.OnDataProducerPause(call)
	c.OnDataProducerResume(call)
}

// keepInStep: what pauses at the near end pauses at the far one. What is paused at the far end alone is not
// sent: the routers tell each other (OnDemand).
func keepInStep(w *Worker, followed pipeFollowed, follower pipeFollower) {
	step := func() {
		if followed.Closed() || follower.Closed() {
			return
		}
		paused := followed.Paused() || followed.sourcePaused()
		if paused == follower.Paused() {
			return
		}
		change := follower.Resume
		if paused {
			change = follower.Pause
		}
		if err := change(context.Background()); err != nil && !follower.Closed() {
			w.log(LogRecord{Level: LogWarn, Text: "pipe of " + follower.ID() + ": " + err.Error()})
		}
	}
	follow := &onceAtATime{step: step}
	followed.OnPause(follow.kick)
	followed.OnResume(follow.kick)
	followed.onSourcePause(follow.kick)
	follow.kick()
}

// onceAtATime runs step on a goroutine of its own, and once more if it was kicked meanwhile. The other
// worker may be slow, and events of this one must not wait for it.
type onceAtATime struct {
	step func()

	mu             sync.Mutex
	running, again bool
}

func (o *onceAtATime) kick() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.again = true
	if !o.running {
		o.running = true
		go o.run()
	}
}

func (o *onceAtATime) run() {
	for {
		o.mu.Lock()
		again := o.again
		o.again = false
		o.running = again
		o.mu.Unlock()
		if !again {
			return
		}
		o.step()
	}
}
