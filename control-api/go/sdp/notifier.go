package sdp

import "sync"

// notifier makes calls one after the other, on a goroutine that exists while there are any. What
// waits is bounded by what causes it: one entry for each negotiation and each stream that ended.
type notifier struct {
	mu      sync.Mutex
	waiting []func()
	running bool
}

func (n *notifier) push(call func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.waiting = append(n.waiting, call)
	if !n.running {
		n.running = true
		go n.run()
	}
}

func (n *notifier) run() {
	for {
		n.mu.Lock()
		batch := n.waiting
		n.waiting = nil
		n.running = len(batch) > 0
		n.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		for _, call := range batch {
			call()
		}
	}
}
