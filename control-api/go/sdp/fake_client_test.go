package sdp

import (
	"strconv"
	"testing"

	"sluice.dev/sdk/rtp"
)

// fakeClient describes itself as a browser would, and has no network.
type fakeClient struct {
	t        testing.TB
	sections []Section
	ice      IceParameters
	setup    Setup
	nextSSRC uint32
}

const clientFingerprint = "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:" +
	"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"

func newFakeClient(t testing.TB) *fakeClient {
	return &fakeClient{t: t, ice: IceParameters{"abcd", "0123456789012345678901"}, nextSSRC: 1000}
}

// add is addTransceiver(): a section of VP8 with RTX, or of Opus.
func (c *fakeClient) add(kind rtp.MediaKind, direction Direction) *Section {
	section := newSection(string(kind), "UDP/TLS/RTP/SAVPF")
	section.MID = strconv.Itoa(len(c.sections))
	section.Direction = direction
	section.RtcpMux, section.RtcpReducedSize = true, true
	section.HeaderExtensions = rtp.List[HeaderExtension]{{ID: 9, URI: midURI}, {ID: 10, URI: ridURI}}
	if kind == rtp.Audio {
		section.addCodec(&rtp.CodecParameters{MimeType: "audio/opus", PayloadType: 111, ClockRate: 48000,
			Channels: 2})
	} else {
		section.addCodec(&rtp.CodecParameters{MimeType: "video/VP8", PayloadType: 120, ClockRate: 90000,
			RtcpFeedback: rtp.List[rtp.RtcpFeedback]{{Type: "nack"}, {Type: "nack", Parameter: "pli"}}})
		section.addCodec(&rtp.CodecParameters{MimeType: "video/rtx", PayloadType: 124, ClockRate: 90000,
			Parameters: rtp.FormatParameters{"apt": 120.0}})
	}
	if sends(direction) {
		c.nextSSRC++
		section.Sources = rtp.List[Source]{{SSRC: c.nextSSRC, CNAME: "client"}}
		section.Msids = rtp.List[Msid]{{Stream: "camera", Track: "track-" + section.MID}}
	}
	c.sections = append(c.sections, section)
	return &c.sections[len(c.sections)-1]
}

func (c *fakeClient) addData() {
	section := newSection(dataKind, "UDP/DTLS/SCTP")
	section.MID, section.Formats = strconv.Itoa(len(c.sections)), rtp.List[string]{"webrtc-datachannel"}
	port := uint16(5000)
	section.SctpPort = &port
	c.sections = append(c.sections, section)
}

func (c *fakeClient) stop(index int) {
	c.sections[index].Port, c.sections[index].Direction = 0, rtp.Inactive
}

func (c *fakeClient) offer() string { return c.describe(c.sections, ActPass) }

func (c *fakeClient) describe(sections []Section, setup Setup) string {
	if c.setup != "" {
		setup = c.setup
	}
	description := Description{Origin: Origin{"-", "1", "1", "127.0.0.1"}}
	bundle := Group{Semantics: "BUNDLE"}
	for _, section := range sections {
		if !section.IsStopped() {
			ice := c.ice
			section.Ice, section.Setup = &ice, setup
			section.Fingerprints = rtp.List[Fingerprint]{{"sha-256", clientFingerprint}}
			section.Candidates = nil
			bundle.MIDs = append(bundle.MIDs, section.MID)
		}
		description.Sections = append(description.Sections, section)
	}
	description.Groups = rtp.List[Group]{bundle}
	return description.String()
}

// answer takes an offer of the server, and agrees to it all; change may think otherwise.
func (c *fakeClient) answer(offer string, change func([]Section)) string {
	c.t.Helper()
	description, err := Parse(offer)
	if err != nil {
		c.t.Fatal(err)
	}
	for index := range description.Sections {
		section := &description.Sections[index]
		switch section.Direction {
		case rtp.SendOnly:
			section.Direction = rtp.RecvOnly
		case rtp.RecvOnly:
			section.Direction = rtp.SendOnly
		}
		section.Sources, section.SourceGroups, section.Msids = nil, nil, nil
		if index < len(c.sections) && c.sections[index].MID == section.MID {
			section.Sources = c.sections[index].Sources
		}
	}
	if change != nil {
		change(description.Sections)
	}
	c.sections = description.Sections
	return c.describe(c.sections, Active)
}
