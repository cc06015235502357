package ortc

import (
	"sluice.dev/sdk/internal/fault"
	"sluice.dev/sdk/rtp"
)

// dynamicPayloadTypes in the order in which they are given out. RFC 3551 §3 leaves 96..127 to
// negotiation. The upper part goes first, so that the lower stays free for applications that fix
// numbers by hand, as most examples on the web do with 96.
var dynamicPayloadTypes = func() (numbers []uint8) {
	for number := uint8(100); number <= 127; number++ {
		numbers = append(numbers, number)
	}
	return append(numbers, 96, 97, 98, 99)
}()

// RouterCapabilities are those of a router with mediaCodecs: payload types filled in, RTX added to
// every codec of video. A codec that the worker cannot forward is an error of class ErrUnsupported.
func RouterCapabilities(mediaCodecs []rtp.CodecCapability) (rtp.Capabilities, error) {
	wanted, err := validateCodecCapabilities(mediaCodecs, "mediaCodecs")
	if err != nil {
		return rtp.Capabilities{}, err
	}
	numbers := make(payloadTypes)
	// Numbers that somebody asked for come first, or an automatic one might stand in their way.
	for index := range wanted {
		number := wanted[index].PreferredPayloadType
		if number == nil || isRtx(wanted[index].MimeType) {
			continue
		}
		if numbers[*number] {
			return rtp.Capabilities{}, fault.Argument("mediaCodecs",
				"preferredPayloadType %d is used twice", *number)
		}
		numbers[*number] = true
	}
	supported := SupportedCapabilities()
	capabilities := rtp.Capabilities{
		Codecs:           rtp.List[rtp.CodecCapability]{},
		HeaderExtensions: supported.HeaderExtensions,
	}
	for index := range wanted {
		codec := &wanted[index]
		if isRtx(codec.MimeType) {
			continue
		}
		ours := findSame(supported.Codecs, codec)
		if ours == nil {
			return rtp.Capabilities{}, fault.Errorf(fault.ErrUnsupported,
				"media codec not supported [%s]", describe(codec))
		}
		announced, err := numbers.announce(codec, ours)
		if err != nil {
			return rtp.Capabilities{}, err
		}
		capabilities.Codecs = append(capabilities.Codecs, announced...)
	}
	return capabilities, nil
}

func findSame(codecs []rtp.CodecCapability, wanted *rtp.CodecCapability) *rtp.CodecCapability {
	for index := range codecs {
		if IsSameCodec(codecOfCapability(wanted), codecOfCapability(&codecs[index])) {
			return &codecs[index]
		}
	}
	return nil
}

// payloadTypes are those that are taken.
type payloadTypes map[uint8]bool

func (p payloadTypes) announce(codec, ours *rtp.CodecCapability) ([]rtp.CodecCapability, error) {
	media := *ours
	media.Parameters = cloneParameters(ours.Parameters)
	for name, value := range codec.Parameters {
		media.Parameters[name] = value
	}
	media.RtcpFeedback = cloneFeedback(ours.RtcpFeedback)
	media.PreferredPayloadType = codec.PreferredPayloadType
	if media.PreferredPayloadType == nil {
		number, err := p.take(ours.PreferredPayloadType)
		if err != nil {
			return nil, err
		}
		media.PreferredPayloadType = &number
	}
	if media.Kind == rtp.Audio {
		return []rtp.CodecCapability{media}, nil
	}
	number, err := p.take(nil)
	if err != nil {
		return nil, err
	}
	rtx := rtp.CodecCapability{
		Kind:                 rtp.Video,
		MimeType:             "video/rtx",
		PreferredPayloadType: &number,
		ClockRate:            ours.ClockRate,
		Parameters:           rtp.FormatParameters{"apt": float64(*media.PreferredPayloadType)},
		RtcpFeedback:         rtp.List[rtp.RtcpFeedback]{},
	}
	return []rtp.CodecCapability{media, rtx}, nil
}

func (p payloadTypes) take(favourite *uint8) (uint8, error) {
	if favourite != nil && !p[*favourite] {
		p[*favourite] = true
		return *favourite, nil
	}
	for _, number := range dynamicPayloadTypes {
		if !p[number] {
			p[number] = true
			return number, nil
		}
	}
	return 0, fault.Argument("mediaCodecs", "more codecs than dynamic payload types")
}
