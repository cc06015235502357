package sluice

import (
	"context"
	"time"

	"sluice.dev/sdk/internal/fault"
)

const (
	// Most rooms are smaller and need no pipe: sixteen people are 240 streams for a core, about a tenth of
	// what it forwards. Beyond, load grows with the square of the people.
	defaultSpread = 16
	mostSpread    = 100000
	// Somebody who comes back, or looks at another page of tiles and back, finds all as it was.
	defaultIdleTime = 5 * time.Second
	mostIdleTime    = time.Hour
	// Workers that die while somebody joins, or copies that end while somebody consumes; more in a row is
	// an outage, which asking again does not mend.
	maxAttempts = 3
)

// RouterGroupOptions describe a room on several workers.
type RouterGroupOptions struct {
	// Workers tells which there are, and is asked whenever another one is needed. Of equals the first is
	// taken.
	Workers func() []*Worker
	// Router is what each router is made of.
	Router RouterOptions
	// Spread is how many participants one worker takes before others are used: up to 100,000; 0 takes
	// 16. 1 puts everybody where there are fewest.
	Spread int
	// Pipe is what pipes between routers are made of; what it says of producers and routers is of no use.
	Pipe PipeToRouterOptions
	// IdleTime is how long a copy that nobody consumes any more, and a router that nobody is on any more,
	// is kept at least, and no longer than twice as long: up to 1 h; 0 takes 5 s.
	IdleTime time.Duration
}

// RouterLoss is what went with a worker, or with a router that somebody closed.
type RouterLoss struct {
	Worker *Worker
	Router *Router
	// ProducerIDs and DataProducerIDs are of participants who were there. Consumers elsewhere are closed
	// with them.
	ProducerIDs     []string
	DataProducerIDs []string
	Participants    []*GroupParticipant
}

// GroupRouterStatus is how a worker takes part in a group.
type GroupRouterStatus struct {
	Worker       *Worker
	Router       *Router
	Participants int
	// Copies are carried here from other routers, of media and of data.
	Copies int
}

// RouterGroup is one room on several workers: each participant has a place on one of its routers, and what a
// participant sends is carried to the other routers as soon as somebody there consumes it.
//
// What is carried goes straight from the router where it was born to the one where it is consumed: a star
// around each producer, which cannot become a loop, and no stream passes more than one pipe.
type RouterGroup struct {
	options      RouterGroupOptions
	capabilities RtpCapabilities
	// Of the group itself, not of a worker. Its mutex guards the rest; it is never held while one of a
	// worker is taken.
	core    *core
	closed  bool
	routers []*groupRouter
	copies  map[groupCopied]*groupCopy
	timer   *time.Timer

	onNewRouter   listeners[*Router]
	onRouterLost  listeners[RouterLoss]
	onRouterClose listeners[*Router]
}

// groupRouter is one worker's part of a group.
type groupRouter struct {
	worker *Worker
	// Closed when there is a router, or an error.
	ready chan struct{}
	// Nil until then.
	router *Router
	err    error
	// RouterGroup.core.mu guards the rest. Counted from the moment that the place was chosen.
	places       int
	participants map[*GroupParticipant]struct{}
	// Nobody was here the last time that it was looked.
	isIdle bool
	// The group itself closes it.
	isOurs bool
}

// GroupParticipant is somebody's place on a router. Transports that are made there are closed by whoever made
// them.
type GroupParticipant struct {
	group *RouterGroup
	at    *groupRouter
}

// NewRouterGroup makes a group without routers. It fails with ErrUnsupported for a codec that workers do not
// have.
func NewRouterGroup(options RouterGroupOptions) (*RouterGroup, error) {
	if options.Workers == nil {
		return nil, fault.Argument("workers", "is missing")
	}
	var err error
	if options.Spread, err = inRangeOr(options.Spread, "spread", defaultSpread, 1, mostSpread); err != nil {
		return nil, err
	}
	if options.IdleTime, err = inRangeOr(options.IdleTime, "idleTime", defaultIdleTime, 1, mostIdleTime); err != nil {
		return nil, err
	}
	capabilities, err := routerCapabilities(options.Router.MediaCodecs)
	if err != nil {
		return nil, err
	}
	g := &RouterGroup{options: options, capabilities: capabilities, core: &core{},
		copies: map[groupCopied]*groupCopy{}}
	g.core.mu.Lock()
	defer g.core.mu.Unlock()
	g.timer = time.AfterFunc(options.IdleTime, g.tick)
	return g, nil
}

// RtpCapabilities are those of each router. They are not to be changed.
func (g *RouterGroup) RtpCapabilities() RtpCapabilities { return g.capabilities }

// Closed tells whether Close was called.
func (g *RouterGroup) Closed() bool {
	g.core.mu.Lock()
	defer g.core.mu.Unlock()
	return g.closed
}

// Close also closes its routers.
func (g *RouterGroup) Close() {
	g.core.mu.Lock()
	g.closed = true
	g.timer.Stop()
	routers := append([]*groupRouter(nil), g.routers...)
	for _, each := range routers {
		each.isOurs = true
	}
	g.core.mu.Unlock()
	for _, each := range routers {
		each.close()
	}
}

// Routers are those that there are now.
func (g *RouterGroup) Routers() []GroupRouterStatus {
	g.core.mu.Lock()
	defer g.core.mu.Unlock()
	var all []GroupRouterStatus
	for _, each := range g.routers {
		if each.router == nil {
			continue
		}
		status := GroupRouterStatus{Worker: each.worker, Router: each.router, Participants: each.places}
		for _, copied := range g.copies {
			if copied.at == each {
				status.Copies++
			}
		}
		all = append(all, status)
	}
	return all
}

// Join gives somebody a place, whose transports have to be made on its router. As long as there are fewer than
// Spread participants that is the router with most of them. From then on it is the one with the fewest; but
// once that one has half of Spread, a worker that the group does not use yet, the one with the fewest
// participants of all groups. So large rooms are even, and none is on more workers than it needs. It fails
// with ErrInvalidState if no worker is running.
func (g *RouterGroup) Join(ctx context.Context) (*GroupParticipant, error) {
	for attempt := 1; ; attempt++ {
		at, err := g.choose()
		if err != nil {
			return nil, err
		}
		participant, err := g.welcome(ctx, at)
		if err == nil {
			return participant, nil
		}
		if ctx.Err() != nil || attempt == maxAttempts || !at.worker.Closed() {
			return nil, err
		}
	}
}

// Router is where transports of the participant are made.
func (p *GroupParticipant) Router() *Router { return p.at.router }

// Worker is where the router lives.
func (p *GroupParticipant) Worker() *Worker { return p.at.worker }

// Closed: left, or lost with the router.
func (p *GroupParticipant) Closed() bool {
	p.group.core.mu.Lock()
	_, isHere := p.at.participants[p]
	p.group.core.mu.Unlock()
	return !isHere || p.at.router.Closed()
}

// Leave gives the place back. It does nothing the second time.
func (p *GroupParticipant) Leave() {
	p.group.core.mu.Lock()
	defer p.group.core.mu.Unlock()
	if _, isHere := p.at.participants[p]; isHere {
		delete(p.at.participants, p)
		p.at.count(-1)
	}
}

// OnNewRouter tells of each router that the group makes.
func (g *RouterGroup) OnNewRouter(call func(*Router)) (remove func()) {
	return g.onNewRouter.add(g.core, call)
}

// OnRouterLost tells what went with a router that the group did not close. Whoever was there may join again, the
// others go on.
func (g *RouterGroup) OnRouterLost(call func(RouterLoss)) (remove func()) {
	return g.onRouterLost.add(g.core, call)
}

// OnRouterClose tells of each router that is gone: after OnRouterLost, because it is not needed any more, or with
// the group.
func (g *RouterGroup) OnRouterClose(call func(*Router)) (remove func()) {
	return g.onRouterClose.add(g.core, call)
}

// choose counts the place in the turn of the choice, or all who come at once would choose alike.
func (g *RouterGroup) choose() (*groupRouter, error) {
	// Asked before: it is the application's, and may ask us.
	workers := g.options.Workers()
	g.core.mu.Lock()
	defer g.core.mu.Unlock()
	if g.closed {
		return nil, fault.Errorf(ErrInvalidState, "the group is closed")
	}
	people := 0
	for _, each := range g.routers {
		people += each.places
	}
	fullest := largest(g.routers, func(each *groupRouter) int { return each.places })
	least := largest(g.routers, func(each *groupRouter) int { return -each.places })
	at := least
	switch {
	case fullest != nil && people < g.options.Spread:
		at = fullest
	case least == nil || 2*least.places >= g.options.Spread:
		if fresh := g.freshWorker(workers); fresh != nil {
			at = g.begin(fresh)
		}
	}
	if at == nil {
		return nil, fault.Errorf(ErrInvalidState, "no worker is running")
	}
	at.count(1)
	return at, nil
}

// freshWorker is the one with the fewest participants that the group does not use yet.
func (g *RouterGroup) freshWorker(workers []*Worker) *Worker {
	var fresh []*Worker
	for _, worker := range workers {
		isUsed := worker == nil || worker.Closed()
		for _, each := range g.routers {
			isUsed = isUsed || each.worker == worker
		}
		if !isUsed {
			fresh = append(fresh, worker)
		}
	}
	return largest(fresh, func(worker *Worker) int { return -int(worker.groupPlaces.Load()) })
}

// largest is nil without items; of equals the first.
func largest[T any](items []*T, size func(*T) int) *T {
	var best *T
	for _, item := range items {
		if best == nil || size(item) > size(best) {
			best = item
		}
	}
	return best
}

// With RouterGroup.core.mu held.
func (at *groupRouter) count(change int) {
	at.places += change
	at.isIdle = false
	at.worker.groupPlaces.Add(int64(change))
}

// begin makes a router. With core.mu held.
func (g *RouterGroup) begin(worker *Worker) *groupRouter {
	at := &groupRouter{worker: worker, ready: make(chan struct{}), participants: map[*GroupParticipant]struct{}{}}
	g.routers = append(g.routers, at)
	go func() {
		router, err := worker.CreateRouter(context.Background(), g.options.Router)
		g.core.mu.Lock()
		at.router, at.err = router, err
		isClosed := g.closed
		if err == nil && !isClosed {
			g.onNewRouter.emit(g.core, router)
		}
		g.core.mu.Unlock()
		close(at.ready)
		if err != nil {
			g.forget(at)
			return
		}
		router.OnClose(func(CloseReason) { g.routerClosed(at) })
		if isClosed {
			router.Close()
		}
	}()
	return at
}

func (g *RouterGroup) welcome(ctx context.Context, at *groupRouter) (*GroupParticipant, error) {
	var err error
	select {
	case <-at.ready:
		err = at.err
		if err == nil && at.router.Closed() {
			err = fault.Errorf(ErrInvalidState, "the router was closed meanwhile")
		}
	case <-ctx.Done():
		err = ctx.Err()
	}
	g.core.mu.Lock()
	defer g.core.mu.Unlock()
	if err != nil {
		at.count(-1)
		return nil, err
	}
	participant := &GroupParticipant{group: g, at: at}
	at.participants[participant] = struct{}{}
	return participant, nil
}

// close is for routers that may not be there yet: begin closes them then.
func (at *groupRouter) close() {
	select {
	case <-at.ready:
		if at.router != nil {
			at.router.Close()
		}
	default:
	}
}

func (g *RouterGroup) forget(at *groupRouter) {
	g.core.mu.Lock()
	defer g.core.mu.Unlock()
	for i, each := range g.routers {
		if each == at {
			g.routers = append(append([]*groupRouter(nil), g.routers[:i]...), g.routers[i+1:]...)
			return
		}
	}
}

func (g *RouterGroup) routerClosed(at *groupRouter) {
	g.forget(at)
	loss := RouterLoss{Worker: at.worker, Router: at.router}
	loss.ProducerIDs, loss.DataProducerIDs = at.router.bornHere()
	g.core.mu.Lock()
	defer g.core.mu.Unlock()
	for participant := range at.participants {
		loss.Participants = append(loss.Participants, participant)
		delete(at.participants, participant)
		at.count(-1)
	}
	for key, copied := range g.copies {
		if copied.at == at {
			delete(g.copies, key)
		}
	}
	if !at.isOurs {
		g.onRouterLost.emitEnd(g.core, loss)
	}
	g.onRouterClose.emitEnd(g.core, at.router)
}

// CanConsume is Router.CanConsume for producers of all routers.
func (g *RouterGroup) CanConsume(producerID string, capabilities RtpCapabilities) error {
	home := g.homeOf(func(r *Router) bool { return r.hasBorn(producerID) })
	if home == nil {
		return noProducer("producerId", "producer", producerID)
	}
	return home.CanConsume(producerID, capabilities)
}
