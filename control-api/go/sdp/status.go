package sdp

import (
	"sync"

	sluice "sluice.dev/sdk"
)

// SignalingState says whether an offer of the server is under way (RFC 8829 §4.1.3).
type SignalingState string

// The values of SignalingState.
const (
	SignalingStable         SignalingState = "stable"
	SignalingHaveLocalOffer SignalingState = "have-local-offer"
	SignalingClosed         SignalingState = "closed"
)

// SectionStatus is what was agreed on about a section.
type SectionStatus struct {
	// MID is that of the client, or where the section stands if it has none.
	MID string
	// Kind is "audio", "video", "application" or whatever else the client offered.
	Kind string
	// Stopped: it is refused, or no more in use.
	Stopped bool
	// Reason is why it was refused, for a person; empty if it was not.
	Reason string
	// Direction is from the server's point of view.
	Direction Direction
	// Producer is what the client sends in it, or nil.
	Producer *sluice.Producer
	// Sending is what the client gets in it, or nil.
	Sending *Sending
}

// status is what may be known without waiting for one's turn.
type status struct {
	mu       sync.Mutex
	state    SignalingState
	sections []slot
	sendings []*Sending
}

// publish is called by whoever gives back the turn.
func (c *Connection) publish() {
	state := SignalingStable
	if c.transport.Closed() {
		state = SignalingClosed
	} else if c.pending != nil {
		state = SignalingHaveLocalOffer
	}
	sections := make([]slot, 0, len(c.slots))
	sendings := append([]*Sending(nil), c.waiting...)
	for _, each := range c.slots {
		sections = append(sections, *each)
		if each.sending != nil {
			sendings = append(sendings, each.sending)
		}
	}
	c.status.mu.Lock()
	isNews := c.status.state != state && c.status.state != SignalingClosed
	if isNews {
		c.status.state = state
	}
	c.status.sections, c.status.sendings = sections, sendings
	c.status.mu.Unlock()
	if isNews && c.options.OnSignalingStateChange != nil {
		c.events.push(func() { c.options.OnSignalingStateChange(state) })
	}
}

// SignalingState is that of the last step that has ended.
func (c *Connection) SignalingState() SignalingState {
	if c.transport.Closed() {
		return SignalingClosed
	}
	c.status.mu.Lock()
	defer c.status.mu.Unlock()
	return c.status.state
}

// Closed tells whether the transport has gone, by whomever.
func (c *Connection) Closed() bool { return c.transport.Closed() }

// Router is where the connection's streams come from and go to.
func (c *Connection) Router() *sluice.Router { return c.router }

// Sections are as they were agreed on last, in their order.
func (c *Connection) Sections() []SectionStatus {
	c.status.mu.Lock()
	agreed := c.status.sections
	c.status.mu.Unlock()
	sections := make([]SectionStatus, len(agreed))
	for index := range agreed {
		each := &agreed[index]
		sections[index] = SectionStatus{MID: each.mid, Kind: each.kind, Stopped: each.stopped, Reason: each.reason}
		switch {
		case each.stopped:
			sections[index].Direction = "inactive"
			continue
		case each.kind == dataKind:
			sections[index].Direction = "sendrecv"
			continue
		}
		sections[index].Direction = each.direction()
		if each.isReceiving() {
			sections[index].Producer = each.producer
		}
		if each.isSending() {
			sections[index].Sending = each.sending
		}
	}
	return sections
}

// Sendings are what the client gets, or shall get.
func (c *Connection) Sendings() []*Sending {
	c.status.mu.Lock()
	defer c.status.mu.Unlock()
	var all []*Sending
	for _, each := range c.status.sendings {
		if !each.hasEnded() {
			all = append(all, each)
		}
	}
	return all
}
