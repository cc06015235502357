package sluice

import (
	"context"

	flatbuffers "github.com/google/flatbuffers/go"

	schema "sluice.dev/sdk/internal/generated"
)

// TraceType is what a trace event tells of.
type TraceType string

// The types of trace events.
const (
	// TraceRtp (packets) and TraceKeyFrame (the first packet of one) are of producers and consumers.
	TraceRtp      TraceType = "rtp"
	TraceKeyFrame TraceType = "keyframe"
	// TraceNack, TracePli and TraceFir are feedback, of producers and consumers.
	TraceNack TraceType = "nack"
	TracePli  TraceType = "pli"
	TraceFir  TraceType = "fir"
	// TraceSr are sender reports that a producer's peer sent.
	TraceSr TraceType = "sr"
	// TraceLayers is each decision about the layers of a consumer.
	TraceLayers TraceType = "layers"
	// TraceBwe is each decision about the rate to the peer of a transport, TraceProbation a packet that
	// only measures.
	TraceBwe       TraceType = "bwe"
	TraceProbation TraceType = "probation"
)

// In the order of the schema.
var (
	traceTypes          = []TraceType{TraceRtp, TraceKeyFrame, TraceNack, TracePli, TraceFir, TraceSr, TraceLayers, TraceBwe, TraceProbation}
	producerTraceTypes  = []TraceType{TraceRtp, TraceKeyFrame, TraceNack, TracePli, TraceFir, TraceSr}
	consumerTraceTypes  = []TraceType{TraceRtp, TraceKeyFrame, TraceNack, TracePli, TraceFir, TraceLayers}
	transportTraceTypes = []TraceType{TraceProbation, TraceBwe}
)

// Trace is one packet or one decision.
type Trace struct {
	Type TraceType `json:"type"`
	// Timestamp in milliseconds of the worker's monotonic clock.
	Timestamp uint64 `json:"timestamp"`
	// Direction is "in" or "out", seen from the worker.
	Direction string `json:"direction"`
	// Info is an RtpTraceInfo (rtp, keyframe, probation), FeedbackTraceInfo (nack, pli, fir),
	// SenderReportTraceInfo (sr), BweTraceInfo (bwe) or LayersTraceInfo (layers).
	Info any `json:"info"`
}

// RtpTraceInfo is of a packet.
type RtpTraceInfo struct {
	RtpPacket RtpPacketTrace `json:"rtpPacket"`
	IsRtx     bool           `json:"isRtx"`
}

// RtpPacketTrace is what a packet says of itself.
type RtpPacketTrace struct {
	PayloadType    uint8  `json:"payloadType"`
	SequenceNumber uint16 `json:"sequenceNumber"`
	Timestamp      uint32 `json:"timestamp"`
	Marker         bool   `json:"marker"`
	SSRC           uint32 `json:"ssrc"`
	IsKeyFrame     bool   `json:"isKeyFrame"`
	// Size in bytes with header, PayloadSize without.
	Size          uint32 `json:"size"`
	PayloadSize   uint32 `json:"payloadSize"`
	SpatialLayer  uint8  `json:"spatialLayer"`
	TemporalLayer uint8  `json:"temporalLayer"`
	// MID, RID and RRID are what header extensions say; empty where there are none.
	MID  string `json:"mid,omitempty"`
	RID  string `json:"rid,omitempty"`
	RRID string `json:"rrid,omitempty"`
	// WideSequenceNumber is nil where there is none.
	WideSequenceNumber *uint16 `json:"wideSequenceNumber,omitempty"`
}

// FeedbackTraceInfo is of a NACK, PLI or FIR.
type FeedbackTraceInfo struct {
	SSRC uint32 `json:"ssrc"`
	// Packets is how many packets a NACK asks for; 0 of others.
	Packets uint32 `json:"packets"`
}

// SenderReportTraceInfo is one moment by the sender's wall clock and by the stream's (RFC 3550 §6.4.1).
type SenderReportTraceInfo struct {
	SSRC uint32 `json:"ssrc"`
	// NtpSec is seconds since 1900, NtpFrac 1/2^32 seconds (RFC 3550 §4).
	NtpSec  uint32 `json:"ntpSec"`
	NtpFrac uint32 `json:"ntpFrac"`
	// RtpTs in units of the codec's clock.
	RtpTs       uint32 `json:"rtpTs"`
	PacketCount uint32 `json:"packetCount"`
	OctetCount  uint32 `json:"octetCount"`
}

// BweTraceInfo is a decision about the rate to a peer, in bits per second.
type BweTraceInfo struct {
	// AvailableBitrate is what the path is taken to carry from now on, StartBitrate what it was before.
	AvailableBitrate uint32 `json:"availableBitrate"`
	StartBitrate     uint32 `json:"startBitrate"`
	// DesiredBitrate is what all that is preferred would take, EffectiveDesiredBitrate that within the
	// bounds.
	DesiredBitrate          uint32 `json:"desiredBitrate"`
	EffectiveDesiredBitrate uint32 `json:"effectiveDesiredBitrate"`
	// MinBitrate and MaxBitrate are the bounds of the transport; 0 for none.
	MinBitrate uint32 `json:"minBitrate"`
	MaxBitrate uint32 `json:"maxBitrate"`
	// MaxPaddingBitrate is up to which rate padding may fill what is sent.
	MaxPaddingBitrate uint32 `json:"maxPaddingBitrate"`
	// Type is "transport-cc" or "remb": from which feedback the estimate is made.
	Type string `json:"type"`
	// Reason is why, in one word.
	Reason string `json:"reason"`
}

// LayersTraceInfo is a decision about what a consumer gets.
type LayersTraceInfo struct {
	// Layers are nil if nothing flows.
	Layers *ConsumerLayers `json:"layers,omitempty"`
	// Reason is why, in one word.
	Reason string `json:"reason"`
	// AvailableBitrate is what there was to share, in bits per second; 0 if no bound was known.
	AvailableBitrate uint32 `json:"availableBitrate,omitempty"`
}

func enableTraces(ctx context.Context, o *object, types []TraceType, known []TraceType) error {
	body := &schema.EnableTraceEventsT{}
	seen := map[TraceType]bool{}
	for _, wanted := range types {
		if _, err := indexOf(wanted, "types", known); err != nil {
			return err
		}
		index, _ := indexOf(wanted, "types", traceTypes)
		if !seen[wanted] {
			body.Types = append(body.Types, schema.TraceType(index))
		}
		seen[wanted] = true
	}
	return o.command(ctx, schema.RequestBodyEnableTraceEvents, body, nil)
}

// decodeTrace is false for a trace of a type that this SDK does not know.
func decodeTrace(told *schema.Trace) (Trace, bool) {
	var table flatbuffers.Table
	if int(told.Type()) >= len(traceTypes) || !told.Info(&table) {
		return Trace{}, false
	}
	trace := Trace{Type: traceTypes[told.Type()], Timestamp: told.TimestampMs(), Direction: "in"}
	if told.Direction() == schema.TraceDirectionOut {
		trace.Direction = "out"
	}
	switch told.InfoType() {
	case schema.TraceInfoRtpTrace:
		trace.Info = decodeRtpTrace(table)
	case schema.TraceInfoFeedbackTrace:
		var info schema.FeedbackTrace
		info.Init(table.Bytes, table.Pos)
		trace.Info = FeedbackTraceInfo{SSRC: info.Ssrc(), Packets: info.Packets()}
	case schema.TraceInfoSenderReportTrace:
		var info schema.SenderReportTrace
		info.Init(table.Bytes, table.Pos)
		trace.Info = SenderReportTraceInfo{SSRC: info.Ssrc(), NtpSec: uint32(info.Ntp() >> 32),
			NtpFrac: uint32(info.Ntp()), RtpTs: info.RtpTimestamp(), PacketCount: info.PacketCount(),
			OctetCount: info.OctetCount()}
	case schema.TraceInfoBweTrace:
		trace.Info = decodeBweTrace(table)
	case schema.TraceInfoLayersTrace:
		var info schema.LayersTrace
		info.Init(table.Bytes, table.Pos)
		trace.Info = LayersTraceInfo{Layers: decodeLayers(info.Layers(nil)), Reason: string(info.Reason()),
			AvailableBitrate: info.AvailableBitrate()}
	default:
		return Trace{}, false
	}
	return trace, true
}

func decodeRtpTrace(table flatbuffers.Table) RtpTraceInfo {
	var info schema.RtpTrace
	info.Init(table.Bytes, table.Pos)
	return RtpTraceInfo{IsRtx: info.IsRtx(), RtpPacket: RtpPacketTrace{
		PayloadType:        info.PayloadType(),
		SequenceNumber:     info.SequenceNumber(),
		Timestamp:          info.Timestamp(),
		Marker:             info.Marker(),
		SSRC:               info.Ssrc(),
		IsKeyFrame:         info.IsKeyFrame(),
		Size:               info.Size(),
		PayloadSize:        info.PayloadSize(),
		SpatialLayer:       info.SpatialLayer(),
		TemporalLayer:      info.TemporalLayer(),
		MID:                string(info.Mid()),
		RID:                string(info.Rid()),
		RRID:               string(info.Rrid()),
		WideSequenceNumber: info.WideSequenceNumber(),
	}}
}

func decodeBweTrace(table flatbuffers.Table) BweTraceInfo {
	var info schema.BweTrace
	info.Init(table.Bytes, table.Pos)
	effective := info.DesiredBitrate()
	if least := info.MinBitrate(); effective < least {
		effective = least
	}
	if most := info.MaxBitrate(); most != 0 && effective > most {
		effective = most
	}
	return BweTraceInfo{
		AvailableBitrate:        info.AvailableBitrate(),
		StartBitrate:            info.PreviousBitrate(),
		DesiredBitrate:          info.DesiredBitrate(),
		EffectiveDesiredBitrate: effective,
		MinBitrate:              info.MinBitrate(),
		MaxBitrate:              info.MaxBitrate(),
		MaxPaddingBitrate:       info.MaxPaddingBitrate(),
		Type:                    string(info.Feedback()),
		Reason:                  string(info.Reason()),
	}
}
