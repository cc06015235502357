package sdp

import (
	"context"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/rtp"
)

// Answer takes an offer of the client and gives the answer to it. What the client sends becomes
// producers, or is closed when it stops; an own offer that is not answered yet is withdrawn, and told
// to be needed again.
//
// An *Error, or any other, leaves everything as it was, and the client should roll its offer back.
// Only where a stream changes its codecs or SSRCs, and the worker refuses the new ones, it is lost.
func (c *Connection) Answer(ctx context.Context, offer string) (string, error) {
	description, err := Parse(offer)
	if err != nil {
		return "", err
	}
	return c.AnswerDescription(ctx, description)
}

// AnswerDescription is Answer to an offer that was parsed already, by ParseWithin for one, and is not
// changed from now on.
func (c *Connection) AnswerDescription(ctx context.Context, offer *Description) (string, error) {
	if offer == nil {
		return "", errorf("there is no description")
	}
	if err := c.take(ctx); err != nil {
		return "", err
	}
	defer c.release()
	if err := c.checkOpen(); err != nil {
		return "", err
	}
	planner := c.planner()
	plan, err := planner.plan(offer)
	if err != nil {
		return "", err
	}
	if !plan.remote.known {
		return "", errorf("it has no section that is in use")
	}
	plan.restarts = c.remote.known && plan.remote.ice != c.remote.ice
	if err := c.carryOut(ctx, plan); err != nil {
		return "", err
	}
	// RFC 8829 §5.7: offers that cross. The client's counts.
	c.pending = nil
	c.toldNeed = false
	c.fillReceivers(ctx, offer)
	return c.write(c.slots, c.ice, c.remote.localSetup), nil
}

// carryOut makes true what was planned, or leaves everything as it was.
func (c *Connection) carryOut(ctx context.Context, p *plan) error {
	var made []*sluice.Producer
	undo := func() {
		for _, producer := range made {
			producer.Close()
		}
	}
	for _, index := range p.produces {
		slot := p.slots[index]
		if index < len(c.slots) && c.slots[index].producer != nil {
			// The worker would take the new one for the old one: they have one MID.
			c.slots[index].producer.Close()
		}
		producer, err := c.options.Make.Produce(ctx, sluice.ProduceOptions{
			Kind: slot.sender.Kind, RtpParameters: slot.sender.RtpParameters,
		}, slot.mid)
		if err != nil {
			undo()
			return sectionError(index, err)
		}
		slot.producer = producer
		made = append(made, producer)
	}
	ice := c.ice
	if p.restarts {
		restarted, err := c.transport.RestartIce(ctx)
		if err != nil {
			undo()
			return err
		}
		ice, c.mustRestart = restarted, false
	}
	if !c.remote.known && p.remote.known {
		if err := c.transport.Connect(ctx, p.remote.dtlsParameters()); err != nil {
			undo()
			return err
		}
	}
	c.ice, c.remote = ice, p.remote
	c.commit(ctx, p)
	for _, producer := range made {
		c.tell(producer)
	}
	return nil
}

func (c *Connection) commit(ctx context.Context, p *plan) {
	c.slots = p.slots
	c.learn(p.description)
	for _, producer := range p.ends {
		producer.Close()
	}
	for index, slot := range c.slots {
		slot.isFree = slot.stopped
		switch {
		case slot.sending == nil:
		case slot.stopped:
			slot.sending.end(nil)
			slot.sending = nil
		default:
			slot.sending.hold(ctx, receives(p.description.Sections[index].Direction))
		}
	}
}

func (c *Connection) tell(producer *sluice.Producer) {
	if c.options.OnProducer != nil {
		c.events.push(func() { c.options.OnProducer(producer) })
	}
}

// fillReceivers has what waits sent in sections that the client offers to receive in, and does not
// send in itself: there it would end with what it sends.
func (c *Connection) fillReceivers(ctx context.Context, d *Description) {
	for index, slot := range c.slots {
		section := &d.Sections[index]
		kind, isMedia := section.MediaKind()
		if slot.stopped || slot.sending != nil || !isMedia || section.Direction != rtp.RecvOnly {
			continue
		}
		slot.sending = c.nextWaiting(ctx, kind, slot.mid, section)
	}
}

// nextWaiting takes the first of a kind that can be sent in a section out of those that wait.
func (c *Connection) nextWaiting(ctx context.Context, kind rtp.MediaKind, mid string,
	section *Section) *Sending {
	c.purge()
	kept := c.waiting[:0:0]
	var found *Sending
	for _, sending := range c.waiting {
		switch {
		case found != nil || sending.producer.Kind() != kind:
			kept = append(kept, sending)
		case sending.consume(ctx, mid, section):
			found = sending
		}
	}
	c.waiting = kept
	return found
}

func sectionError(index int, err error) error {
	return &Error{Section: index, Reason: err.Error(), cause: err}
}
