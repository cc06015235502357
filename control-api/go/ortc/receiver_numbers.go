package ortc

import (
	"sluice.dev/sdk/internal/fault"
	"sluice.dev/sdk/rtp"
)

// InReceiverNumbers gives what ConsumerParameters made for capabilities in their payload types and
// header extension ids, instead of the router's: whoever offered these by SDP has to get them (RFC
// 3264 §6.1, RFC 8285 §6). The mapping says what the router calls the payload types.
func InReceiverNumbers(parameters rtp.Parameters,
	capabilities rtp.Capabilities) (rtp.Parameters, rtp.Mapping, error) {
	receiver, err := ValidateCapabilities(capabilities)
	if err != nil {
		return rtp.Parameters{}, rtp.Mapping{}, err
	}
	numbered := parameters
	numbered.Codecs = make(rtp.List[rtp.CodecParameters], len(parameters.Codecs))
	mapping := rtp.Mapping{}
	// By payload type of the router. Media codecs stand before the RTX that repeats them.
	numbers := map[int]uint8{}
	for index, codec := range parameters.Codecs {
		var theirs *rtp.CodecCapability
		apt, repeats := numbers[aptOf(codec.Parameters)]
		if !isRtx(codec.MimeType) {
			theirs = findCompatible(receiver.Codecs, codecOfParameters(&codec))
		} else if repeats {
			theirs = findRtx(receiver.Codecs, apt)
		}
		if theirs == nil || theirs.PreferredPayloadType == nil {
			return rtp.Parameters{}, rtp.Mapping{}, fault.Argument("rtpCapabilities.codecs",
				"no preferredPayloadType for %s", codec.MimeType)
		}
		number := *theirs.PreferredPayloadType
		numbers[int(codec.PayloadType)] = number
		mapping.Codecs = append(mapping.Codecs, rtp.PayloadTypeMapping{
			PayloadType: number, MappedPayloadType: codec.PayloadType,
		})
		codec.PayloadType = number
		codec.Parameters = cloneParameters(codec.Parameters)
		if isRtx(codec.MimeType) {
			codec.Parameters["apt"] = float64(apt)
		}
		codec.RtcpFeedback = cloneFeedback(codec.RtcpFeedback)
		numbered.Codecs[index] = codec
	}
	numbered.HeaderExtensions, err = numberExtensions(parameters, receiver)
	return numbered, mapping, err
}

func numberExtensions(parameters rtp.Parameters,
	receiver rtp.Capabilities) (rtp.List[rtp.HeaderExtensionParameters], error) {
	ids := map[string]uint8{}
	for _, extension := range receiver.HeaderExtensions {
		isOfKind := len(parameters.Codecs) > 0 && extension.Kind == kindOf(parameters.Codecs[0].MimeType)
		if _, known := ids[extension.URI]; isOfKind && !known {
			ids[extension.URI] = extension.PreferredID
		}
	}
	numbered := make(rtp.List[rtp.HeaderExtensionParameters], len(parameters.HeaderExtensions))
	for index, extension := range parameters.HeaderExtensions {
		id, known := ids[extension.URI]
		if !known {
			return nil, fault.Argument("rtpCapabilities.headerExtensions", "no preferredId for %s",
				extension.URI)
		}
		extension.ID = id
		extension.Parameters = cloneParameters(extension.Parameters)
		numbered[index] = extension
	}
	return numbered, nil
}
