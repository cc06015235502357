package ortc

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"sluice.dev/sdk/internal/fault"
	"sluice.dev/sdk/rtp"
)

// Bounds are those of the worker (control-api/request_shape.h), told here with the caller's own
// field names.
const (
	maxCodecs           = 64
	maxParameters       = 32
	maxFeedback         = 32
	maxHeaderExtensions = 64
	maxEncodings        = 16
	// RFC 3550 §5.1: seven bits.
	maxPayloadType = 127
	// Longer texts are nobody's codec name, URI or parameter.
	maxTextLength = 2048
)

var mimePattern = regexp.MustCompile(`^(?i:audio|video)/.+$`)

// ValidateCapabilities gives a clean copy of capabilities, with defaults filled in. Errors name the
// field as it is called in JSON: "rtpCapabilities.codecs[1].clockRate".
func ValidateCapabilities(capabilities rtp.Capabilities) (rtp.Capabilities, error) {
	return validateCapabilities(capabilities, "rtpCapabilities")
}

func validateCapabilities(capabilities rtp.Capabilities, where string) (rtp.Capabilities, error) {
	codecs, err := validateCodecCapabilities(capabilities.Codecs, where+".codecs")
	if err != nil {
		return rtp.Capabilities{}, err
	}
	place := where + ".headerExtensions"
	if err := checkCount(len(capabilities.HeaderExtensions), maxHeaderExtensions, place); err != nil {
		return rtp.Capabilities{}, err
	}
	extensions := append(rtp.List[rtp.HeaderExtension]{}, capabilities.HeaderExtensions...)
	for index := range extensions {
		if err := checkHeaderExtension(&extensions[index], entry(place, index)); err != nil {
			return rtp.Capabilities{}, err
		}
	}
	return rtp.Capabilities{Codecs: codecs, HeaderExtensions: extensions}, nil
}

func validateCodecCapabilities(codecs []rtp.CodecCapability,
	where string) (rtp.List[rtp.CodecCapability], error) {
	if err := checkCount(len(codecs), maxCodecs, where); err != nil {
		return nil, err
	}
	valid := make(rtp.List[rtp.CodecCapability], len(codecs))
	for index := range codecs {
		codec, place := codecs[index], entry(where, index)
		if number := codec.PreferredPayloadType; number != nil {
			if *number > maxPayloadType {
				return nil, wrongPayloadType(place + ".preferredPayloadType")
			}
			own := *number
			codec.PreferredPayloadType = &own
		}
		format := format{codec.MimeType, codec.ClockRate, codec.Channels, codec.Parameters,
			codec.RtcpFeedback}
		if err := format.validate(place); err != nil {
			return nil, err
		}
		// The kind is in the MIME type; a dictionary that says otherwise is not worth refusing.
		codec.Kind = kindOf(codec.MimeType)
		codec.Channels = format.channels
		codec.Parameters, codec.RtcpFeedback = format.parameters, format.feedback
		valid[index] = codec
	}
	return valid, nil
}

// ValidateParameters gives a clean copy of parameters, with defaults filled in. Errors name the
// field as it is called in JSON: "rtpParameters.encodings[0].rtx.ssrc".
func ValidateParameters(parameters rtp.Parameters) (rtp.Parameters, error) {
	const where = "rtpParameters"
	valid := parameters
	if len(parameters.Codecs) == 0 {
		return rtp.Parameters{}, fault.Argument(where+".codecs", "is missing or empty")
	}
	for _, text := range []struct{ value, field string }{
		{parameters.MID, ".mid"}, {parameters.Msid, ".msid"}, {parameters.Rtcp.CNAME, ".rtcp.cname"},
	} {
		if err := checkText(text.value, where+text.field); err != nil {
			return rtp.Parameters{}, err
		}
	}
	var err error
	if valid.Codecs, err = validateCodecs(parameters.Codecs, where+".codecs"); err != nil {
		return rtp.Parameters{}, err
	}
	place := where + ".headerExtensions"
	if valid.HeaderExtensions, err = validateExtensions(parameters.HeaderExtensions, place); err != nil {
		return rtp.Parameters{}, err
	}
	place = where + ".encodings"
	if valid.Encodings, err = validateEncodings(parameters.Encodings, place); err != nil {
		return rtp.Parameters{}, err
	}
	reducedSize := parameters.Rtcp.ReducedSize == nil || *parameters.Rtcp.ReducedSize
	valid.Rtcp.ReducedSize = &reducedSize
	return valid, nil
}

func validateCodecs(codecs []rtp.CodecParameters,
	where string) (rtp.List[rtp.CodecParameters], error) {
	if err := checkCount(len(codecs), maxCodecs, where); err != nil {
		return nil, err
	}
	valid := make(rtp.List[rtp.CodecParameters], len(codecs))
	for index := range codecs {
		codec, place := codecs[index], entry(where, index)
		if codec.PayloadType > maxPayloadType {
			return nil, wrongPayloadType(place + ".payloadType")
		}
		format := format{codec.MimeType, codec.ClockRate, codec.Channels, codec.Parameters,
			codec.RtcpFeedback}
		if err := format.validate(place); err != nil {
			return nil, err
		}
		codec.Channels = format.channels
		codec.Parameters, codec.RtcpFeedback = format.parameters, format.feedback
		valid[index] = codec
	}
	return valid, nil
}

// format is what capabilities and parameters of codecs have in common.
type format struct {
	mimeType   string
	clockRate  uint32
	channels   uint8
	parameters rtp.FormatParameters
	feedback   rtp.List[rtp.RtcpFeedback]
}

// validate replaces what is not there by its default, and maps and lists by copies.
func (f *format) validate(where string) error {
	if err := checkText(f.mimeType, where+".mimeType"); err != nil {
		return err
	}
	if !mimePattern.MatchString(f.mimeType) {
		return fault.Argument(where+".mimeType", "is not like audio/NAME or video/NAME")
	}
	if f.clockRate == 0 {
		return fault.Argument(where+".clockRate", "is not an integer from 1 to %d", uint32(math.MaxUint32))
	}
	if kindOf(f.mimeType) == rtp.Video {
		f.channels = 0
	} else if f.channels == 0 {
		f.channels = 1
	}
	parameters, err := validateFormatParameters(f.parameters, where+".parameters")
	if err != nil {
		return err
	}
	f.parameters = parameters
	place := where + ".rtcpFeedback"
	if err := checkCount(len(f.feedback), maxFeedback, place); err != nil {
		return err
	}
	for index, feedback := range f.feedback {
		if err := checkName(feedback.Type, entry(place, index)+".type"); err != nil {
			return err
		}
		if err := checkText(feedback.Parameter, entry(place, index)+".parameter"); err != nil {
			return err
		}
	}
	f.feedback = cloneFeedback(f.feedback)
	return nil
}

func validateFormatParameters(parameters rtp.FormatParameters,
	where string) (rtp.FormatParameters, error) {
	if err := checkCount(len(parameters), maxParameters, where); err != nil {
		return nil, err
	}
	valid := make(rtp.FormatParameters, len(parameters))
	for name, value := range parameters {
		place := where + "." + name
		simple, isPlain := plain(value)
		if !isPlain {
			return nil, fault.Argument(place, "is neither a string nor a number")
		}
		number, isNumber := simple.(float64)
		if isNumber && (math.IsNaN(number) || math.IsInf(number, 0)) {
			return nil, fault.Argument(place, "is not a number")
		}
		// RFC 4588 §8.1: the payload type that is repeated.
		if name == "apt" && (!isNumber || number != math.Trunc(number) ||
			number < 0 || number > maxPayloadType) {
			return nil, wrongPayloadType(place)
		}
		if text, isText := simple.(string); isText {
			if err := checkText(text, place); err != nil {
				return nil, err
			}
		}
		valid[name] = simple
	}
	return valid, nil
}

func checkHeaderExtension(extension *rtp.HeaderExtension, where string) error {
	if extension.Kind != rtp.Audio && extension.Kind != rtp.Video {
		return fault.Argument(where+".kind", "is none of audio, video")
	}
	if err := checkName(extension.URI, where+".uri"); err != nil {
		return err
	}
	if extension.PreferredID == 0 {
		return wrongExtensionID(where + ".preferredId")
	}
	switch extension.Direction {
	case "":
		extension.Direction = rtp.SendRecv
	case rtp.SendRecv, rtp.SendOnly, rtp.RecvOnly, rtp.Inactive:
	default:
		return fault.Argument(where+".direction", "is none of sendrecv, sendonly, recvonly, inactive")
	}
	return nil
}

func validateExtensions(extensions []rtp.HeaderExtensionParameters,
	where string) (rtp.List[rtp.HeaderExtensionParameters], error) {
	if err := checkCount(len(extensions), maxHeaderExtensions, where); err != nil {
		return nil, err
	}
	valid := append(rtp.List[rtp.HeaderExtensionParameters]{}, extensions...)
	for index := range valid {
		extension, place := &valid[index], entry(where, index)
		if err := checkName(extension.URI, place+".uri"); err != nil {
			return nil, err
		}
		if extension.ID == 0 {
			return nil, wrongExtensionID(place + ".id")
		}
		parameters, err := validateFormatParameters(extension.Parameters, place+".parameters")
		if err != nil {
			return nil, err
		}
		extension.Parameters = parameters
	}
	return valid, nil
}

func validateEncodings(encodings []rtp.EncodingParameters,
	where string) (rtp.List[rtp.EncodingParameters], error) {
	if err := checkCount(len(encodings), maxEncodings, where); err != nil {
		return nil, err
	}
	valid := append(rtp.List[rtp.EncodingParameters]{}, encodings...)
	for index := range valid {
		encoding, place := &valid[index], entry(where, index)
		if err := checkEncoding(encoding, place); err != nil {
			return nil, err
		}
		if encoding.RTX != nil {
			own := *encoding.RTX
			encoding.RTX = &own
		}
		if encoding.CodecPayloadType != nil {
			own := *encoding.CodecPayloadType
			encoding.CodecPayloadType = &own
		}
	}
	return valid, nil
}

func checkEncoding(encoding *rtp.EncodingParameters, where string) error {
	if err := checkText(encoding.RID, where+".rid"); err != nil {
		return err
	}
	if err := checkText(encoding.ScalabilityMode, where+".scalabilityMode"); err != nil {
		return err
	}
	if encoding.RTX != nil && encoding.RTX.SSRC == 0 {
		return fault.Argument(where+".rtx.ssrc", "is missing")
	}
	if number := encoding.CodecPayloadType; number != nil && *number > maxPayloadType {
		return wrongPayloadType(where + ".codecPayloadType")
	}
	for _, number := range []struct {
		value float64
		field string
	}{
		{encoding.MaxFramerate, ".maxFramerate"},
		{encoding.ScaleResolutionDownBy, ".scaleResolutionDownBy"},
	} {
		if math.IsNaN(number.value) || math.IsInf(number.value, 0) {
			return fault.Argument(where+number.field, "is not a number")
		}
	}
	// W3C WebRTC §5.2: an encoding may be smaller than its source, never larger.
	if scale := encoding.ScaleResolutionDownBy; scale != 0 && scale < 1 {
		return fault.Argument(where+".scaleResolutionDownBy", "is less than 1")
	}
	return nil
}

func checkText(text, where string) error {
	if len(text) > maxTextLength {
		return fault.Argument(where, "is longer than %d bytes", maxTextLength)
	}
	return nil
}

func checkName(text, where string) error {
	if text == "" {
		return fault.Argument(where, "is missing or empty")
	}
	return checkText(text, where)
}

func checkCount(count, most int, where string) error {
	if count > most {
		return fault.Argument(where, "has more than %d entries", most)
	}
	return nil
}

func wrongPayloadType(where string) error {
	return fault.Argument(where, "is not an integer from 0 to %d", maxPayloadType)
}

// RFC 8285 §4.3: one byte, and zero is padding.
func wrongExtensionID(where string) error {
	return fault.Argument(where, "is not an integer from 1 to 255")
}

func entry(where string, index int) string {
	return where + "[" + strconv.Itoa(index) + "]"
}

// describe is how errors call a codec.
func describe(codec *rtp.CodecCapability) string {
	var text strings.Builder
	fmt.Fprintf(&text, "mimeType: %s, clockRate: %d", codec.MimeType, codec.ClockRate)
	if codec.Kind == rtp.Audio {
		fmt.Fprintf(&text, ", channels: %d", codec.Channels)
	}
	return text.String()
}
