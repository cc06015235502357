package ortc

import "sluice.dev/sdk/rtp"

var (
	nack        = rtp.RtcpFeedback{Type: "nack"}
	transportCC = rtp.RtcpFeedback{Type: "transport-cc"}
)

// Extensions that rules ask for by name.
const (
	midURI         = "urn:ietf:params:rtp-hdrext:sdes:mid"
	ridURI         = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
	repairedRidURI = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
	transportCCURI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
	absSendTimeURI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
)

// SupportedCapabilities is everything that a router can be asked for, with the numbers that routers
// prefer for it. Each call gives a copy of its own.
func SupportedCapabilities() rtp.Capabilities {
	return rtp.Capabilities{Codecs: supportedCodecs(), HeaderExtensions: supportedExtensions()}
}

func supportedCodecs() rtp.List[rtp.CodecCapability] {
	codecs := rtp.List[rtp.CodecCapability]{
		audio("opus", 48000, 2, nack, transportCC),
		// Surround sound of Chromium: stream counts and the order of the loudspeakers.
		multiopus(4, "0,1,2,3", 2, 2),
		multiopus(6, "0,4,1,2,3,5", 4, 2),
		multiopus(8, "0,6,1,2,3,4,5,7", 5, 3),
		// RFC 3551 §6 fixes these payload types.
		static(0, audio("PCMU", 8000, 1, transportCC)),
		static(8, audio("PCMA", 8000, 1, transportCC)),
		static(9, audio("G722", 8000, 1, transportCC)),
		// RFC 3389 §4 fixes 13, for 8 kHz only.
		audio("CN", 32000, 1),
		audio("CN", 16000, 1),
		static(13, audio("CN", 8000, 1)),
	}
	for _, clockRate := range []uint32{48000, 32000, 16000, 8000} {
		codecs = append(codecs, audio("telephone-event", clockRate, 1))
	}
	for _, name := range []string{"VP8", "VP9", "H264", "H265", "AV1"} {
		codecs = append(codecs, video(name))
	}
	return codecs
}

func audio(name string, clockRate uint32, channels uint8,
	feedback ...rtp.RtcpFeedback) rtp.CodecCapability {
	return rtp.CodecCapability{
		Kind:         rtp.Audio,
		MimeType:     "audio/" + name,
		ClockRate:    clockRate,
		Channels:     channels,
		Parameters:   rtp.FormatParameters{},
		RtcpFeedback: append(rtp.List[rtp.RtcpFeedback]{}, feedback...),
	}
}

func static(payloadType uint8, codec rtp.CodecCapability) rtp.CodecCapability {
	codec.PreferredPayloadType = &payloadType
	return codec
}

func multiopus(channels uint8, mapping string, streams, coupled float64) rtp.CodecCapability {
	codec := audio("multiopus", 48000, channels, nack, transportCC)
	codec.Parameters = rtp.FormatParameters{
		"channel_mapping": mapping, "num_streams": streams, "coupled_streams": coupled,
	}
	return codec
}

func video(name string) rtp.CodecCapability {
	codec := rtp.CodecCapability{
		Kind:       rtp.Video,
		MimeType:   "video/" + name,
		ClockRate:  90000,
		Parameters: rtp.FormatParameters{},
		RtcpFeedback: rtp.List[rtp.RtcpFeedback]{
			nack,
			{Type: "nack", Parameter: "pli"},
			{Type: "ccm", Parameter: "fir"},
			{Type: "goog-remb"},
			transportCC,
		},
	}
	if name == "H264" {
		codec.Parameters["level-asymmetry-allowed"] = 1.0
	}
	return codec
}

func supportedExtensions() rtp.List[rtp.HeaderExtension] {
	const none, both, receive = "", rtp.SendRecv, rtp.RecvOnly
	table := []struct {
		uri          string
		audio, video rtp.HeaderExtensionDirection
	}{
		{midURI, both, both},
		{ridURI, none, receive},
		{repairedRidURI, none, receive},
		{absSendTimeURI, both, both},
		// Sound counts as well: it goes on when a path is too narrow for any picture, and tells of
		// it.
		{transportCCURI, both, both},
		{"urn:ietf:params:rtp-hdrext:ssrc-audio-level", both, none},
		// Receivers get it as well, rewritten: what is sent to them can then be told apart by
		// layers even if its payload is encrypted from end to end.
		{"https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
			none, both},
		{"urn:3gpp:video-orientation", none, both},
		{"urn:ietf:params:rtp-hdrext:toffset", none, both},
		{"http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time", both, both},
		{"http://www.webrtc.org/experiments/rtp-hdrext/playout-delay", both, both},
	}
	var extensions rtp.List[rtp.HeaderExtension]
	for index, row := range table {
		for _, side := range []struct {
			kind      rtp.MediaKind
			direction rtp.HeaderExtensionDirection
		}{{rtp.Audio, row.audio}, {rtp.Video, row.video}} {
			if side.direction == none {
				continue
			}
			extensions = append(extensions, rtp.HeaderExtension{
				Kind: side.kind, URI: row.uri, PreferredID: uint8(index + 1),
				Direction: side.direction,
			})
		}
	}
	return extensions
}
