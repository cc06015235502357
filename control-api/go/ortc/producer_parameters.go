package ortc

import (
	"strings"

	"sluice.dev/sdk/internal/fault"
	"sluice.dev/sdk/rtp"
)

// ValidateProducerParameters gives a clean copy of what a producer sends, with at least one
// encoding.
func ValidateProducerParameters(kind rtp.MediaKind, parameters rtp.Parameters) (rtp.Parameters, error) {
	valid, err := ValidateParameters(parameters)
	if err != nil {
		return rtp.Parameters{}, err
	}
	for _, codec := range valid.Codecs {
		if kindOf(codec.MimeType) != kind {
			return rtp.Parameters{}, fault.Argument("rtpParameters.codecs", "%s is no %s codec",
				codec.MimeType, kind)
		}
	}
	if len(valid.Encodings) > 1 {
		if err := requireNames(kind, valid.Encodings); err != nil {
			return rtp.Parameters{}, err
		}
	}
	if len(valid.Encodings) == 0 {
		// Without SSRC and RID the MID is all that packets can be told by (RFC 8843 §9.2).
		if valid.MID == "" {
			return rtp.Parameters{}, fault.Argument("rtpParameters.encodings",
				"is missing, and so is mid")
		}
		valid.Encodings = rtp.List[rtp.EncodingParameters]{{}}
	}
	return valid, nil
}

// Several encodings share a MID, so each needs another name for its packets.
func requireNames(kind rtp.MediaKind, encodings []rtp.EncodingParameters) error {
	if kind == rtp.Audio {
		return fault.Argument("rtpParameters.encodings", "audio has one encoding")
	}
	ssrcs, rids := map[uint32]bool{}, map[string]bool{}
	for index, encoding := range encodings {
		where := entry("rtpParameters.encodings", index)
		if encoding.SSRC == 0 && encoding.RID == "" {
			return fault.Argument(where, "has neither ssrc nor rid")
		}
		if encoding.SSRC != 0 && ssrcs[encoding.SSRC] {
			return fault.Argument(where+".ssrc", "is used twice")
		}
		if encoding.RID != "" && rids[encoding.RID] {
			return fault.Argument(where+".rid", "is used twice")
		}
		ssrcs[encoding.SSRC], rids[encoding.RID] = true, true
	}
	return nil
}

// ProducerType is what a worker calls a producer of these parameters: "simple", "simulcast" or
// "svc".
func ProducerType(parameters rtp.Parameters) string {
	if len(parameters.Encodings) > 1 {
		return "simulcast"
	}
	// Layers of time alone are no reason to treat a stream as another than a simple one.
	if len(parameters.Encodings) == 1 &&
		ParseScalabilityMode(parameters.Encodings[0].ScalabilityMode).SpatialLayers > 1 {
		return "svc"
	}
	return "simple"
}

// ProducerMapping tells which payload type of the router each codec of parameters stands for, RTX
// last. A codec that the router does not have is an error of class ErrUnsupported.
//
// parameters are what ValidateProducerParameters gave.
func ProducerMapping(parameters rtp.Parameters, router rtp.Capabilities) (rtp.Mapping, error) {
	router, err := validateCapabilities(router, "router.rtpCapabilities")
	if err != nil {
		return rtp.Mapping{}, err
	}
	mapping := rtp.Mapping{Codecs: rtp.List[rtp.PayloadTypeMapping]{}}
	mapped, seen := map[int]uint8{}, map[uint8]bool{}
	add := func(from, to uint8) {
		mapped[int(from)] = to
		mapping.Codecs = append(mapping.Codecs, rtp.PayloadTypeMapping{
			PayloadType: from, MappedPayloadType: to,
		})
	}
	for index := range parameters.Codecs {
		codec := &parameters.Codecs[index]
		if seen[codec.PayloadType] {
			return rtp.Mapping{}, fault.Argument("rtpParameters.codecs",
				"payloadType %d is used twice", codec.PayloadType)
		}
		seen[codec.PayloadType] = true
	}
	for index := range parameters.Codecs {
		codec := &parameters.Codecs[index]
		if isRtx(codec.MimeType) {
			continue
		}
		ours := findCompatible(router.Codecs, codecOfParameters(codec))
		if ours == nil || ours.PreferredPayloadType == nil {
			return rtp.Mapping{}, fault.Errorf(fault.ErrUnsupported,
				"unsupported codec [mimeType: %s, payloadType: %d]", codec.MimeType, codec.PayloadType)
		}
		add(codec.PayloadType, *ours.PreferredPayloadType)
	}
	for index := range parameters.Codecs {
		codec := &parameters.Codecs[index]
		if !isRtx(codec.MimeType) {
			continue
		}
		number, err := routerRtx(codec, mapped, router)
		if err != nil {
			return rtp.Mapping{}, err
		}
		// Not by add(): an RTX does not repeat another.
		mapping.Codecs = append(mapping.Codecs, rtp.PayloadTypeMapping{
			PayloadType: codec.PayloadType, MappedPayloadType: number,
		})
	}
	return mapping, nil
}

func findCompatible(codecs []rtp.CodecCapability, wanted Codec) *rtp.CodecCapability {
	for index := range codecs {
		if IsCompatibleCodec(wanted, codecOfCapability(&codecs[index])) {
			return &codecs[index]
		}
	}
	return nil
}

func routerRtx(rtx *rtp.CodecParameters, mapped map[int]uint8, router rtp.Capabilities) (uint8, error) {
	apt := aptOf(rtx.Parameters)
	media, known := mapped[apt]
	if !known {
		return 0, fault.Argument("rtpParameters.codecs",
			"rtx payloadType %d has an apt that names no codec", rtx.PayloadType)
	}
	ours := findRtx(router.Codecs, media)
	if ours == nil || ours.PreferredPayloadType == nil {
		return 0, fault.Errorf(fault.ErrUnsupported, "no RTX in the router for payloadType %d", apt)
	}
	return *ours.PreferredPayloadType, nil
}

func findRtx(codecs []rtp.CodecCapability, media uint8) *rtp.CodecCapability {
	for index := range codecs {
		if isRtx(codecs[index].MimeType) && aptOf(codecs[index].Parameters) == int(media) {
			return &codecs[index]
		}
	}
	return nil
}

// ConsumableParameters are the producer's stream in the router's numbers, with everything that any
// receiver may get.
//
// parameters are what ValidateProducerParameters gave, mapping is what ProducerMapping gave for
// them.
func ConsumableParameters(kind rtp.MediaKind, parameters rtp.Parameters, router rtp.Capabilities,
	mapping rtp.Mapping) (rtp.Parameters, error) {
	router, err := validateCapabilities(router, "router.rtpCapabilities")
	if err != nil {
		return rtp.Parameters{}, err
	}
	reducedSize := true
	consumable := rtp.Parameters{
		Codecs:           consumableCodecs(parameters, router, mapping),
		HeaderExtensions: rtp.List[rtp.HeaderExtensionParameters]{},
		Rtcp:             rtp.RtcpParameters{CNAME: parameters.Rtcp.CNAME, ReducedSize: &reducedSize},
	}
	for _, extension := range router.HeaderExtensions {
		isSent := extension.Direction == rtp.SendRecv || extension.Direction == rtp.SendOnly
		if extension.Kind == kind && isSent {
			consumable.HeaderExtensions = append(consumable.HeaderExtensions,
				rtp.HeaderExtensionParameters{
					URI: extension.URI, ID: extension.PreferredID, Parameters: rtp.FormatParameters{},
				})
		}
	}
	for _, encoding := range parameters.Encodings {
		consumable.Encodings = append(consumable.Encodings, rtp.EncodingParameters{
			Dtx: encoding.Dtx, ScalabilityMode: encoding.ScalabilityMode,
			MaxBitrate: encoding.MaxBitrate,
		})
	}
	return consumable, nil
}

func consumableCodecs(parameters rtp.Parameters, router rtp.Capabilities,
	mapping rtp.Mapping) rtp.List[rtp.CodecParameters] {
	numbers := map[uint8]uint8{}
	for _, entry := range mapping.Codecs {
		numbers[entry.PayloadType] = entry.MappedPayloadType
	}
	codecs, seen := rtp.List[rtp.CodecParameters]{}, map[uint8]bool{}
	for _, codec := range parameters.Codecs {
		number, isMapped := numbers[codec.PayloadType]
		if isRtx(codec.MimeType) || !isMapped || seen[number] {
			continue
		}
		seen[number] = true
		for index := range router.Codecs {
			ours := &router.Codecs[index]
			if ours.PreferredPayloadType == nil || *ours.PreferredPayloadType != number {
				continue
			}
			format := cloneParameters(codec.Parameters)
			if strings.EqualFold(codec.MimeType, "video/h264") {
				format["profile-level-id"] = AnswerProfileLevelID(ours.Parameters, codec.Parameters)
			}
			codecs = append(codecs, inRouterNumbers(ours, format))
			if rtx := findRtx(router.Codecs, number); rtx != nil && rtx.PreferredPayloadType != nil {
				codecs = append(codecs, inRouterNumbers(rtx, cloneParameters(rtx.Parameters)))
			}
			break
		}
	}
	return codecs
}

func inRouterNumbers(ours *rtp.CodecCapability, parameters rtp.FormatParameters) rtp.CodecParameters {
	return rtp.CodecParameters{
		MimeType:     ours.MimeType,
		PayloadType:  *ours.PreferredPayloadType,
		ClockRate:    ours.ClockRate,
		Channels:     ours.Channels,
		Parameters:   parameters,
		RtcpFeedback: cloneFeedback(ours.RtcpFeedback),
	}
}
