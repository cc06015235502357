package sluice

import (
	"context"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
)

// DirectTransportOptions describe the application as a peer.
type DirectTransportOptions struct {
	// MaxSendMessageSize and MaxReceiveMessageSize are bytes of one message to the application, and
	// from it: up to 1,048,576. 0 takes 262,144.
	MaxSendMessageSize    uint32
	MaxReceiveMessageSize uint32
	AppData               any
}

const (
	defaultMessageSize = 262144
	mostMessageSize    = 1 << 20
)

// DirectTransport is the application as a peer: what it sends comes out of the router, and what the router
// sends becomes events.
type DirectTransport struct {
	transport
	onRtcp listeners[[]byte]
}

// SendRtcp sends a compound of RTCP (RFC 3550 §6.1), as if it came from a peer.
func (t *DirectTransport) SendRtcp(ctx context.Context, packet []byte) error {
	if len(packet) > maxPacketSize {
		return fault.Argument("packet", "has more than %d bytes", maxPacketSize)
	}
	return t.command(ctx, schema.RequestBodySendRtcp, &schema.SendRtcpT{Packet: encodePacket(packet)}, nil)
}

// OnRtcp tells of compounds of RTCP that would be sent. All listeners get the same bytes.
func (t *DirectTransport) OnRtcp(call func(packet []byte)) (remove func()) {
	return t.onRtcp.add(t.core, call)
}

func (o *DirectTransportOptions) encode(id string) (*schema.CreateDirectTransportT, error) {
	send, err := inRangeOr(o.MaxSendMessageSize, "maxSendMessageSize", defaultMessageSize, 1, mostMessageSize)
	if err != nil {
		return nil, err
	}
	receive, err := inRangeOr(o.MaxReceiveMessageSize, "maxReceiveMessageSize", defaultMessageSize, 1, mostMessageSize)
	return &schema.CreateDirectTransportT{TransportId: id, MaxSendMessageSize: send, MaxReceiveMessageSize: receive}, err
}

// With core.mu held.
func (t *DirectTransport) handle(notification *schema.Notification) {
	if notification.BodyType() != schema.NotificationBodyRtcpReceived {
		t.transport.handle(notification)
		return
	}
	received := newsOf[schema.RtcpReceived](notification)
	t.onRtcp.emit(t.core, copyPacket(received.Packet(nil)))
}
