package main

import (
	"encoding/json"
	"sync"
)

// As many messages wait for a page that has lost its event stream for a moment. Who needs more has
// been away for too long and joins again.
const maxKept = 256

// outbox has what one page is told, in order. The page says what it has got when it connects again
// (Last-Event-ID), and gets the rest.
type outbox struct {
	mu     sync.Mutex
	kept   []message
	last   uint64
	news   chan struct{}
	closed bool
}

type message struct {
	id   uint64
	text []byte
}

func newOutbox() *outbox { return &outbox{news: make(chan struct{})} }

// push tells the page something: type is what kind of news it is.
func (o *outbox) push(kind string, body map[string]any) {
	told := map[string]any{"type": kind}
	for name, value := range body {
		told[name] = value
	}
	text, err := json.Marshal(told)
	if err != nil {
		// Texts, numbers and lists of them can always be written.
		panic(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	o.last++
	o.kept = append(o.kept, message{o.last, text})
	if len(o.kept) > maxKept {
		o.kept = append([]message(nil), o.kept[1:]...)
	}
	o.wake()
}

// after is what comes behind a message that the page has got. When there is nothing, news is closed
// as soon as there is. Whole is false if something in between is not kept any more.
func (o *outbox) after(id uint64) (messages []message, news <-chan struct{}, whole, closed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	first := o.last + 1 - uint64(len(o.kept))
	if id+1 < first || id > o.last {
		return nil, nil, false, o.closed
	}
	return o.kept[id+1-first:], o.news, true, o.closed
}

// close ends every stream, when it has told what there is.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.wake()
}

func (o *outbox) wake() {
	close(o.news)
	o.news = make(chan struct{})
}
