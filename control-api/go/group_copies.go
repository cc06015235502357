package sluice

import (
	"context"

	"sluice.dev/sdk/internal/fault"
)

// groupCopied is a producer of another router, of media or of data.
type groupCopied interface {
	Closed() bool
	Close()
	// How many consume it.
	users() int
}

// groupCopy is one of them for as long as somebody uses it. RouterGroup.core.mu guards it.
type groupCopy struct {
	at *groupRouter
	// Somebody is about to consume it.
	holds int
	// Nobody used it the last time that it was looked.
	isIdle bool
}

// groupSteps are what differs between media and data.
type groupSteps[T any] struct {
	isHome  func(*Router) bool
	missing error
	pipe    PipeToRouterOptions
	consume func() (T, error)
}

// Consume is Transport.Consume, of a transport on any router of the group, for a producer on any other: the
// first one who asks has the producer carried there.
func (g *RouterGroup) Consume(ctx context.Context, t Transport, options ConsumeOptions) (*Consumer, error) {
	steps := groupSteps[*Consumer]{
		isHome:  func(r *Router) bool { return r.hasBorn(options.ProducerID) },
		missing: noProducer("producerId", "producer", options.ProducerID),
		pipe:    g.options.Pipe,
		consume: func() (*Consumer, error) { return t.Consume(ctx, options) },
	}
	steps.pipe.ProducerID, steps.pipe.DataProducerID = options.ProducerID, ""
	return consumeInGroup(ctx, g, t, steps)
}

// ConsumeData is the same for data producers.
func (g *RouterGroup) ConsumeData(ctx context.Context, t Transport, options DataConsumerOptions) (*DataConsumer, error) {
	steps := groupSteps[*DataConsumer]{
		isHome:  func(r *Router) bool { return r.hasBornData(options.DataProducerID) },
		missing: noProducer("dataProducerId", "data producer", options.DataProducerID),
		pipe:    g.options.Pipe,
		consume: func() (*DataConsumer, error) { return t.ConsumeData(ctx, options) },
	}
	steps.pipe.ProducerID, steps.pipe.DataProducerID = "", options.DataProducerID
	return consumeInGroup(ctx, g, t, steps)
}

func consumeInGroup[T any](ctx context.Context, g *RouterGroup, t Transport, steps groupSteps[T]) (T, error) {
	var none T
	at := g.partOf(t)
	if at == nil {
		return none, fault.Argument("transport", "is not of a router of the group")
	}
	steps.pipe.Router, steps.pipe.KeepID = t.Router(), Ptr(true)
	for attempt := 1; ; attempt++ {
		home := g.homeOf(steps.isHome)
		if home == nil {
			return none, steps.missing
		}
		if home == t.Router() {
			return steps.consume()
		}
		carried, err := home.PipeToRouter(ctx, steps.pipe)
		if err != nil {
			return none, err
		}
		release := g.hold(at, carried.copied())
		consumer, err := steps.consume()
		release()
		// The copy may have ended between its making and its use.
		if err == nil || attempt == maxAttempts || !carried.isOver() || t.Closed() {
			return consumer, err
		}
	}
}

func (r *PipeToRouterResult) copied() groupCopied {
	if r.PipeProducer != nil {
		return r.PipeProducer
	}
	return r.PipeDataProducer
}

// hold keeps a copy until somebody consumes it and counts by himself.
func (g *RouterGroup) hold(at *groupRouter, copied groupCopied) (release func()) {
	g.core.mu.Lock()
	defer g.core.mu.Unlock()
	known := g.copies[copied]
	if known == nil {
		known = &groupCopy{at: at}
		g.copies[copied] = known
	}
	known.holds++
	known.isIdle = false
	return func() {
		g.core.mu.Lock()
		defer g.core.mu.Unlock()
		known.holds--
	}
}

func (g *RouterGroup) partOf(t Transport) *groupRouter {
	g.core.mu.Lock()
	defer g.core.mu.Unlock()
	for _, each := range g.routers {
		if each.router != nil && t != nil && each.router == t.Router() {
			return each
		}
	}
	return nil
}

// homeOf is the router where something was born; nil if there is none.
func (g *RouterGroup) homeOf(isHome func(*Router) bool) *Router {
	for _, status := range g.Routers() {
		if isHome(status.Router) {
			return status.Router
		}
	}
	return nil
}

// tick closes what nobody has used since the last one. Whoever uses something is counted where he does so, so
// that an application cannot forget to let go.
func (g *RouterGroup) tick() {
	g.sweep()
	g.core.mu.Lock()
	defer g.core.mu.Unlock()
	if !g.closed {
		g.timer.Reset(g.options.IdleTime)
	}
}

func (g *RouterGroup) sweep() {
	g.core.mu.Lock()
	copies := make([]groupCopied, 0, len(g.copies))
	for copied := range g.copies {
		copies = append(copies, copied)
	}
	g.core.mu.Unlock()
	for _, copied := range copies {
		// Before the mutex of the group: they count under that of their worker.
		g.judge(copied, copied.users() > 0, copied.Closed())
	}
	for _, at := range g.idleRouters() {
		at.close()
	}
}

func (g *RouterGroup) judge(copied groupCopied, isUsed, isOver bool) {
	g.core.mu.Lock()
	known := g.copies[copied]
	if known == nil {
		g.core.mu.Unlock()
		return
	}
	wasIdle := known.isIdle
	known.isIdle = !isUsed && known.holds == 0
	isOver = isOver || known.isIdle && wasIdle
	if isOver {
		delete(g.copies, copied)
	}
	g.core.mu.Unlock()
	if isOver {
		// Its near end closes with it.
		copied.Close()
	}
}

func (g *RouterGroup) idleRouters() []*groupRouter {
	g.core.mu.Lock()
	defer g.core.mu.Unlock()
	var idle []*groupRouter
	kept := make([]*groupRouter, 0, len(g.routers))
	for _, at := range g.routers {
		if at.router != nil && at.places == 0 && at.isIdle {
			at.isOurs = true
			idle = append(idle, at)
		} else {
			kept = append(kept, at)
		}
		at.isIdle = at.places == 0
	}
	// From now on nobody is placed there.
	g.routers = kept
	return idle
}

// hasBorn: the router has a producer that did not come over a pipe.
func (r *Router) hasBorn(id string) bool {
	r.core.mu.Lock()
	defer r.core.mu.Unlock()
	producer := r.producers[id]
	return producer != nil && producer.origin.router == nil
}

func (r *Router) hasBornData(id string) bool {
	r.core.mu.Lock()
	defer r.core.mu.Unlock()
	producer := r.dataProducers[id]
	return producer != nil && producer.origin.router == nil
}

// bornHere are the producers that the router took along when it ended.
func (r *Router) bornHere() (producers, dataProducers []string) {
	r.core.mu.Lock()
	defer r.core.mu.Unlock()
	return r.lost, r.lostData
}

func (p *Producer) users() int {
	p.core.mu.Lock()
	defer p.core.mu.Unlock()
	return p.consumers
}

func (p *DataProducer) users() int {
	p.core.mu.Lock()
	defer p.core.mu.Unlock()
	return p.consumers
}
