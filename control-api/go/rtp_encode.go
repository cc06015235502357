package sluice

import (
	"fmt"
	"sort"
	"strconv"

	schema "sluice.dev/sdk/internal/generated"
	"sluice.dev/sdk/rtp"
)

func encodeKind(kind rtp.MediaKind) schema.MediaKind {
	if kind == rtp.Audio {
		return schema.MediaKindAudio
	}
	return schema.MediaKindVideo
}

func decodeKind(kind schema.MediaKind) rtp.MediaKind {
	if kind == schema.MediaKindAudio {
		return rtp.Audio
	}
	return rtp.Video
}

func encodeRtpParameters(parameters rtp.Parameters) *schema.RtpParametersT {
	encoded := &schema.RtpParametersT{
		Mid:       parameters.MID,
		Codecs:    make([]*schema.RtpCodecParametersT, 0, len(parameters.Codecs)),
		Encodings: make([]*schema.RtpEncodingParametersT, 0, len(parameters.Encodings)),
		Rtcp: &schema.RtcpParametersT{
			Cname:       parameters.Rtcp.CNAME,
			ReducedSize: valueOr(parameters.Rtcp.ReducedSize, true),
		},
	}
	for i := range parameters.Codecs {
		encoded.Codecs = append(encoded.Codecs, encodeCodec(&parameters.Codecs[i]))
	}
	for _, extension := range parameters.HeaderExtensions {
		encoded.HeaderExtensions = append(encoded.HeaderExtensions,
			&schema.RtpHeaderExtensionParametersT{Uri: extension.URI, Id: extension.ID})
	}
	for i := range parameters.Encodings {
		encoded.Encodings = append(encoded.Encodings, encodeEncoding(&parameters.Encodings[i]))
	}
	return encoded
}

func encodeCodec(codec *rtp.CodecParameters) *schema.RtpCodecParametersT {
	channels := codec.Channels
	if channels == 0 {
		channels = 1
	}
	encoded := &schema.RtpCodecParametersT{
		MimeType:    codec.MimeType,
		PayloadType: codec.PayloadType,
		ClockRate:   codec.ClockRate,
		Channels:    channels,
		Parameters:  encodeFormat(codec.Parameters),
	}
	for _, feedback := range codec.RtcpFeedback {
		encoded.RtcpFeedback = append(encoded.RtcpFeedback,
			&schema.RtcpFeedbackT{Type: feedback.Type, Parameter: feedback.Parameter})
	}
	return encoded
}

func encodeEncoding(encoding *rtp.EncodingParameters) *schema.RtpEncodingParametersT {
	encoded := &schema.RtpEncodingParametersT{
		Rid:                   encoding.RID,
		CodecPayloadType:      encoding.CodecPayloadType,
		Dtx:                   encoding.Dtx,
		ScalabilityMode:       encoding.ScalabilityMode,
		MaxBitrate:            encoding.MaxBitrate,
		ScaleResolutionDownBy: float32(encoding.ScaleResolutionDownBy),
	}
	if encoding.SSRC != 0 {
		encoded.Ssrc = Ptr(encoding.SSRC)
	}
	if encoding.RTX != nil {
		encoded.RtxSsrc = Ptr(encoding.RTX.SSRC)
	}
	return encoded
}

// In the order of their names, so that the same parameters are always the same message.
func encodeFormat(parameters rtp.FormatParameters) []*schema.ParameterT {
	names := make([]string, 0, len(parameters))
	for name := range parameters {
		names = append(names, name)
	}
	sort.Strings(names)
	encoded := make([]*schema.ParameterT, 0, len(names))
	for _, name := range names {
		encoded = append(encoded, &schema.ParameterT{Name: name, Value: textOf(parameters[name])})
	}
	return encoded
}

// Numbers in decimal, whatever type they have here.
func textOf(value any) string {
	switch number := value.(type) {
	case float64:
		return strconv.FormatFloat(number, 'f', -1, 64)
	case float32:
		return strconv.FormatFloat(float64(number), 'f', -1, 32)
	}
	return fmt.Sprint(value)
}

func encodeMapping(mapping rtp.Mapping) []*schema.PayloadTypeMappingT {
	encoded := make([]*schema.PayloadTypeMappingT, 0, len(mapping.Codecs))
	for _, codec := range mapping.Codecs {
		encoded = append(encoded, &schema.PayloadTypeMappingT{
			PayloadType: codec.PayloadType, MappedPayloadType: codec.MappedPayloadType})
	}
	return encoded
}
