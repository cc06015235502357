package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
)

const (
	// MaxPending is how many callers may wait for an answer; more of them wait for their turn. A
	// worker that is further behind is not coming back by itself.
	MaxPending = 4096
	// maxWaitingBytes is what the worker may have left unread.
	maxWaitingBytes = 16 << 20
	// keptBatch is the largest buffer of written requests that is used again.
	keptBatch = 1 << 20
)

// Call is one request and what becomes of its answer.
type Call struct {
	Method schema.RequestBody
	// Target is the object that is asked; empty for the worker.
	Target string
	Body   Packer
	// Apply runs when the worker has granted the request, before any message behind the answer is
	// looked at. The response is valid until Apply returns.
	Apply func(*schema.Response) error
	// Late runs in place of Apply if the caller was told of a timeout, or went away, before the
	// answer came, so that the two sides do not believe different things. May be nil.
	Late func(*schema.Response)
}

// Options of a channel. All but the two streams and the functions may be left out.
type Options struct {
	// Input is what the worker says, Output what it reads.
	Input  io.Reader
	Output io.Writer
	// RequestTimeout is how long an answer may take; 0: as long as the caller's context allows.
	RequestTimeout time.Duration
	// NewTimer stands in for the clock.
	NewTimer func(time.Duration) (<-chan time.Time, func())
	// Notify takes news, one by one, on the goroutine that reads.
	Notify func(*schema.Notification)
	// Ended is called once if the worker closes its stream between two messages.
	Ended func()
	// Failed is called once if a stream breaks or carries nonsense. The channel is closed then.
	Failed func(error)
	// Odd is told of answers to nobody.
	Odd func(string)
}

// Channel never leaves a caller behind: each call ends with its answer, with its context, with a
// timeout, or with the end of the channel.
type Channel struct {
	options Options
	// One for each caller that has a request under way.
	slots chan struct{}
	ended chan struct{}

	mu      sync.Mutex
	wake    sync.Cond
	pending map[uint32]*pending
	lastID  uint32
	out     []byte
	spare   []byte
	closed  error
}

type pending struct {
	call Call
	// Nil if nobody waits.
	done chan error
	// The caller went away before the answer came; or the answer came first. Channel.mu.
	abandoned, answered bool
}

// New makes a channel that does nothing before Start.
func New(options Options) *Channel {
	if options.NewTimer == nil {
		options.NewTimer = func(delay time.Duration) (<-chan time.Time, func()) {
			timer := time.NewTimer(delay)
			return timer.C, func() { timer.Stop() }
		}
	}
	c := &Channel{
		options: options,
		slots:   make(chan struct{}, MaxPending),
		ended:   make(chan struct{}),
		pending: map[uint32]*pending{},
	}
	c.wake.L = &c.mu
	return c
}

// Start begins to read and write.
func (c *Channel) Start() {
	go c.write()
	go c.read()
}

// Do sends the request and waits for its answer. Apply has run if it returns nil.
func (c *Channel) Do(ctx context.Context, call Call) error {
	if err := ctx.Err(); err != nil {
		return contextError(call.Method, err)
	}
	var late <-chan time.Time
	if c.options.RequestTimeout > 0 {
		timer, stop := c.options.NewTimer(c.options.RequestTimeout)
		defer stop()
		late = timer
	}
	if err := c.takeSlot(ctx, call.Method, late); err != nil {
		return err
	}
	waiting := &pending{call: call, done: make(chan error, 1)}
	if err := c.send(waiting); err != nil {
		<-c.slots
		return err
	}
	select {
	case err := <-waiting.done:
		return err
	case <-ctx.Done():
		return c.abandon(waiting, contextError(call.Method, ctx.Err()))
	case <-late:
		return c.abandon(waiting, fault.Errorf(fault.ErrTimeout,
			"the worker did not answer %s within %v", call.Method, c.options.RequestTimeout))
	}
}

// Post sends a request whose answer nobody waits for, and which is not counted with the others: for
// closing, which each object does once. It does nothing if the channel is closed.
func (c *Channel) Post(call Call) {
	_ = c.send(&pending{call: call})
}

// ShutDown ends what is under way with reason, and everything from now on.
func (c *Channel) ShutDown(reason error) { c.shutDown(reason) }

// Fail is ShutDown for a channel that is of no use any more: Options.Failed is told.
func (c *Channel) Fail(reason error) {
	if c.shutDown(reason) {
		c.options.Failed(reason)
	}
}

func (c *Channel) shutDown(reason error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed != nil {
		return false
	}
	c.closed = reason
	for id, each := range c.pending {
		delete(c.pending, id)
		each.finish(reason)
	}
	c.out, c.spare = nil, nil
	close(c.ended)
	c.wake.Broadcast()
	return true
}

func (c *Channel) takeSlot(ctx context.Context, method schema.RequestBody, late <-chan time.Time) error {
	select {
	case c.slots <- struct{}{}:
		return nil
	default:
	}
	select {
	case c.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return contextError(method, ctx.Err())
	case <-late:
		return fault.Errorf(fault.ErrResourceExhausted,
			"%d requests are under way already: %s had to wait for too long", MaxPending, method)
	case <-c.ended:
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.closed
	}
}

func (c *Channel) send(waiting *pending) error {
	request, err := encodeRequest(&waiting.call)
	if err != nil {
		return err
	}
	defer request.free()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed != nil {
		return c.closed
	}
	// What nobody waits for is small, and must not get lost.
	if waiting.done != nil && len(c.out)+len(request.bytes) > maxWaitingBytes {
		return fault.Errorf(fault.ErrResourceExhausted,
			"the worker does not take requests: %s does not fit into the queue", waiting.call.Method)
	}
	id := c.nextID()
	request.setID(id)
	c.pending[id] = waiting
	c.out = appendFrame(c.out, request.bytes)
	c.wake.Signal()
	return nil
}

func (c *Channel) nextID() uint32 {
	for {
		c.lastID++
		if _, taken := c.pending[c.lastID]; !taken && c.lastID != 0 {
			return c.lastID
		}
	}
}

// abandon returns reason, or how the call ended if the answer was faster. The entry stays: an answer
// may still come.
func (c *Channel) abandon(waiting *pending, reason error) error {
	c.mu.Lock()
	answered := waiting.answered
	waiting.abandoned = true
	c.mu.Unlock()
	if answered {
		return <-waiting.done
	}
	return reason
}

func (p *pending) finish(err error) {
	p.answered = true
	if p.done != nil {
		p.done <- err
	}
}

// Everything that was asked for while the previous batch was written goes out in one piece.
func (c *Channel) write() {
	for {
		batch := c.nextBatch()
		if batch == nil {
			return
		}
		if _, err := c.options.Output.Write(batch); err != nil {
			c.Fail(fault.Errorf(fault.ErrWorker, "writing to the worker failed: %v", err))
			return
		}
		if cap(batch) <= keptBatch {
			c.mu.Lock()
			c.spare = batch[:0]
			c.mu.Unlock()
		}
	}
}

func (c *Channel) nextBatch() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.out) == 0 && c.closed == nil {
		c.wake.Wait()
	}
	if c.closed != nil {
		return nil
	}
	batch := c.out
	c.out, c.spare = c.spare, nil
	return batch
}

func (c *Channel) read() {
	reader := newFrameReader(c.options.Input)
	for {
		frame, err := reader.next()
		if errors.Is(err, io.EOF) {
			c.options.Ended()
			return
		}
		if err != nil {
			c.Fail(fault.Errorf(fault.ErrWorker, "reading from the worker failed: %v", err))
			return
		}
		if err := c.dispatch(frame); err != nil {
			c.Fail(fault.Errorf(fault.ErrWorker, "the worker sent nonsense: %v", err))
			return
		}
	}
}

// The generated code checks no offsets; what points outside of the frame ends in a panic.
func (c *Channel) dispatch(frame []byte) (err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("%v", problem)
		}
	}()
	message := decodeMessage(frame)
	switch {
	case message.response != nil:
		c.dispatchResponse(message.response)
	case message.notification != nil:
		c.options.Notify(message.notification)
	default:
		return errors.New("a message that is neither response nor notification")
	}
	return nil
}

func (c *Channel) dispatchResponse(response *schema.Response) {
	// Before the lock: what points outside of the frame panics here.
	id := response.Id()
	c.mu.Lock()
	waiting, known := c.pending[id]
	delete(c.pending, id)
	if known && !waiting.abandoned {
		waiting.answered = true
	}
	c.mu.Unlock()
	if !known {
		c.options.Odd(fmt.Sprintf("an answer to request %d, which nobody sent: %s", id, response.Message()))
		return
	}
	if waiting.done == nil {
		if response.Code() != schema.ResultCodeOk {
			c.options.Odd(fmt.Sprintf("%s of %s failed: %s",
				waiting.call.Method, waiting.call.Target, response.Message()))
		}
		return
	}
	defer func() { <-c.slots }()
	if waiting.answered {
		waiting.answer(response)
	} else if response.Code() == schema.ResultCodeOk && waiting.call.Late != nil {
		waiting.call.Late(response)
	}
}

func (p *pending) answer(response *schema.Response) {
	// What the caller is told if the answer makes Apply panic.
	err := fault.Errorf(fault.ErrWorker, "the answer to %s makes no sense", p.call.Method)
	defer func() { p.done <- err }()
	if response.Code() != schema.ResultCodeOk {
		err = errorOfResponse(p.call.Method, response)
	} else {
		err = p.call.Apply(response)
	}
}
