package sdp

import "sluice.dev/sdk/rtp"

// Direction is of the media, from the point of view of who wrote the description (RFC 8866 §6.7).
type Direction = rtp.HeaderExtensionDirection

// Setup says who begins the DTLS handshake (RFC 4145 §4 with RFC 8842 §5).
type Setup string

// The values of Setup.
const (
	ActPass  Setup = "actpass"
	Active   Setup = "active"
	Passive  Setup = "passive"
	HoldConn Setup = "holdconn"
)

// Origin is the o= line (RFC 8866 §5.2). The numbers are texts: they may have 64 bits.
type Origin struct {
	Username       string `json:"username"`
	SessionID      string `json:"sessionId"`
	SessionVersion string `json:"sessionVersion"`
	Address        string `json:"address"`
}

// Group is BUNDLE (RFC 8843), LS or another (RFC 5888 §5).
type Group struct {
	Semantics string   `json:"semantics"`
	MIDs      []string `json:"mids"`
}

// IceParameters are the credentials of one side (RFC 8839 §5.4).
type IceParameters struct {
	UsernameFragment string `json:"usernameFragment"`
	Password         string `json:"password"`
}

// Fingerprint of a certificate (RFC 8122 §5): the value is in upper case, with colons.
type Fingerprint struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"value"`
}

// Candidate of ICE (RFC 8839 §5.1, and RFC 6544 §4.5 for TCP).
type Candidate struct {
	Foundation       string `json:"foundation"`
	Component        uint16 `json:"component"`
	Protocol         string `json:"protocol"`
	Priority         uint32 `json:"priority"`
	Address          string `json:"address"`
	Port             uint16 `json:"port"`
	Type             string `json:"type"`
	TCPType          string `json:"tcpType,omitempty"`
	RelatedAddress   string `json:"relatedAddress,omitempty"`
	RelatedPort      uint16 `json:"relatedPort,omitempty"`
	UsernameFragment string `json:"usernameFragment,omitempty"`
}

// Codec is what rtpmap, fmtp and rtcp-fb say of a payload type (RFC 8866 §6.6 and §6.15, RFC 4585
// §4.2).
type Codec struct {
	PayloadType uint8 `json:"payloadType"`
	// Name is without the kind: "VP8".
	Name      string `json:"name"`
	ClockRate uint32 `json:"clockRate"`
	// Channels of audio; 0 stands for 1.
	Channels     uint8                      `json:"channels,omitempty"`
	Parameters   rtp.FormatParameters       `json:"parameters"`
	RtcpFeedback rtp.List[rtp.RtcpFeedback] `json:"rtcpFeedback"`
}

// HeaderExtension is an extmap (RFC 8285 §8).
type HeaderExtension struct {
	ID        uint8     `json:"id"`
	URI       string    `json:"uri"`
	Direction Direction `json:"direction,omitempty"`
}

// Source is what is told of an SSRC (RFC 5576 §4.1).
type Source struct {
	SSRC  uint32 `json:"ssrc"`
	CNAME string `json:"cname,omitempty"`
	Msid  string `json:"msid,omitempty"`
}

// SourceGroup is FID (RFC 4588 §8.7), SIM or FEC-FR (RFC 5576 §4.2).
type SourceGroup struct {
	Semantics string           `json:"semantics"`
	SSRCs     rtp.List[uint32] `json:"ssrcs"`
}

// RID is a restricted encoding (RFC 8851 §4).
type RID struct {
	ID string `json:"id"`
	// Direction is "send" or "recv".
	Direction string `json:"direction"`
	// Restrictions are as they were written, "pt" among them.
	Restrictions map[string]string `json:"restrictions"`
}

// Simulcast has one entry for each stream, each with its alternatives (RFC 8853 §5.1).
type Simulcast struct {
	Send rtp.List[[]SimulcastStream] `json:"send"`
	Recv rtp.List[[]SimulcastStream] `json:"recv"`
}

// SimulcastStream is one alternative for a stream.
type SimulcastStream struct {
	RID string `json:"rid"`
	// Paused is initially (the tilde).
	Paused bool `json:"paused"`
}

// Msid says what a track belongs to (RFC 8830 §2).
type Msid struct {
	// Stream is "-" if the track is in none.
	Stream string `json:"stream"`
	Track  string `json:"track,omitempty"`
}

// Section is what stands from one m= line to the next. What was said at session level for all is
// filled in.
type Section struct {
	// Kind is "audio", "video", "application" or whatever else was said.
	Kind string `json:"kind"`
	// Port 0: refused, or no more in use (RFC 3264 §6 and §8.2), unless it is BundleOnly.
	Port     uint16 `json:"port"`
	Protocol string `json:"protocol"`
	// Formats are payload types of RTP, or "webrtc-datachannel".
	Formats         rtp.List[string]      `json:"formats"`
	MID             string                `json:"mid,omitempty"`
	Direction       Direction             `json:"direction"`
	Setup           Setup                 `json:"setup,omitempty"`
	Ice             *IceParameters        `json:"ice,omitempty"`
	IceOptions      rtp.List[string]      `json:"iceOptions"`
	Fingerprints    rtp.List[Fingerprint] `json:"fingerprints"`
	Candidates      rtp.List[Candidate]   `json:"candidates"`
	EndOfCandidates bool                  `json:"endOfCandidates"`
	// BundleOnly: RFC 8843 §6.
	BundleOnly bool `json:"bundleOnly"`
	RtcpMux    bool `json:"rtcpMux"`
	// RtcpMuxOnly: RFC 8858 §3.
	RtcpMuxOnly     bool `json:"rtcpMuxOnly"`
	RtcpReducedSize bool `json:"rtcpReducedSize"`
	// ExtmapAllowMixed: RFC 8285 §6.
	ExtmapAllowMixed bool                      `json:"extmapAllowMixed"`
	Codecs           rtp.List[Codec]           `json:"codecs"`
	HeaderExtensions rtp.List[HeaderExtension] `json:"headerExtensions"`
	Msids            rtp.List[Msid]            `json:"msids"`
	Sources          rtp.List[Source]          `json:"sources"`
	SourceGroups     rtp.List[SourceGroup]     `json:"sourceGroups"`
	RIDs             rtp.List[RID]             `json:"rids"`
	Simulcast        *Simulcast                `json:"simulcast,omitempty"`
	// SctpPort: RFC 8841 §5.1. Nil if it was not said.
	SctpPort *uint16 `json:"sctpPort,omitempty"`
	// MaxMessageSize in bytes (RFC 8841 §6.1). Nil if it was not said; 0 is no bound.
	MaxMessageSize *uint32 `json:"maxMessageSize,omitempty"`
}

// Description is a session description (RFC 8866) as data.
type Description struct {
	Origin     Origin            `json:"origin"`
	Name       string            `json:"name"`
	IceLite    bool              `json:"iceLite"`
	IceOptions rtp.List[string]  `json:"iceOptions"`
	Groups     rtp.List[Group]   `json:"groups"`
	Sections   rtp.List[Section] `json:"sections"`
}

// What is longer than this is nobody's description.
const (
	// MaxTextLength in bytes; Chromium writes about 6,000 for each section of video.
	MaxTextLength = 1 << 20
	// MaxLines of a description.
	MaxLines = 32_768
	// MaxLineLength in bytes.
	MaxLineLength = 4096
	// MaxSections of a description.
	MaxSections = 256
	// MaxAttributes of one kind in one section.
	MaxAttributes = 256
)

func newSection(kind, protocol string) Section {
	return Section{Kind: kind, Port: 9, Protocol: protocol, Direction: rtp.SendRecv}
}

// IsStopped reports whether the section is refused, or no more in use.
func (s *Section) IsStopped() bool {
	return s.Port == 0 && !s.BundleOnly
}

// MediaKind is that of a section of RTP, and false for any other.
func (s *Section) MediaKind() (rtp.MediaKind, bool) {
	kind := rtp.MediaKind(s.Kind)
	return kind, kind == rtp.Audio || kind == rtp.Video
}

func sends(direction Direction) bool {
	return direction == rtp.SendRecv || direction == rtp.SendOnly
}

func receives(direction Direction) bool {
	return direction == rtp.SendRecv || direction == rtp.RecvOnly
}
