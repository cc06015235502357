package sdp

import (
	"context"
	"fmt"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/internal/fault"
)

// pendingOffer is what is agreed when the client answers, and forgotten when it does not.
type pendingOffer struct {
	slots []*slot
	// begins are the places of what the client is to get from now on.
	begins   []int
	ice      sluice.IceParameters
	restarts bool
}

// Offer describes to the client what it shall get, and what it gets no more. It is to be answered
// (AcceptAnswer), or withdrawn by Rollback, or by Answer to an offer of the client; until then there
// is no other.
func (c *Connection) Offer(ctx context.Context) (string, error) {
	if err := c.take(ctx); err != nil {
		return "", err
	}
	defer c.release()
	if c.pending != nil {
		return "", fault.Errorf(fault.ErrInvalidState, "the last offer is not answered yet")
	}
	if err := c.checkOpen(); err != nil {
		return "", err
	}
	pending := &pendingOffer{ice: c.ice, restarts: c.mustRestart}
	if c.mustRestart {
		pending.ice = c.transport.IceParameters()
	}
	for _, each := range c.slots {
		pending.slots = append(pending.slots, each.continued())
	}
	c.offerWaiting(pending)
	if c.mustOpenData && !c.hasData() {
		pending.place(&slot{kind: dataKind, mid: c.newMID(), isNamed: true, isMixed: true,
			protocol: "UDP/DTLS/SCTP"})
	}
	if len(pending.slots) == 0 {
		return "", fault.Errorf(fault.ErrInvalidState, "there is nothing to offer")
	}
	c.pending, c.toldNeed = pending, false
	// RFC 8842 §5.5: who makes an offer leaves the roles open, also when they are decided.
	return c.write(pending.slots, pending.ice, ActPass), nil
}

// offerWaiting finds a place for whatever waits. What cannot be sent to this client ends.
func (c *Connection) offerWaiting(p *pendingOffer) {
	c.purge()
	kept := c.waiting[:0:0]
	for _, sending := range c.waiting {
		mid := sending.mid
		if mid == "" || c.isUsed(mid) {
			mid = c.newMID()
		}
		kind := sending.producer.Kind()
		if err := sending.describe(mid, c.capabilitiesFor(kind)); err != nil {
			sending.end(err)
			sending.release()
			continue
		}
		kept = append(kept, sending)
		p.begins = append(p.begins, p.place(&slot{
			kind: string(kind), mid: mid, isNamed: true, protocol: "UDP/TLS/RTP/SAVPF",
			isMixed: true, isReduced: true, sending: sending,
		}))
	}
	c.waiting = kept
}

// continued is the slot as it is offered again: without what has ended.
func (s *slot) continued() *slot {
	next := *s
	if next.sending == nil || !next.sending.hasEnded() {
		return &next
	}
	next.sending = nil
	if next.isReceiving() {
		return &next
	}
	// Nothing is left of it, and something else may take its place.
	next.stopped = true
	next.formats = nil
	return &next
}

// place puts a slot where one was stopped in an earlier description, else behind all of them.
func (p *pendingOffer) place(next *slot) int {
	for index, each := range p.slots {
		if each.stopped && each.isFree {
			p.slots[index] = next
			return index
		}
	}
	p.slots = append(p.slots, next)
	return len(p.slots) - 1
}

// newMID is one that nobody uses, of the client's neither.
func (c *Connection) newMID() string {
	for {
		mid := fmt.Sprintf("s%d", c.nextMID)
		c.nextMID++
		if !c.isUsed(mid) {
			return mid
		}
	}
}

func (c *Connection) isUsed(mid string) bool {
	for _, each := range c.slots {
		if each.mid == mid {
			return true
		}
	}
	return false
}

// Rollback withdraws an offer that is not answered.
func (c *Connection) Rollback(ctx context.Context) error {
	if err := c.take(ctx); err != nil {
		return err
	}
	defer c.release()
	c.pending, c.toldNeed = nil, false
	return nil
}

// AcceptAnswer takes the client's answer to the last Offer. What the client refuses has ended for it.
// An *Error leaves the offer as it is: it can be answered again, or rolled back.
func (c *Connection) AcceptAnswer(ctx context.Context, answer string) error {
	description, err := Parse(answer)
	if err != nil {
		return err
	}
	if err := c.take(ctx); err != nil {
		return err
	}
	defer c.release()
	pending := c.pending
	if pending == nil {
		return fault.Errorf(fault.ErrInvalidState, "there is no offer to be answered")
	}
	remote, err := c.checkAnswer(description, pending)
	if err != nil {
		return err
	}
	if !c.remote.known && remote.known {
		if err := c.transport.Connect(ctx, remote.dtlsParameters()); err != nil {
			return err
		}
	}
	c.remote, c.ice = remote, pending.ice
	c.mustRestart = c.mustRestart && !pending.restarts
	c.pending, c.toldNeed = nil, false
	c.settle(ctx, pending, description)
	return nil
}

func (c *Connection) checkAnswer(d *Description, p *pendingOffer) (remoteSide, error) {
	if len(d.Sections) != len(p.slots) {
		return c.remote, errorf("it has %d sections, and %d were offered", len(d.Sections), len(p.slots))
	}
	for index, slot := range p.slots {
		section := &d.Sections[index]
		if section.Kind != slot.kind {
			return c.remote, errorAt(index, "it is of %s, and %s was offered", quoted(section.Kind), slot.kind)
		}
		if section.IsStopped() {
			continue
		}
		if slot.stopped {
			return c.remote, errorAt(index, "it was stopped")
		}
		if section.MID != slot.mid {
			return c.remote, errorAt(index, "it is mid %s, and %s was offered", quoted(section.MID), slot.mid)
		}
		if section.Setup == ActPass {
			return c.remote, errorAt(index, "setup:actpass is no answer")
		}
	}
	if err := checkBundle(d); err != nil {
		return c.remote, err
	}
	return c.remote.met(d)
}

// settle makes what was answered the state of things.
func (c *Connection) settle(ctx context.Context, p *pendingOffer, d *Description) {
	begins := map[*Sending]bool{}
	for _, index := range p.begins {
		begins[p.slots[index].sending] = true
	}
	kept := c.waiting[:0:0]
	for _, sending := range c.waiting {
		if !begins[sending] {
			kept = append(kept, sending)
		}
	}
	c.waiting = kept
	c.slots = p.slots
	c.learn(d)
	for index, slot := range c.slots {
		section := &d.Sections[index]
		slot.isFree = slot.stopped
		if slot.producer != nil && (section.IsStopped() || !sends(section.Direction)) {
			slot.producer.Close()
			slot.producer = nil
		}
		if section.IsStopped() && !slot.stopped {
			slot.stopped, slot.isFree, slot.formats = true, true, section.Formats
		}
		if slot.sending != nil {
			slot.answered(ctx, section, begins[slot.sending])
		}
	}
}

// answered is what becomes of something that was offered to the client.
func (s *slot) answered(ctx context.Context, section *Section, isNew bool) {
	switch {
	case s.stopped || isNew && !receives(section.Direction):
		s.sending.end(fault.Errorf(fault.ErrUnsupported, "the client refuses it"))
		s.sending.release()
		if s.stopped {
			s.sending = nil
		}
	case isNew:
		s.sending.consume(ctx, s.mid, section)
	default:
		s.sending.hold(ctx, receives(section.Direction))
	}
}
