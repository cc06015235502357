package sluice

import (
	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
)

// SctpState is the state of a transport's association.
type SctpState string

// The states of SCTP.
const (
	SctpNew        SctpState = "new"
	SctpConnecting SctpState = "connecting"
	SctpConnected  SctpState = "connected"
	SctpFailed     SctpState = "failed"
	SctpClosed     SctpState = "closed"
)

// SctpOptions describe the messages of a transport. The zero value is good.
type SctpOptions struct {
	// OS is how many streams the worker asks for, and MIS how many it allows the peer; 0 takes 1,024.
	OS  uint16
	MIS uint16
	// MaxSendMessageSize and MaxReceiveMessageSize are bytes of one message to the peer, and from it:
	// up to 1,048,576. 0 takes 262,144.
	MaxSendMessageSize    uint32
	MaxReceiveMessageSize uint32
	// SendBufferSize is how many bytes may be under way to the peer, up to 16 MiB; 0 takes 2,000,000,
	// or the size of a message if that is more.
	SendBufferSize uint32
	// PerStreamSendQueueLimit is the same on one stream; 0 takes SendBufferSize.
	PerStreamSendQueueLimit uint32
	// MaxReceiverWindowBufferSize is how many bytes the peer may have under way to the worker, up to 16
	// MiB; 0 takes 5,242,880.
	MaxReceiverWindowBufferSize uint32
}

// SctpParameters are what the peer has to be told (RFC 8841). Old and new names, because clients of either
// age look for theirs.
type SctpParameters struct {
	Port uint16 `json:"port"`
	OS   uint16 `json:"OS"`
	MIS  uint16 `json:"MIS"`
	// MaxMessageSize is bytes of one message to the worker, as old clients ask for it.
	MaxMessageSize uint32 `json:"maxMessageSize"`
	// MaxSendMessageSize and MaxReceiveMessageSize are bytes of one message from the worker, and to it.
	MaxSendMessageSize          uint32 `json:"maxSendMessageSize"`
	MaxReceiveMessageSize       uint32 `json:"maxReceiveMessageSize"`
	SendBufferSize              uint32 `json:"sendBufferSize"`
	PerStreamSendQueueLimit     uint32 `json:"perStreamSendQueueLimit"`
	MaxReceiverWindowBufferSize uint32 `json:"maxReceiverWindowBufferSize"`
	// IsDataChannel is true of WebRTC transports, whose streams are data channels.
	IsDataChannel bool `json:"isDataChannel"`
}

// SctpNegotiatedCapabilities are how many streams there are in either direction, as agreed.
type SctpNegotiatedCapabilities struct {
	NegotiatedMaxOutboundStreams uint16 `json:"negotiatedMaxOutboundStreams"`
	NegotiatedMaxInboundStreams  uint16 `json:"negotiatedMaxInboundStreams"`
}

// SctpStreamParameters name a stream, and what is promised of messages on it.
type SctpStreamParameters struct {
	// StreamID is 0 to 65534.
	StreamID uint16 `json:"streamId"`
	// Ordered is true if nil, unless there is a limit below.
	Ordered *bool `json:"ordered,omitempty"`
	// MaxPacketLifeTime in milliseconds; not together with MaxRetransmits.
	MaxPacketLifeTime *uint16 `json:"maxPacketLifeTime,omitempty"`
	MaxRetransmits    *uint16 `json:"maxRetransmits,omitempty"`
}

const (
	sctpPort          = 5000
	usualStreams      = 1024
	usualSendBuffer   = 2000000
	usualWindow       = 5242880
	noStream          = 65535
	mostSubchannels   = 1024
	defaultPPIDText   = 51
	defaultPPIDBinary = 53
)

// encode is nil for nil.
func (o *SctpOptions) encode() (*schema.SctpParametersT, error) {
	if o == nil {
		return nil, nil
	}
	send, err := inRangeOr(o.MaxSendMessageSize, "maxSendMessageSize", defaultMessageSize, 1, mostMessageSize)
	if err != nil {
		return nil, err
	}
	receive, err := inRangeOr(o.MaxReceiveMessageSize, "maxReceiveMessageSize", defaultMessageSize, 1, mostMessageSize)
	if err != nil {
		return nil, err
	}
	buffer := orElse(o.SendBufferSize, usualSendBuffer)
	return &schema.SctpParametersT{
		Port:                        sctpPort,
		Os:                          orElse(o.OS, usualStreams),
		Mis:                         orElse(o.MIS, usualStreams),
		MaxMessageSize:              send,
		SendBufferSize:              buffer,
		MaxReceiveMessageSize:       receive,
		PerStreamSendQueueLimit:     orElse(o.PerStreamSendQueueLimit, buffer),
		MaxReceiverWindowBufferSize: orElse(o.MaxReceiverWindowBufferSize, usualWindow),
	}, nil
}

func orElse[T uint16 | uint32](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return value
}

func decodeSctpParameters(sctp *schema.SctpParameters, isDataChannel bool) *SctpParameters {
	if sctp == nil {
		return nil
	}
	receive := orElse(sctp.MaxReceiveMessageSize(), sctp.MaxMessageSize())
	return &SctpParameters{
		Port:                        sctp.Port(),
		OS:                          sctp.Os(),
		MIS:                         sctp.Mis(),
		MaxMessageSize:              receive,
		MaxSendMessageSize:          sctp.MaxMessageSize(),
		MaxReceiveMessageSize:       receive,
		SendBufferSize:              sctp.SendBufferSize(),
		PerStreamSendQueueLimit:     orElse(sctp.PerStreamSendQueueLimit(), sctp.SendBufferSize()),
		MaxReceiverWindowBufferSize: orElse(sctp.MaxReceiverWindowBufferSize(), usualWindow),
		IsDataChannel:               isDataChannel,
	}
}

// check fills in whether messages are in order.
func (s SctpStreamParameters) check(field string) (*SctpStreamParameters, error) {
	if s.StreamID == noStream {
		return nil, fault.Argument(field+".streamId", "is not 0 to 65534")
	}
	if s.MaxPacketLifeTime != nil && s.MaxRetransmits != nil {
		return nil, fault.Argument(field+".maxRetransmits", "cannot be given together with maxPacketLifeTime")
	}
	isLimited := s.MaxPacketLifeTime != nil || s.MaxRetransmits != nil
	s.Ordered = Ptr(valueOr(s.Ordered, !isLimited))
	return &s, nil
}

func (s *SctpStreamParameters) encode() *schema.SctpStreamParametersT {
	if s == nil {
		return nil
	}
	return &schema.SctpStreamParametersT{
		StreamId:          s.StreamID,
		Ordered:           valueOr(s.Ordered, true),
		MaxPacketLifeTime: s.MaxPacketLifeTime,
		MaxRetransmits:    s.MaxRetransmits,
	}
}

func decodeStream(stream *schema.SctpStreamParameters) SctpStreamParameters {
	return SctpStreamParameters{
		StreamID:          stream.StreamId(),
		Ordered:           Ptr(stream.Ordered()),
		MaxPacketLifeTime: stream.MaxPacketLifeTime(),
		MaxRetransmits:    stream.MaxRetransmits(),
	}
}

func copyStream(stream *SctpStreamParameters) *SctpStreamParameters {
	if stream == nil {
		return nil
	}
	copied := *stream
	return &copied
}

// Message is what data producers send and data consumers get.
type Message struct {
	// PPID says how to read it (RFC 8831 §8): 51 is text, 53 bytes; the worker sends empty ones as what
	// stands for them, 56 and 57.
	PPID uint32
	Data []byte
}

// TextMessage is a message of text.
func TextMessage(text string) Message { return Message{PPID: defaultPPIDText, Data: []byte(text)} }

// BinaryMessage is a message of bytes.
func BinaryMessage(data []byte) Message { return Message{PPID: defaultPPIDBinary, Data: data} }

func checkSubchannels(subchannels []uint16, field string) error {
	if len(subchannels) > mostSubchannels {
		return fault.Argument(field, "are %d, more than %d", len(subchannels), mostSubchannels)
	}
	return nil
}
