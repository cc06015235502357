package sdp

import (
	"encoding/json"
	"strconv"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/rtp"
)

// Verdict is what an answer would say to a section of an offer.
type Verdict struct {
	// MID is that of the client, or where the section stands if it has none.
	MID  string `json:"mid"`
	Kind string `json:"kind"`
	// Direction is as the client wants it.
	Direction Direction `json:"direction"`
	// Stopped: it is not in use, by the client's own word.
	Stopped bool `json:"stopped"`
	// Reason is why it cannot be granted; empty if it can, or is not in use.
	Reason string `json:"reason,omitempty"`
}

// ExamineOptions are of the connection that would answer.
type ExamineOptions struct {
	// Sctp: its transport is to have data channels.
	Sctp bool
}

// ExamineOffer is what Connection.Answer would say to a first offer, section by section, found out
// without a connection: for whoever grants all of an offer or nothing. It gives an *Error for an offer
// that would be rejected as a whole, unless that is because nothing of it is in use.
func ExamineOffer(offer *Description, router rtp.Capabilities, options ExamineOptions) ([]Verdict, error) {
	planner := planner{router: router, hasSctp: options.Sctp, maxSections: MaxSections}
	plan, err := planner.plan(offer)
	if err != nil {
		return nil, err
	}
	verdicts := make([]Verdict, 0, len(plan.slots))
	for index, slot := range plan.slots {
		section := &offer.Sections[index]
		verdicts = append(verdicts, Verdict{MID: slot.mid, Kind: slot.kind, Direction: section.Direction,
			Stopped: section.IsStopped(), Reason: slot.reason})
	}
	return verdicts, nil
}

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

// planner has what decides on an offer.
type planner struct {
	router      rtp.Capabilities
	prefer      []string
	hasSctp     bool
	maxSections int
	// accept is nil if everything may be sent.
	accept func(Offered) bool
	// slots and remote are what was agreed before.
	slots  []*slot
	remote remoteSide
}

func (c *Connection) planner() planner {
	return planner{router: c.router.RtpCapabilities(), prefer: c.options.PreferCodecs,
		hasSctp: c.transport.SctpParameters() != nil, maxSections: c.options.MaxSections,
		accept: c.options.AcceptProducer, slots: c.slots, remote: c.remote}
}

// plan checks a whole offer against what was agreed before.
func (r *planner) plan(d *Description) (*plan, error) {
	if err := r.checkOrder(d); err != nil {
		return nil, err
	}
	remote, err := r.remote.met(d)
	if err != nil {
		return nil, err
	}
	plan := &plan{description: d, remote: remote, slots: make([]*slot, len(d.Sections))}
	bundle := bundleOf(d)
	for index := range d.Sections {
		next, err := r.planSlot(d, index)
		if err != nil {
			return nil, err
		}
		plan.slots[index] = next
		if next.refuseIf(r.whyNot(&d.Sections[index], bundle.has(d, index))); !next.stopped {
			err = r.planMedia(plan, index)
		}
		if err != nil {
			return nil, err
		}
		if old := r.known(index); old != nil && old.producer != nil && old.producer != next.producer {
			plan.ends = append(plan.ends, old.producer)
		}
	}
	return plan, plan.checkOneOfEach()
}

func (r *planner) checkOrder(d *Description) error {
	switch count := len(d.Sections); {
	case count == 0:
		return errorf("it has no sections")
	case count > r.maxSections:
		return errorf("it has more than %d sections", r.maxSections)
	case count < len(r.slots):
		return errorf("it has %d sections, and there were %d", count, len(r.slots))
	case count == 1:
		return nil
	}
	for index := range d.Sections {
		if section := &d.Sections[index]; section.MID == "" && !section.IsStopped() {
			return errorf("of several sections each needs a mid")
		}
	}
	return nil
}

// known is what stood in a place before, or nil.
func (r *planner) known(index int) *slot {
	if index < len(r.slots) {
		return r.slots[index]
	}
	return nil
}

// planSlot is the section with nothing in it yet.
func (r *planner) planSlot(d *Description, index int) (*slot, error) {
	section := &d.Sections[index]
	mid := section.MID
	if mid == "" {
		mid = strconv.Itoa(index)
	}
	next := &slot{kind: section.Kind, mid: mid, isNamed: section.MID != "", protocol: section.Protocol,
		formats: section.Formats, isMixed: section.ExtmapAllowMixed, isReduced: section.RtcpReducedSize,
		stopped: section.IsStopped()}
	if old := r.known(index); old != nil && !old.stopped {
		// RFC 8829 §5.2.2: a place is taken by something else only after it was stopped.
		if !next.stopped && (old.mid != mid || old.kind != section.Kind) {
			return nil, errorAt(index, "it was mid %s of %s and is mid %s of %s", quoted(old.mid),
				quoted(old.kind), quoted(mid), quoted(section.Kind))
		}
		next.sending = old.sending
	}
	return next, nil
}

// whyNot is why a section cannot be carried by the one transport that there is; empty if it can.
func (r *planner) whyNot(section *Section, isBundled bool) string {
	_, isMedia := section.MediaKind()
	switch {
	case section.IsStopped():
		return ""
	case !isBundled:
		return "not in the BUNDLE group of the first section"
	case section.Kind == dataKind:
		return r.whyNoData(section)
	case !isMedia:
		return "neither audio, video nor application"
	case !rtpProtocols.MatchString(section.Protocol):
		return "not RTP over DTLS-SRTP"
	case !section.RtcpMux && !section.RtcpMuxOnly:
		return "without rtcp-mux"
	}
	return ""
}

func (r *planner) whyNoData(section *Section) string {
	switch {
	case !dataProtocols.MatchString(section.Protocol) || at(section.Formats, 0) != "webrtc-datachannel":
		return "not webrtc-datachannel over DTLS"
	case !r.hasSctp:
		return "the transport was made without sctp"
	case section.SctpPort != nil && *section.SctpPort != sctpPort:
		return "sctp-port is not 5000"
	}
	return ""
}

func (r *planner) planMedia(p *plan, index int) error {
	section, old, next := &p.description.Sections[index], r.known(index), p.slots[index]
	if _, isMedia := section.MediaKind(); !isMedia {
		return nil
	}
	accepted, isKnown := AcceptCodecs(section, r.router, r.prefer...)
	if !isKnown {
		// RFC 3264 §6: a section without a common codec is refused; the others are not.
		next.refuseIf(whyNoCodec(section, r.router))
		return nil
	}
	next.accepted = accepted
	if !sends(section.Direction) {
		// Nothing flows yet: what the client reads and the router knows.
		isKnown := func(Direction) bool { return true }
		next.accepted.HeaderExtensions = acceptExtensions(section, r.router, receives, isKnown)
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
	if r.accept == nil || r.accept(offered) {
		p.produces = append(p.produces, index)
	}
	return nil
}

// checkOneOfEach: there is one association for all channels (RFC 8841 §10), and what is told apart by
// SSRC has one of its own (RFC 8843 §9.1).
func (p *plan) checkOneOfEach() error {
	hasData, seen := false, map[uint32]int{}
	for index, slot := range p.slots {
		if slot.stopped {
			continue
		}
		if slot.kind == dataKind && hasData {
			return errorf("it has more than one section of data channels")
		}
		hasData = hasData || slot.kind == dataKind
		for _, ssrc := range slot.ssrcs() {
			if other, isTaken := seen[ssrc]; isTaken {
				return errorAt(index, "ssrc %d is that of section %d as well", ssrc, other)
			}
			seen[ssrc] = index
		}
	}
	return nil
}

// ssrcs are those that the client sends with, as far as it has told.
func (s *slot) ssrcs() []uint32 {
	var all []uint32
	if s.sender == nil {
		return nil
	}
	for _, encoding := range s.sender.RtpParameters.Encodings {
		if encoding.SSRC != 0 {
			all = append(all, encoding.SSRC)
		}
		if encoding.RTX != nil && encoding.RTX.SSRC != 0 {
			all = append(all, encoding.RTX.SSRC)
		}
	}
	return all
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
