package sdp

import (
	"strconv"
	"strings"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/rtp"
)

const (
	dataKind = "application"
	// RFC 8840 §4.1.1: of sections whose candidates stand elsewhere.
	discardPort = 9
	// Of both sides; the worker knows no other (RFC 8841 §5.1 has it told).
	sctpPort = 5000
)

// slot is a media section as both sides have agreed on it. Its place in the description is fixed
// (RFC 3264 §8); when it is stopped, another may take the place.
type slot struct {
	kind, mid, protocol string
	formats             []string
	// isNamed: the description has the mid; else it is what we call the section.
	isNamed bool
	stopped bool
	// reason is why it was refused.
	reason string
	// isFree: both sides know that it is stopped.
	isFree bool
	// isMixed and isReduced are extmap-allow-mixed and rtcp-rsize, as the client offered them.
	isMixed, isReduced bool

	// What the client sends.
	accepted AcceptedCodecs
	sender   *SenderParameters
	producer *sluice.Producer

	// What it gets.
	sending *Sending
}

// refuseIf there is a reason.
func (s *slot) refuseIf(reason string) {
	if reason != "" {
		s.stopped, s.reason = true, reason
	}
}

func (s *slot) isReceiving() bool { return s.producer != nil && !s.producer.Closed() }

func (s *slot) isSending() bool {
	return s.sending != nil && !s.sending.hasEnded()
}

// writing is what sections of one description have in common.
type writing struct {
	connection *Connection
	ice        sluice.IceParameters
	setup      Setup
	// hasCandidates: they stand in the first section that is in use, as all share one transport.
	hasCandidates bool
}

func (c *Connection) write(slots []*slot, ice sluice.IceParameters, setup Setup) string {
	c.version++
	description := Description{Origin: c.origin, Name: "-", IceLite: true}
	description.Origin.SessionVersion = strconv.FormatUint(c.version, 10)
	w := writing{connection: c, ice: ice, setup: setup}
	bundle := Group{Semantics: "BUNDLE"}
	for _, slot := range slots {
		section := w.section(slot)
		if !slot.stopped && section.MID != "" {
			bundle.MIDs = append(bundle.MIDs, section.MID)
		}
		description.Sections = append(description.Sections, section)
	}
	// RFC 8843 §7.3: whoever did not ask for a bundle is not told of one, be it of a single section.
	isWanted := len(bundle.MIDs) > 1 || c.remote.isBundled || !c.remote.known
	if isWanted && len(bundle.MIDs) > 0 {
		description.Groups = rtp.List[Group]{bundle}
	}
	return description.String()
}

func (w *writing) section(s *slot) Section {
	section := newSection(s.kind, s.protocol)
	if s.isNamed {
		section.MID = s.mid
	}
	section.ExtmapAllowMixed = s.isMixed && s.kind != dataKind
	if s.stopped {
		section.Port, section.Direction, section.Formats = 0, rtp.Inactive, s.formats
		return section
	}
	w.transport(&section)
	if s.kind == dataKind {
		section.Formats = rtp.List[string]{"webrtc-datachannel"}
		if sctp := w.connection.transport.SctpParameters(); sctp != nil {
			port, size := sctp.Port, sctp.MaxReceiveMessageSize
			section.SctpPort, section.MaxMessageSize = &port, &size
		}
		return section
	}
	section.RtcpMux, section.RtcpReducedSize = true, s.isReduced
	section.Direction = s.direction()
	if s.isReceiving() || !s.isSending() {
		for index := range s.accepted.Codecs {
			section.addCodec(&s.accepted.Codecs[index])
		}
		section.HeaderExtensions = append(section.HeaderExtensions, s.accepted.HeaderExtensions...)
	}
	if s.isReceiving() && len(s.sender.RIDs) > 0 {
		section.receive(s.sender.RIDs)
	}
	if s.isSending() {
		section.send(s.sending)
	}
	return section
}

func (s *slot) direction() Direction {
	switch receiving, sending := s.isReceiving(), s.isSending(); {
	case receiving && sending:
		return rtp.SendRecv
	case receiving:
		return rtp.RecvOnly
	case sending:
		return rtp.SendOnly
	}
	return rtp.Inactive
}

func (w *writing) transport(section *Section) {
	section.Ice = &IceParameters{w.ice.UsernameFragment, w.ice.Password}
	section.Setup = w.setup
	for _, fingerprint := range w.connection.transport.DtlsParameters().Fingerprints {
		section.Fingerprints = append(section.Fingerprints,
			Fingerprint{fingerprint.Algorithm, strings.ToUpper(fingerprint.Value)})
	}
	if w.hasCandidates {
		return
	}
	w.hasCandidates = true
	section.EndOfCandidates = true
	for _, candidate := range w.connection.transport.IceCandidates() {
		if section.Port == discardPort && candidate.Protocol == sluice.UDP {
			// RFC 8839 §4.2.1.2: for those who look nowhere else.
			section.Port = candidate.Port
		}
		section.Candidates = append(section.Candidates, CandidateOf(candidate))
	}
}

func (s *Section) addCodec(codec *rtp.CodecParameters) {
	if s.codec(codec.PayloadType) == nil {
		s.Codecs = append(s.Codecs, sdpCodec(codec))
		s.Formats = append(s.Formats, strconv.Itoa(int(codec.PayloadType)))
	}
}

// receive grants the sizes of simulcast (RFC 8853 §5.3).
func (s *Section) receive(rids []string) {
	s.Simulcast = &Simulcast{}
	for _, rid := range rids {
		s.RIDs = append(s.RIDs, RID{ID: rid, Direction: "recv"})
		s.Simulcast.Recv = append(s.Simulcast.Recv, []SimulcastStream{{RID: rid}})
	}
}

func (s *Section) send(sending *Sending) {
	parameters := sending.parameters
	for index := range parameters.Codecs {
		s.addCodec(&parameters.Codecs[index])
	}
	for _, extension := range parameters.HeaderExtensions {
		if !s.hasExtension(extension.URI) {
			s.HeaderExtensions = append(s.HeaderExtensions,
				HeaderExtension{ID: extension.ID, URI: extension.URI})
		}
	}
	s.Msids = rtp.List[Msid]{{Stream: sending.options.StreamID, Track: sending.options.TrackID}}
	cname := parameters.Rtcp.CNAME
	for _, encoding := range parameters.Encodings {
		s.Sources = append(s.Sources, Source{SSRC: encoding.SSRC, CNAME: cname})
		if encoding.RTX != nil {
			s.Sources = append(s.Sources, Source{SSRC: encoding.RTX.SSRC, CNAME: cname})
			s.SourceGroups = append(s.SourceGroups, SourceGroup{
				Semantics: "FID", SSRCs: rtp.List[uint32]{encoding.SSRC, encoding.RTX.SSRC},
			})
		}
	}
}

func (s *Section) hasExtension(uri string) bool {
	for _, extension := range s.HeaderExtensions {
		if extension.URI == uri {
			return true
		}
	}
	return false
}
