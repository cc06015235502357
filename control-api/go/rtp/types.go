// Package rtp holds the dictionaries of W3C ORTC §9 in the shape that mediasoup-client and its
// cousins send and expect: their JSON goes to clients, and is taken from them, as it is.
//
// They are plain data. Whether they make sense is for package ortc to say.
package rtp

import "encoding/json"

// MediaKind is "audio" or "video".
type MediaKind string

// The kinds of media.
const (
	Audio MediaKind = "audio"
	Video MediaKind = "video"
)

// HeaderExtensionDirection is from the router's point of view.
type HeaderExtensionDirection string

// The directions of header extensions. A missing one means SendRecv.
const (
	SendRecv HeaderExtensionDirection = "sendrecv"
	SendOnly HeaderExtensionDirection = "sendonly"
	RecvOnly HeaderExtensionDirection = "recvonly"
	Inactive HeaderExtensionDirection = "inactive"
)

// List is a slice that is [] in JSON where Go has nil, because clients iterate over it.
type List[T any] []T

// MarshalJSON implements json.Marshaler.
func (l List[T]) MarshalJSON() ([]byte, error) {
	if l == nil {
		return []byte("[]"), nil
	}
	return json.Marshal([]T(l))
}

// FormatParameters are parameters of a codec (the fmtp line of SDP) or of a header extension. Values
// are strings or numbers of any Go type; what comes from JSON has float64. Nil is {} in JSON.
type FormatParameters map[string]any

// MarshalJSON implements json.Marshaler.
func (p FormatParameters) MarshalJSON() ([]byte, error) {
	if p == nil {
		return []byte("{}"), nil
	}
	return json.Marshal(map[string]any(p))
}

// RtcpFeedback is a kind of feedback that a codec may be answered with (RFC 4585 §4.2).
type RtcpFeedback struct {
	// Type is "nack", "ccm", "goog-remb", "transport-cc", ...
	Type string `json:"type"`
	// Parameter is "pli" of "nack pli", "fir" of "ccm fir", or empty.
	Parameter string `json:"parameter"`
}

// CodecCapability is a codec that a router or an endpoint can handle.
type CodecCapability struct {
	Kind MediaKind `json:"kind"`
	// MimeType is "audio/opus", "video/VP8", "video/rtx", ...; case does not matter.
	MimeType string `json:"mimeType"`
	// PreferredPayloadType is 0..127. Nil: the router chooses.
	PreferredPayloadType *uint8 `json:"preferredPayloadType,omitempty"`
	// ClockRate in Hz, not 0.
	ClockRate uint32 `json:"clockRate"`
	// Channels of audio; 0 stands for 1.
	Channels     uint8              `json:"channels,omitempty"`
	Parameters   FormatParameters   `json:"parameters"`
	RtcpFeedback List[RtcpFeedback] `json:"rtcpFeedback"`
}

// HeaderExtension is a header extension (RFC 8285) that a router or an endpoint can handle.
type HeaderExtension struct {
	Kind MediaKind `json:"kind"`
	URI  string    `json:"uri"`
	// PreferredID is 1..14, or up to 255 with two-byte headers.
	PreferredID      uint8 `json:"preferredId"`
	PreferredEncrypt bool  `json:"preferredEncrypt"`
	// Direction is from the router's point of view; empty means SendRecv.
	Direction HeaderExtensionDirection `json:"direction,omitempty"`
}

// Capabilities are what a router or an endpoint can receive (RTCRtpCapabilities of ORTC).
type Capabilities struct {
	Codecs           List[CodecCapability] `json:"codecs"`
	HeaderExtensions List[HeaderExtension] `json:"headerExtensions"`
}

// CodecParameters describe a codec as it is sent.
type CodecParameters struct {
	// MimeType is "audio/opus", "video/VP8", "video/rtx", ...; case does not matter.
	MimeType string `json:"mimeType"`
	// PayloadType is 0..127.
	PayloadType uint8 `json:"payloadType"`
	// ClockRate in Hz, not 0.
	ClockRate uint32 `json:"clockRate"`
	// Channels of audio; 0 stands for 1.
	Channels     uint8              `json:"channels,omitempty"`
	Parameters   FormatParameters   `json:"parameters"`
	RtcpFeedback List[RtcpFeedback] `json:"rtcpFeedback"`
}

// HeaderExtensionParameters describe a header extension (RFC 8285) as it is sent.
type HeaderExtensionParameters struct {
	URI string `json:"uri"`
	// ID is 1..14, or up to 255 with two-byte headers.
	ID         uint8            `json:"id"`
	Encrypt    bool             `json:"encrypt"`
	Parameters FormatParameters `json:"parameters"`
}

// RtxParameters describe the stream of retransmissions (RFC 4588) of an encoding.
type RtxParameters struct {
	SSRC uint32 `json:"ssrc"`
}

// EncodingParameters describe one encoding of what is sent.
type EncodingParameters struct {
	// SSRC of the stream. 0: not told; it is known by its RID or MID then.
	SSRC uint32 `json:"ssrc,omitempty"`
	// RID names the encoding of simulcast (RFC 8852).
	RID string         `json:"rid,omitempty"`
	RTX *RtxParameters `json:"rtx,omitempty"`
	// CodecPayloadType is the codec of this encoding. Nil: the first one.
	CodecPayloadType *uint8 `json:"codecPayloadType,omitempty"`
	// Dtx says that packets may stop for discontinuous transmission, which is no loss.
	Dtx bool `json:"dtx,omitempty"`
	// ScalabilityMode is "L1T3", "S3T3_KEY", ...
	ScalabilityMode string `json:"scalabilityMode,omitempty"`
	// MaxBitrate in bits per second; 0 says nothing.
	MaxBitrate   uint32  `json:"maxBitrate,omitempty"`
	MaxFramerate float64 `json:"maxFramerate,omitempty"`
	// AdaptivePtime says that packets of audio may change in length.
	AdaptivePtime bool `json:"adaptivePtime,omitempty"`
	// ScaleResolutionDownBy is 1 for the full picture, 2 for half of its width; 0 says nothing.
	ScaleResolutionDownBy float64 `json:"scaleResolutionDownBy,omitempty"`
}

// RtcpParameters describe the RTCP that goes along.
type RtcpParameters struct {
	// CNAME of the sender (RFC 7022).
	CNAME string `json:"cname,omitempty"`
	// ReducedSize allows RTCP of reduced size (RFC 5506). Nil stands for true.
	ReducedSize *bool `json:"reducedSize,omitempty"`
}

// Parameters describe a stream as it is sent (RTCRtpParameters of ORTC).
type Parameters struct {
	// MID of the media section (RFC 8843 §9.2).
	MID              string                          `json:"mid,omitempty"`
	Codecs           List[CodecParameters]           `json:"codecs"`
	HeaderExtensions List[HeaderExtensionParameters] `json:"headerExtensions"`
	Encodings        List[EncodingParameters]        `json:"encodings"`
	Rtcp             RtcpParameters                  `json:"rtcp"`
	// Msid names the MediaStream and its track (RFC 8830).
	Msid string `json:"msid,omitempty"`
}

// PayloadTypeMapping says which payload type of the router one of a producer stands for.
type PayloadTypeMapping struct {
	PayloadType       uint8 `json:"payloadType"`
	MappedPayloadType uint8 `json:"mappedPayloadType"`
}

// Mapping says it for all of a producer's codecs, RTX included.
type Mapping struct {
	Codecs List[PayloadTypeMapping] `json:"codecs"`
}
