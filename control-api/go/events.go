package sluice

import "sync"

// MaxWaitingEvents is how many events of a worker may wait for listeners that do not keep up. More are
// dropped and counted, but for those that tell of an end; Worker.EventsDropped tells how many.
const MaxWaitingEvents = 16384

// eventQueue calls listeners one after the other, in the order of the events, on a goroutine that
// exists while there are any.
type eventQueue struct {
	mu      sync.Mutex
	waiting []func()
	running bool
	dropped uint64
}

func (q *eventQueue) push(event func(), mayDrop bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if mayDrop && len(q.waiting) >= MaxWaitingEvents {
		q.dropped++
		return
	}
	q.waiting = append(q.waiting, event)
	if !q.running {
		q.running = true
		go q.run()
	}
}

func (q *eventQueue) run() {
	for {
		q.mu.Lock()
		batch := q.waiting
		q.waiting = nil
		q.running = len(batch) > 0
		q.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		for _, event := range batch {
			event()
		}
	}
}

func (q *eventQueue) droppedEvents() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}

// listeners of one event. core.mu guards them.
type listeners[T any] struct {
	entries []*listener[T]
}

type listener[T any] struct {
	call    func(T)
	removed bool
}

// add takes core.mu. What it returns removes the listener; an event that is being told while it is
// removed may still reach it.
func (l *listeners[T]) add(c *core, call func(T)) (remove func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry := l.addLocked(call)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		l.remove(entry)
	}
}

func (l *listeners[T]) addLocked(call func(T)) *listener[T] {
	entry := &listener[T]{call: call}
	l.entries = append(l.entries, entry)
	return entry
}

func (l *listeners[T]) remove(entry *listener[T]) {
	entry.removed = true
	kept := make([]*listener[T], 0, len(l.entries))
	for _, each := range l.entries {
		if each != entry {
			kept = append(kept, each)
		}
	}
	l.entries = kept
}

// emit tells whoever listens now. With core.mu held.
func (l *listeners[T]) emit(c *core, value T) { l.tell(c, value, true) }

// emitEnd is for what is told once in the life of an object, and never dropped.
func (l *listeners[T]) emitEnd(c *core, value T) { l.tell(c, value, false) }

func (l *listeners[T]) tell(c *core, value T, mayDrop bool) {
	if len(l.entries) == 0 {
		return
	}
	// A change of the list makes a new one, so this one stays as it is.
	entries := l.entries[:len(l.entries):len(l.entries)]
	c.events.push(func() {
		for _, entry := range entries {
			c.mu.Lock()
			removed := entry.removed
			c.mu.Unlock()
			if !removed {
				entry.call(value)
			}
		}
	}, mayDrop)
}
