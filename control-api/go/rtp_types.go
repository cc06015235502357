package sluice

import (
	"sluice.dev/sdk/ortc"
	"sluice.dev/sdk/rtp"
)

// The dictionaries of package rtp by the names that users of mediasoup know.
type (
	MediaKind             = rtp.MediaKind
	RtpCapabilities       = rtp.Capabilities
	RtpCodecCapability    = rtp.CodecCapability
	RtpHeaderExtension    = rtp.HeaderExtension
	RtpParameters         = rtp.Parameters
	RtpCodecParameters    = rtp.CodecParameters
	RtpEncodingParameters = rtp.EncodingParameters
	RtcpFeedback          = rtp.RtcpFeedback
)

// The kinds of media.
const (
	Audio = rtp.Audio
	Video = rtp.Video
)

// GetSupportedRtpCapabilities is everything that a router can be asked for.
func GetSupportedRtpCapabilities() RtpCapabilities { return ortc.SupportedCapabilities() }
