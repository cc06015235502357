package ortc

import (
	"strings"

	"sluice.dev/sdk/rtp"
)

// Codec is what two descriptions have to agree on.
type Codec struct {
	MimeType  string `json:"mimeType"`
	ClockRate uint32 `json:"clockRate"`
	// Channels of audio; 0 stands for 1.
	Channels   uint8                `json:"channels"`
	Parameters rtp.FormatParameters `json:"parameters"`
}

func codecOfCapability(codec *rtp.CodecCapability) Codec {
	return Codec{codec.MimeType, codec.ClockRate, codec.Channels, codec.Parameters}
}

func codecOfParameters(codec *rtp.CodecParameters) Codec {
	return Codec{codec.MimeType, codec.ClockRate, codec.Channels, codec.Parameters}
}

// IsSameCodec reports whether name, clock rate and channels are the same, and for surround sound
// also the streams.
func IsSameCodec(a, b Codec) bool {
	if !strings.EqualFold(a.MimeType, b.MimeType) || a.ClockRate != b.ClockRate {
		return false
	}
	if kindOf(a.MimeType) == rtp.Audio && channelsOf(a) != channelsOf(b) {
		return false
	}
	if !strings.EqualFold(a.MimeType, "audio/multiopus") {
		return true
	}
	return isSameNumber(a, b, "num_streams", 0) && isSameNumber(a, b, "coupled_streams", 0)
}

// IsCompatibleCodec is IsSameCodec, and that a decoder for one can decode the other.
func IsCompatibleCodec(a, b Codec) bool {
	return IsSameCodec(a, b) && isSameProfile(a, b)
}

func isSameProfile(a, b Codec) bool {
	switch strings.ToLower(a.MimeType) {
	case "video/h264":
		return isSameH264(a.Parameters, b.Parameters)
	case "video/vp9":
		// RFC 9628 §7: profile 0 if missing.
		return isSameNumber(a, b, "profile-id", 0)
	case "video/av1":
		// AV1 RTP payload format §7.2.1: profile 0 (Main) if missing. Level and tier are upper
		// bounds.
		return isSameNumber(a, b, "profile", 0)
	case "video/h265":
		// RFC 7798 §7.1: Main profile (1), Main tier (0), single stream if missing. The level is a
		// bound.
		return isSameNumber(a, b, "profile-space", 0) &&
			isSameNumber(a, b, "profile-id", 1) &&
			isSameNumber(a, b, "tier-flag", 0) &&
			textOf(a.Parameters, "tx-mode", "SRST") == textOf(b.Parameters, "tx-mode", "SRST")
	}
	return true
}

func isSameNumber(a, b Codec, name string, missing float64) bool {
	return numberOf(a.Parameters, name, missing) == numberOf(b.Parameters, name, missing)
}

func channelsOf(codec Codec) uint8 {
	if codec.Channels == 0 {
		return 1
	}
	return codec.Channels
}

func kindOf(mimeType string) rtp.MediaKind {
	if len(mimeType) >= 6 && strings.EqualFold(mimeType[:6], "audio/") {
		return rtp.Audio
	}
	return rtp.Video
}

func isRtx(mimeType string) bool {
	return strings.EqualFold(mimeType, "video/rtx") || strings.EqualFold(mimeType, "audio/rtx")
}
