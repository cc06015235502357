package sluice

import (
	"context"

	"sluice.dev/sdk/internal/fault"
)

// PipeToRouterOptions say what is carried where.
type PipeToRouterOptions struct {
	// ProducerID or DataProducerID: one of them.
	ProducerID     string
	DataProducerID string
	// Router is where it shall be heard, of whichever worker of this application.
	Router *Router
	// KeepID: the producer at the other end has the same id. Nil: true, unless both routers are of one
	// worker, where ids are unique.
	KeepID *bool

	// The rest counts the first time that the two routers meet.

	// ListenInfo is of both ends; nil: UDP on 127.0.0.1.
	ListenInfo *ListenInfo
	EnableRtx  bool
	EnableSrtp bool
	// OnDemand is as in PipeTransportOptions.
	OnDemand *bool
	// DisableSctp: data producers cannot be carried.
	DisableSctp bool
	// OS and MIS are streams of each end; each direction has half of them. 0 takes 1,024.
	OS  uint16
	MIS uint16
}

// PipeToRouterResult is the two ends of what is carried: those of media, or those of data.
type PipeToRouterResult struct {
	PipeConsumer     *Consumer
	PipeProducer     *Producer
	PipeDataConsumer *DataConsumer
	PipeDataProducer *DataProducer
}

// pipeOrigin is where a producer that came over a pipe came from.
type pipeOrigin struct {
	router *Router
	// Of the producer that it copies.
	before func() pipeOrigin
}

// PipeToRouter makes a producer, or data producer, of this router one of another router as well. The pipe
// between the two is made once and serves both directions; asked for the same again, the same is given.
// Pausing and closing follow, in either direction of closing.
//
// It fails with an *ArgumentError for what came from the other router, over however many others. If ctx
// ends early, what was begun goes on, and is there for the next who asks.
func (r *Router) PipeToRouter(ctx context.Context, options PipeToRouterOptions) (*PipeToRouterResult, error) {
	if err := r.checkOpen(); err != nil {
		return nil, err
	}
	if (options.ProducerID == "") == (options.DataProducerID == "") {
		return nil, fault.Argument("producerId", "either producerId or dataProducerId has to be given")
	}
	keepID, err := options.check(r)
	if err != nil {
		return nil, err
	}
	if options.ProducerID != "" {
		producer, err := r.findProducer(options.ProducerID)
		if err != nil {
			return nil, err
		}
		if err := requireNoLoop(producer.comesFrom, options.Router); err != nil {
			return nil, err
		}
		return producer.pipes.share(ctx, r.core, options.Router, func(forget func()) (*PipeToRouterResult, error) {
			return r.carry(producer, &options, keepID, forget)
		})
	}
	producer := r.FindDataProducer(options.DataProducerID)
	if producer == nil {
		return nil, noProducer("dataProducerId", "data producer", options.DataProducerID)
	}
	if err := requireNoLoop(producer.comesFrom, options.Router); err != nil {
		return nil, err
	}
	return producer.pipes.share(ctx, r.core, options.Router, func(forget func()) (*PipeToRouterResult, error) {
		return r.carryData(producer, &options, keepID, forget)
	})
}

func (o *PipeToRouterOptions) check(source *Router) (keepID bool, err error) {
	switch {
	case o.Router == nil:
		return false, fault.Argument("router", "is missing")
	case o.Router == source:
		return false, fault.Argument("router", "is the router of the producer")
	case o.Router.Closed():
		return false, fault.Errorf(ErrInvalidState, "router is closed")
	}
	sameWorker := o.Router.core == source.core
	keepID = valueOr(o.KeepID, !sameWorker)
	if keepID && sameWorker {
		return false, fault.Argument("keepId", "both routers are of one worker, where ids are unique")
	}
	return keepID, nil
}

// What came from a router does not go back to it, over however many others.
func requireNoLoop(comesFrom func() pipeOrigin, router *Router) error {
	for origin := comesFrom(); origin.router != nil; origin = origin.before() {
		if origin.router == router {
			return fault.Argument("router", "is where the producer came from")
		}
	}
	return nil
}

// comesFrom is where it was carried from; nowhere if it was born here.
func (p *Producer) comesFrom() pipeOrigin {
	p.core.mu.Lock()
	defer p.core.mu.Unlock()
	return p.origin
}

// comesFrom is where it was carried from; nowhere if it was born here.
func (p *DataProducer) comesFrom() pipeOrigin {
	p.core.mu.Lock()
	defer p.core.mu.Unlock()
	return p.origin
}

// flight is something that is made once, however many ask for it at the same time.
type flight[T perishable] struct {
	landed chan struct{}
	result T
	err    error
}

// perishable things are made anew when they have come to an end.
type perishable interface{ isOver() bool }

// flights are what is under way, or there, to each router. core.mu guards them.
type flights[T perishable] map[*Router]*flight[T]

// share has fly called unless somebody has done so before, and waits for it as long as ctx allows. The
// flight does not depend on any caller's context: who cancels must not take it from the others. fly is
// given what forgets its result, for when that has come to an end.
func (f *flights[T]) share(ctx context.Context, c *core, to *Router, fly func(forget func()) (T, error)) (T, error) {
	c.mu.Lock()
	shared := (*f)[to]
	c.mu.Unlock()
	if shared == nil || shared.isStale() {
		shared = f.take(c, to, shared, fly)
	}
	select {
	case <-shared.landed:
		return shared.result, shared.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// take begins a flight in place of stale, unless somebody was faster.
func (f *flights[T]) take(c *core, to *Router, stale *flight[T], fly func(func()) (T, error)) *flight[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	if other := (*f)[to]; other != nil && other != stale {
		return other
	}
	if *f == nil {
		*f = flights[T]{}
	}
	fresh := &flight[T]{landed: make(chan struct{})}
	(*f)[to] = fresh
	forget := func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if (*f)[to] == fresh {
			delete(*f, to)
		}
	}
	go func() {
		fresh.result, fresh.err = fly(forget)
		if fresh.err != nil {
			forget()
		}
		close(fresh.landed)
	}()
	return fresh
}

func (f *flight[T]) isStale() bool {
	select {
	case <-f.landed:
		return f.err == nil && f.result.isOver()
	default:
		return false
	}
}

func (r *PipeToRouterResult) isOver() bool {
	if r.PipeProducer != nil {
		return r.PipeProducer.Closed() || r.PipeConsumer.Closed()
	}
	return r.PipeDataProducer.Closed() || r.PipeDataConsumer.Closed()
}

func (r *Router) carry(producer *Producer, options *PipeToRouterOptions, keepID bool, forget func()) (
	*PipeToRouterResult, error,
) {
	ctx := context.Background()
	pair, err := r.pairWith(options)
	if err != nil {
		return nil, err
	}
	consumer, err := pair.near.Consume(ctx, ConsumeOptions{ProducerID: producer.id})
	if err != nil {
		return nil, err
	}
	produce := ProduceOptions{
		Kind:          consumer.kind,
		RtpParameters: consumer.parameters,
		Paused:        consumer.ProducerPaused(),
		AppData:       producer.AppData(),
		origin:        pipeOrigin{router: r, before: producer.comesFrom},
	}
	if keepID {
		produce.ID = producer.id
	}
	copied, err := pair.far.Produce(ctx, produce)
	if err != nil {
		consumer.Close()
		return nil, err
	}
	copied.OnClose(func(CloseReason) {
		consumer.Close()
		forget()
	})
	consumer.OnClose(func(CloseReason) { copied.Close() })
	keepInStep(r.worker, consumer, copied)
	// An end that closed while the other was made takes that one along. Nobody is told that something was
	// carried that is not there.
	if consumer.Closed() || copied.Closed() {
		copied.Close()
		consumer.Close()
		return nil, fault.Errorf(ErrInvalidState, "the producer, or a router, was closed while it was carried")
	}
	return &PipeToRouterResult{PipeConsumer: consumer, PipeProducer: copied}, nil
}
