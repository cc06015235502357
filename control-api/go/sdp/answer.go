package sdp

import (
	"context"
	"encoding/json"
	"strconv"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/rtp"
)

// plan is what an offer of the client, or its answer, comes to. Making it changes nothing.
type plan struct {
	description *Description
	remote      remoteSide
	slots       []*slot
	// produces are the places where a producer begins; those that it takes the place of end.
	produces []int
	ends     []*sluice.Producer
	restarts bool
}

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
	if err := c.take(ctx); err != nil {
		return "", err
	}
	defer c.release()
	if err := c.checkOpen(); err != nil {
		return "", err
	}
	plan, err := c.planFor(description)
	if err != nil {
		return "", err
	}
	plan.restarts = c.remote.known && plan.remote.ice != c.remote.ice
	if err := c.carryOut(ctx, plan); err != nil {
		return "", err
	}
	// RFC 8829 §5.7: offers that cross. The client's counts.
	c.pending = nil
	c.toldNeed = false
	c.fillReceivers(ctx, description)
	return c.write(c.slots, c.ice, c.remote.localSetup, len(description.Groups) > 0), nil
}

// planFor checks a whole offer against what was agreed before.
func (c *Connection) planFor(d *Description) (*plan, error) {
	if len(d.Sections) > c.options.MaxSections {
		return nil, errorf("it has more than %d sections", c.options.MaxSections)
	}
	if len(d.Sections) < len(c.slots) {
		return nil, errorf("it has %d sections, and there were %d", len(d.Sections), len(c.slots))
	}
	remote, err := c.checkShared(d)
	if err != nil {
		return nil, err
	}
	plan := &plan{description: d, remote: remote, slots: make([]*slot, len(d.Sections))}
	hasData := false
	for index := range d.Sections {
		if d.Sections[index].Kind == dataKind && !d.Sections[index].IsStopped() {
			// RFC 8841 §10: one association for all channels.
			if hasData {
				return nil, errorAt(index, "there is another section of data channels")
			}
			hasData = true
		}
		var old *slot
		if index < len(c.slots) {
			old = c.slots[index]
		}
		if err := c.planSection(plan, old, index); err != nil {
			return nil, err
		}
	}
	return plan, nil
}

func (c *Connection) planSection(p *plan, old *slot, index int) error {
	section := &p.description.Sections[index]
	mid := section.MID
	if mid == "" {
		mid = strconv.Itoa(index)
	}
	next := &slot{kind: section.Kind, mid: mid, isNamed: section.MID != "", protocol: section.Protocol,
		formats: section.Formats, isMixed: section.ExtmapAllowMixed, isReduced: section.RtcpReducedSize}
	if old != nil && !old.stopped {
		// RFC 8829 §5.2.2: a place is taken by something else only after it was stopped.
		if !section.IsStopped() && (old.mid != mid || old.kind != section.Kind) {
			return errorAt(index, "it was mid %s of %s and is mid %s of %s", quoted(old.mid),
				quoted(old.kind), quoted(mid), quoted(section.Kind))
		}
		next.sending = old.sending
	}
	p.slots[index] = next
	switch _, isMedia := section.MediaKind(); {
	case section.IsStopped():
		next.stopped = true
	case section.Kind == dataKind && (len(section.Formats) != 1 || section.Formats[0] != "webrtc-datachannel"):
		next.refuse("not webrtc-datachannel over DTLS")
	case section.Kind == dataKind:
		if c.transport.SctpParameters() == nil {
			next.refuse("the transport was made without sctp")
		}
	case !isMedia:
		next.refuse("neither audio, video nor application")
	case !isRTP(section.Protocol):
		next.refuse("not RTP over DTLS-SRTP")
	default:
		if err := c.planMedia(p, old, next, index); err != nil {
			return err
		}
	}
	if old != nil && old.producer != nil && old.producer != next.producer {
		p.ends = append(p.ends, old.producer)
	}
	return nil
}

func (c *Connection) planMedia(p *plan, old, next *slot, index int) error {
	section := &p.description.Sections[index]
	accepted, isKnown := AcceptCodecs(section, c.router.RtpCapabilities(), c.options.PreferCodecs...)
	if !isKnown {
		// RFC 3264 §6: a section without a common codec is refused; the others are not.
		next.refuse("no codec in common with the router")
		return nil
	}
	next.accepted = accepted
	if !sends(section.Direction) {
		// Nothing flows yet: what the client reads and the router knows.
		isKnown := func(Direction) bool { return true }
		next.accepted.HeaderExtensions = acceptExtensions(section, c.router.RtpCapabilities(), receives, isKnown)
		return nil
	}
	sender, err := SenderParametersOf(section, accepted, next.mid, index)
	if err != nil {
		return err
	}
	next.sender = &sender
	if old != nil && old.isReceiving() && isSameSender(old.sender, &sender) {
		next.producer = old.producer
		return nil
	}
	offered := Offered{Kind: sender.Kind, MID: next.mid, Msid: section.msid(),
		Encodings: len(sender.RtpParameters.Encodings), Codec: accepted.Codecs[0].MimeType}
	if c.options.AcceptProducer == nil || c.options.AcceptProducer(offered) {
		p.produces = append(p.produces, index)
	}
	return nil
}

// isSameSender compares what the worker knows of a sender: a new name for its track makes no new
// stream.
func isSameSender(a, b *SenderParameters) bool {
	return a != nil && b != nil && senderKey(*a) == senderKey(*b)
}

func senderKey(sender SenderParameters) string {
	sender.RtpParameters.Msid = ""
	sender.RtpParameters.Rtcp.CNAME = ""
	// Dictionaries of text and numbers can always be written.
	text, _ := json.Marshal(sender)
	return string(text)
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
