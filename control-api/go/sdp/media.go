package sdp

import (
	"errors"
	"fmt"
	"strings"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/internal/fault"
	"sluice.dev/sdk/ortc"
	"sluice.dev/sdk/rtp"
)

// MaxMedia of one session for media tools.
const MaxMedia = 64

const (
	defaultSessionName   = "Sluice"
	maxSessionNameLength = 2048
)

// Media is a stream, and where its receiver, a media tool, listens. Its JSON is that of the Node SDK.
type Media struct {
	// Kind is Audio or Video.
	Kind          rtp.MediaKind  `json:"kind"`
	RtpParameters rtp.Parameters `json:"rtpParameters"`
	// IP is of the receiver: an address, or the name of a host.
	IP string `json:"ip"`
	// Port is 1 to 65535.
	Port uint16 `json:"port"`
	// RtcpPort is of RTCP, if it has a port of its own (RFC 3605). 0: it shares that of RTP (RFC 5761).
	RtcpPort uint16 `json:"rtcpPort,omitempty"`
	// SrtpParameters are what the stream is sent with (RFC 4568). Nil: it is not encrypted.
	SrtpParameters *sluice.SrtpParameters `json:"srtpParameters,omitempty"`
}

// DescribeForReceiver is what the tool behind a plain transport gets of a consumer on it. It fails
// with ErrInvalidState until the transport knows where the tool is: after Connect, or, with Comedia,
// after the first that came from there (OnTuple).
func DescribeForReceiver(transport *sluice.PlainTransport, consumer *sluice.Consumer) (Media, error) {
	tuple := transport.Tuple()
	if tuple.RemoteIP == "" || tuple.RemotePort == 0 {
		return Media{}, fault.Errorf(fault.ErrInvalidState, "the transport has no remote address yet")
	}
	media := Media{
		Kind: consumer.Kind(), RtpParameters: consumer.RtpParameters(),
		IP: tuple.RemoteIP, Port: tuple.RemotePort, SrtpParameters: transport.SrtpParameters(),
	}
	if rtcp := transport.RtcpTuple(); rtcp != nil {
		media.RtcpPort = rtcp.RemotePort
	}
	return media, nil
}

// WriteMedia writes SDP (RFC 8866) for media tools: one session with all of media (1 to MaxMedia),
// each on a port of its own, as tools know no bundles. Nobody answers it: FFmpeg reads it as an input
// file, GStreamer by sdpdemux. The name of the session is "Sluice" if it is empty, and has up to
// 2,048 bytes. Errors are an *ArgumentError that names the field: "media[0].rtpParameters.codecs".
func WriteMedia(media []Media, name string) (string, error) {
	if len(media) == 0 || len(media) > MaxMedia {
		return "", fault.Argument("media", "has %d entries, not 1 to %d", len(media), MaxMedia)
	}
	if len(name) > maxSessionNameLength {
		return "", fault.Argument("name", "is longer than %d bytes", maxSessionNameLength)
	}
	if name == "" {
		name = defaultSessionName
	}
	var w writer
	w.line("v=0")
	w.line("o=- 0 0 %s", network(media[0].IP))
	w.line("s=%s", name)
	w.line("t=0 0")
	for index := range media {
		valid, err := media[index].validate()
		if err != nil {
			return "", inside(fmt.Sprintf("media[%d].", index), err)
		}
		w.tool(&valid)
	}
	return w.String(), nil
}

// inside is an error about a field of something that is itself a field.
func inside(place string, err error) error {
	var argument *fault.ArgumentError
	if errors.As(err, &argument) {
		return fault.Argument(place+argument.Field, "%s", argument.Problem)
	}
	return err
}

func (m *Media) validate() (Media, error) {
	valid := *m
	if m.Kind != rtp.Audio && m.Kind != rtp.Video {
		return valid, fault.Argument("kind", "is none of audio, video")
	}
	var err error
	if valid.RtpParameters, err = ortc.ValidateParameters(m.RtpParameters); err != nil {
		return valid, err
	}
	if !addressPattern.MatchString(m.IP) {
		return valid, fault.Argument("ip", "is not an address")
	}
	if m.Port == 0 {
		return valid, fault.Argument("port", "is not 1 to 65535")
	}
	if m.SrtpParameters == nil {
		return valid, nil
	}
	return valid, m.SrtpParameters.Check()
}

// tool writes a section that is not negotiated.
func (w *writer) tool(m *Media) {
	// RFC 4585 §3.1 and RFC 5124: with feedback messages the profile is another.
	secure, feedback, payloadTypes := "", "", ""
	section := newSection(string(m.Kind), "")
	for index := range m.RtpParameters.Codecs {
		codec := sdpCodec(&m.RtpParameters.Codecs[index])
		payloadTypes += fmt.Sprintf(" %d", codec.PayloadType)
		if len(codec.RtcpFeedback) > 0 {
			feedback = "F"
		}
		if strings.EqualFold(codec.Name, "rtx") {
			// Nobody asks for a repetition of what was repeated.
			codec.RtcpFeedback = nil
		}
		section.Codecs = append(section.Codecs, codec)
	}
	if m.SrtpParameters != nil {
		secure = "S"
	}
	rtcpPort := m.RtcpPort
	if rtcpPort == 0 {
		// RFC 5761 §5.1.1: with rtcp-mux the port is that of RTP.
		rtcpPort, section.RtcpMux = m.Port, true
	}
	w.line("m=%s %d RTP/%sAVP%s%s", m.Kind, m.Port, secure, feedback, payloadTypes)
	w.line("c=%s", network(m.IP))
	w.line("a=rtcp:%d %s", rtcpPort, network(m.IP))
	w.flag(section.RtcpMux, "rtcp-mux")
	if srtp := m.SrtpParameters; srtp != nil {
		w.line("a=crypto:1 %s inline:%s", srtp.CryptoSuite, srtp.KeyBase64)
	}
	for index := range section.Codecs {
		w.codec(&section.Codecs[index])
	}
	for _, encoding := range m.RtpParameters.Encodings {
		if encoding.SSRC == 0 {
			continue
		}
		section.Sources = append(section.Sources, Source{SSRC: encoding.SSRC, CNAME: m.RtpParameters.Rtcp.CNAME})
		if encoding.RTX != nil {
			// RFC 4588 §8.7 with RFC 5576 §4.2: which stream repeats which.
			section.SourceGroups = append(section.SourceGroups, SourceGroup{
				Semantics: "FID", SSRCs: rtp.List[uint32]{encoding.SSRC, encoding.RTX.SSRC},
			})
		}
	}
	w.sources(&section)
	// The tool's part in it (RFC 8866 §6.7).
	w.line("a=%s", rtp.RecvOnly)
}
