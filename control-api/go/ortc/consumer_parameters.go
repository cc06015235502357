package ortc

import (
	"fmt"

	"sluice.dev/sdk/internal/fault"
	"sluice.dev/sdk/rtp"
)

// CanConsume reports whether a receiver with capabilities can decode at least one codec of
// consumable.
func CanConsume(consumable rtp.Parameters, capabilities rtp.Capabilities) (bool, error) {
	receiver, err := ValidateCapabilities(capabilities)
	if err != nil {
		return false, err
	}
	for index := range consumable.Codecs {
		codec := &consumable.Codecs[index]
		if !isRtx(codec.MimeType) && findCompatible(receiver.Codecs, codecOfParameters(codec)) != nil {
			return true, nil
		}
	}
	return false, nil
}

// ConsumerOptions are what a consumer needs beside capabilities.
type ConsumerOptions struct {
	// EnableRtx lets losses be repaired: NACK, and RTX for video.
	EnableRtx bool
	// SSRC of the consumer; the one behind it is for its RTX.
	SSRC uint32
	// MID that its packets carry.
	MID string
}

// ConsumerParameters are what a receiver with capabilities gets: one encoding with an SSRC of its
// own. A receiver that has none of the codecs is an error of class ErrUnsupported.
func ConsumerParameters(consumable rtp.Parameters, capabilities rtp.Capabilities,
	options ConsumerOptions) (rtp.Parameters, error) {
	receiver, err := ValidateCapabilities(capabilities)
	if err != nil {
		return rtp.Parameters{}, err
	}
	extensions := receivedExtensions(consumable, receiver)
	isAllowed := feedbackRule(extensions, options.EnableRtx)
	codecs := rtp.List[rtp.CodecParameters]{}
	hasRtx := false
	for index := range consumable.Codecs {
		codec := &consumable.Codecs[index]
		if isRtx(codec.MimeType) {
			continue
		}
		for _, received := range receivedCodecs(codec, consumable, receiver, options.EnableRtx) {
			received.RtcpFeedback = filterFeedback(received.RtcpFeedback, isAllowed)
			codecs = append(codecs, received)
			hasRtx = hasRtx || isRtx(received.MimeType)
		}
	}
	if len(codecs) == 0 {
		return rtp.Parameters{}, fault.Errorf(fault.ErrUnsupported, "no compatible media codecs")
	}
	encoding := combineEncodings(consumable.Encodings)
	encoding.SSRC = options.SSRC
	if hasRtx {
		encoding.RTX = &rtp.RtxParameters{SSRC: options.SSRC + 1}
	}
	return rtp.Parameters{
		MID:              options.MID,
		Codecs:           codecs,
		HeaderExtensions: extensions,
		Encodings:        rtp.List[rtp.EncodingParameters]{encoding},
		Rtcp:             cloneRtcp(consumable.Rtcp),
	}, nil
}

// receivedCodecs are codec as the receiver gets it, with its RTX behind it if both sides have one.
func receivedCodecs(codec *rtp.CodecParameters, consumable rtp.Parameters, receiver rtp.Capabilities,
	enableRtx bool) []rtp.CodecParameters {
	theirs := findCompatible(receiver.Codecs, codecOfParameters(codec))
	if theirs == nil {
		return nil
	}
	media := *codec
	media.Parameters = cloneParameters(codec.Parameters)
	media.RtcpFeedback = filterFeedback(codec.RtcpFeedback, func(feedback rtp.RtcpFeedback) bool {
		return containsFeedback(theirs.RtcpFeedback, feedback)
	})
	received := []rtp.CodecParameters{media}
	if !enableRtx || theirs.PreferredPayloadType == nil ||
		findRtx(receiver.Codecs, *theirs.PreferredPayloadType) == nil {
		return received
	}
	for _, entry := range consumable.Codecs {
		if isRtx(entry.MimeType) && aptOf(entry.Parameters) == int(codec.PayloadType) {
			entry.Parameters = cloneParameters(entry.Parameters)
			return append(received, entry)
		}
	}
	return received
}

// receivedExtensions goes by kind: a receiver that does not read the transport-wide number of sound
// would seem to lose all of it. mediasoup-client lists an extension that audio and video share under
// one of them only; whoever knows better adds the other.
func receivedExtensions(consumable rtp.Parameters,
	receiver rtp.Capabilities) rtp.List[rtp.HeaderExtensionParameters] {
	received := rtp.List[rtp.HeaderExtensionParameters]{}
	if len(consumable.Codecs) == 0 {
		return received
	}
	kind := kindOf(consumable.Codecs[0].MimeType)
	isRead := map[string]bool{}
	for _, theirs := range receiver.HeaderExtensions {
		if theirs.Kind == kind && (theirs.Direction == rtp.SendRecv || theirs.Direction == rtp.RecvOnly) {
			isRead[theirs.URI] = true
		}
	}
	for _, extension := range consumable.HeaderExtensions {
		if isRead[extension.URI] {
			extension.Parameters = cloneParameters(extension.Parameters)
			received = append(received, extension)
		}
	}
	return received
}

// feedbackRule leaves one way of estimating bandwidth, the best that the header extensions allow, or
// a receiver would send both. Plain NACK only if there is something to answer it with.
func feedbackRule(extensions []rtp.HeaderExtensionParameters,
	enableRtx bool) func(rtp.RtcpFeedback) bool {
	hasTransportCC, hasSendTime := false, false
	for _, extension := range extensions {
		hasTransportCC = hasTransportCC || extension.URI == transportCCURI
		hasSendTime = hasSendTime || extension.URI == absSendTimeURI
	}
	return func(feedback rtp.RtcpFeedback) bool {
		switch {
		case feedback.Type == "transport-cc":
			return hasTransportCC
		case feedback.Type == "goog-remb":
			return hasSendTime && !hasTransportCC
		case feedback == nack:
			return enableRtx
		}
		return true
	}
}

func filterFeedback(feedback []rtp.RtcpFeedback,
	keep func(rtp.RtcpFeedback) bool) rtp.List[rtp.RtcpFeedback] {
	kept := rtp.List[rtp.RtcpFeedback]{}
	for _, each := range feedback {
		if keep(each) {
			kept = append(kept, each)
		}
	}
	return kept
}

func containsFeedback(feedback []rtp.RtcpFeedback, wanted rtp.RtcpFeedback) bool {
	for _, each := range feedback {
		if each == wanted {
			return true
		}
	}
	return false
}

// combineEncodings: the receiver sees one stream, whatever number of encodings the producer sends;
// the spatial layers of its mode are then these encodings.
func combineEncodings(encodings []rtp.EncodingParameters) rtp.EncodingParameters {
	var combined rtp.EncodingParameters
	temporalLayers := 1
	for _, encoding := range encodings {
		if encoding.MaxBitrate > combined.MaxBitrate {
			combined.MaxBitrate = encoding.MaxBitrate
		}
		if layers := ParseScalabilityMode(encoding.ScalabilityMode).TemporalLayers; layers > temporalLayers {
			temporalLayers = layers
		}
	}
	switch len(encodings) {
	case 0:
	case 1:
		combined.Dtx, combined.ScalabilityMode = encodings[0].Dtx, encodings[0].ScalabilityMode
	default:
		combined.ScalabilityMode = fmt.Sprintf("L%dT%d", len(encodings), temporalLayers)
	}
	return combined
}

func cloneRtcp(rtcp rtp.RtcpParameters) rtp.RtcpParameters {
	if rtcp.ReducedSize != nil {
		own := *rtcp.ReducedSize
		rtcp.ReducedSize = &own
	}
	return rtcp
}
