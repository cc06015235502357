package sluice

import (
	"context"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
)

// PacketTraceOptions say what is recorded of a transport.
type PacketTraceOptions struct {
	// Sampling is one of so many packets of each direction, up to 1,000,000; 0 takes 1.
	Sampling uint32
	// PayloadBytes is how much of each payload of RTP, and of what RTCP carries for an application, is
	// recorded: 0 to 64.
	PayloadBytes uint8
	// MaxBytes is the length at which the file ends: at least 4,096; 0 takes 64 MiB.
	MaxBytes uint64
}

// PacketTraceChunk is a piece of a capture file. A file without some of its pieces is still a file.
type PacketTraceChunk struct {
	// Bytes are whole blocks of pcapng.
	Bytes []byte
	// Packets were recorded since the trace began, LeftOut were not because the application was behind.
	Packets uint64
	LeftOut uint64
	// IsLast: it was stopped, is as long as it may be, or the transport is closed.
	IsLast bool
}

const (
	mostSampling      = 1000000
	mostTracedPayload = 64
	leastTraceBytes   = 4096
	defaultTraceBytes = 64 << 20
)

// StartPacketTrace has OnPacketTrace told of what the transport receives and sends, as pieces of a capture file
// (pcapng) that tshark and Wireshark open: decrypted headers of RTP and RTCP. A trace that runs ends and
// begins anew.
func (t *transport) StartPacketTrace(ctx context.Context, options PacketTraceOptions) error {
	sampling, err := inRangeOr(options.Sampling, "sampling", 1, 1, mostSampling)
	if err != nil {
		return err
	}
	if options.PayloadBytes > mostTracedPayload {
		return fault.Argument("payloadBytes", "%d is not 0 to %d", options.PayloadBytes, mostTracedPayload)
	}
	bytes := options.MaxBytes
	if bytes == 0 {
		bytes = defaultTraceBytes
	}
	if bytes < leastTraceBytes {
		return fault.Argument("maxBytes", "%d is less than %d", bytes, leastTraceBytes)
	}
	body := &schema.StartPacketTraceT{Sampling: sampling, PayloadBytes: options.PayloadBytes, MaxBytes: bytes}
	return t.command(ctx, schema.RequestBodyStartPacketTrace, body, func() { t.isTraced = true })
}

// StopPacketTrace ends the trace; the last pieces come afterwards. What a transport has not told when it is
// closed is lost, so stop first.
func (t *transport) StopPacketTrace(ctx context.Context) error {
	return t.command(ctx, schema.RequestBodyStopPacketTrace, &schema.StopPacketTraceT{}, nil)
}

// OnPacketTrace tells what StartPacketTrace asked for, piece by piece and in order.
func (t *transport) OnPacketTrace(call func(PacketTraceChunk)) (remove func()) {
	return t.onPackets.add(t.core, call)
}

// With core.mu held, as the rest.
func (t *transport) takePackets(told *schema.PacketTraceChunk) {
	chunk := PacketTraceChunk{Packets: told.Packets(), LeftOut: told.LeftOut(), IsLast: told.IsLast()}
	if len(t.onPackets.entries) > 0 {
		// The frame that it came in is used again.
		chunk.Bytes = append([]byte{}, told.BytesBytes()...)
	}
	if chunk.IsLast {
		t.isTraced = false
		t.onPackets.emitEnd(t.core, chunk)
		return
	}
	t.onPackets.emit(t.core, chunk)
}

func (t *transport) endPackets() {
	if t.isTraced {
		t.isTraced = false
		t.onPackets.emitEnd(t.core, PacketTraceChunk{IsLast: true})
	}
}
