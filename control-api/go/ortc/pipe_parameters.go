package ortc

import (
	"sluice.dev/sdk/internal/fault"
	"sluice.dev/sdk/rtp"
)

// isOfOneHop has the extensions that mean something between two ends only: which stream a packet
// belongs to is told by its SSRC on a pipe, and nobody estimates the path of one.
var isOfOneHop = map[string]bool{
	midURI:         true,
	ridURI:         true,
	repairedRidURI: true,
	absSendTimeURI: true,
	transportCCURI: true,
}

// PipeOptions are what a pipe's consumer needs beside parameters.
type PipeOptions struct {
	EnableRtx bool
	// SSRCs has one for each encoding, with a free one behind it.
	SSRCs []uint32
}

// PipeParameters are what travels on a pipe: every encoding of a producer in the router's numbers.
// produced is what the publisher declared, whose sizes the other end has to know.
func PipeParameters(consumable, produced rtp.Parameters, options PipeOptions) (rtp.Parameters, error) {
	if len(options.SSRCs) != len(consumable.Encodings) {
		return rtp.Parameters{}, fault.Argument("ssrcs", "are %d for %d encodings",
			len(options.SSRCs), len(consumable.Encodings))
	}
	piped := rtp.Parameters{
		Codecs:           rtp.List[rtp.CodecParameters]{},
		HeaderExtensions: rtp.List[rtp.HeaderExtensionParameters]{},
		Encodings:        rtp.List[rtp.EncodingParameters]{},
		Rtcp:             cloneRtcp(consumable.Rtcp),
	}
	hasRtx := false
	for _, codec := range consumable.Codecs {
		if isRtx(codec.MimeType) {
			if !options.EnableRtx {
				continue
			}
			hasRtx = true
		}
		codec.Parameters = cloneParameters(codec.Parameters)
		codec.RtcpFeedback = filterFeedback(codec.RtcpFeedback, func(feedback rtp.RtcpFeedback) bool {
			return feedback.Type != "transport-cc" && feedback.Type != "goog-remb"
		})
		piped.Codecs = append(piped.Codecs, codec)
	}
	for _, extension := range consumable.HeaderExtensions {
		if !isOfOneHop[extension.URI] {
			extension.Parameters = cloneParameters(extension.Parameters)
			piped.HeaderExtensions = append(piped.HeaderExtensions, extension)
		}
	}
	for index, encoding := range consumable.Encodings {
		encoding.SSRC = options.SSRCs[index]
		if hasRtx {
			encoding.RTX = &rtp.RtxParameters{SSRC: encoding.SSRC + 1}
		}
		if index < len(produced.Encodings) {
			encoding.ScaleResolutionDownBy = produced.Encodings[index].ScaleResolutionDownBy
		}
		piped.Encodings = append(piped.Encodings, encoding)
	}
	return piped, nil
}
