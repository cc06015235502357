package sluice

import (
	"context"

	schema "sluice.dev/sdk/internal/generated"
)

// StreamTrafficStat is RTP streams in one direction. What is asked for (NACK, PLI, FIR) travels the other way.
type StreamTrafficStat struct {
	PacketCount uint64 `json:"packetCount"`
	// PacketsLost by the network, as far as it is known; falls when a packet turns out to have been late.
	PacketsLost          int64  `json:"packetsLost"`
	PacketsRetransmitted uint64 `json:"packetsRetransmitted"`
	// PacketsRepaired, of incoming ones, filled a gap.
	PacketsRepaired uint64 `json:"packetsRepaired"`
	NackCount       uint64 `json:"nackCount"`
	NackPacketCount uint64 `json:"nackPacketCount"`
	PliCount        uint64 `json:"pliCount"`
	FirCount        uint64 `json:"firCount"`
	// KeyFrames came in.
	KeyFrames uint64 `json:"keyFrames"`
}

// TrafficStat is all transports of a router or a worker together. What is counted includes transports and
// streams that have closed; the rest is as of now.
type TrafficStat struct {
	// PacketsReceived and the next four are datagrams of every kind.
	PacketsReceived    uint64            `json:"packetsReceived"`
	BytesReceived      uint64            `json:"bytesReceived"`
	PacketsSent        uint64            `json:"packetsSent"`
	BytesSent          uint64            `json:"bytesSent"`
	ProbationBytesSent uint64            `json:"probationBytesSent"`
	Received           StreamTrafficStat `json:"received"`
	Sent               StreamTrafficStat `json:"sent"`
	Drops              Drops             `json:"drops"`
	Transports         uint32            `json:"transports"`
	Producers          uint32            `json:"producers"`
	Consumers          uint32            `json:"consumers"`
	DataProducers      uint32            `json:"dataProducers"`
	DataConsumers      uint32            `json:"dataConsumers"`
	// IceStates and DtlsStates are how many WebRTC transports are in a state.
	IceStates  map[string]uint32 `json:"iceStates"`
	DtlsStates map[string]uint32 `json:"dtlsStates"`
	// RecvBitrate and SendBitrate are of about the last second, in bits per second.
	RecvBitrate uint64 `json:"recvBitrate"`
	SendBitrate uint64 `json:"sendBitrate"`
	// EstimatedTransports are those of which it is known what their paths carry;
	// AvailableOutgoingBitrate is that together.
	EstimatedTransports      uint32 `json:"estimatedTransports"`
	AvailableOutgoingBitrate uint64 `json:"availableOutgoingBitrate"`
	// DesiredOutgoingBitrate is what all consumers would take if it fitted.
	DesiredOutgoingBitrate uint64 `json:"desiredOutgoingBitrate"`
}

// DurationHistogramStat is how often something took how long, in microseconds, since the worker started.
type DurationHistogramStat struct {
	// BoundsUs ascend; a count is of what took at most as long, and longer than the bound before it.
	BoundsUs []uint64 `json:"boundsUs"`
	// Counts has one more than there are bounds, for what took longer than all of them.
	Counts []uint64 `json:"counts"`
	SumUs  uint64   `json:"sumUs"`
	// MaxUs is the longest since the worker was last asked, by anybody.
	MaxUs uint64 `json:"maxUs"`
}

// RouterStat is what all transports of a router have carried.
type RouterStat struct {
	// Type is "router".
	Type string `json:"type"`
	// Timestamp in milliseconds of the worker's monotonic clock.
	Timestamp uint64      `json:"timestamp"`
	RouterID  string      `json:"routerId"`
	Traffic   TrafficStat `json:"traffic"`
}

// GetStats is what all transports of the router have carried, in one answer however many there are.
func (r *Router) GetStats(ctx context.Context) (*RouterStat, error) {
	return ask(ctx, &r.object, schema.RequestBodyGetStats, &schema.GetStatsT{}, decodeRouterStats)
}

func decodeRouterStats(response *schema.Response) (*RouterStat, error) {
	told, err := bodyOf[schema.RouterStats](response, schema.ResponseBodyRouterStats)
	if err != nil {
		return nil, err
	}
	return &RouterStat{Type: "router", Timestamp: told.TimestampMs(), RouterID: string(told.RouterId()),
		Traffic: decodeTraffic(told.Traffic(nil))}, nil
}

func decodeTraffic(told *schema.Traffic) TrafficStat {
	if told == nil {
		// As a table without fields.
		told = schema.GetRootAsTraffic(emptyTable, 0)
	}
	return TrafficStat{
		PacketsReceived:          told.PacketsReceived(),
		BytesReceived:            told.BytesReceived(),
		PacketsSent:              told.PacketsSent(),
		BytesSent:                told.BytesSent(),
		ProbationBytesSent:       told.ProbationBytesSent(),
		Received:                 decodeStreamTraffic(told.Received(nil)),
		Sent:                     decodeStreamTraffic(told.Sent(nil)),
		Drops:                    decodeDrops(told.DropsLength(), told.Drops),
		Transports:               told.Transports(),
		Producers:                told.Producers(),
		Consumers:                told.Consumers(),
		DataProducers:            told.DataProducers(),
		DataConsumers:            told.DataConsumers(),
		IceStates:                decodeStates(told.IceStatesLength(), told.IceStates),
		DtlsStates:               decodeStates(told.DtlsStatesLength(), told.DtlsStates),
		RecvBitrate:              told.RecvBitrate(),
		SendBitrate:              told.SendBitrate(),
		EstimatedTransports:      told.EstimatedTransports(),
		AvailableOutgoingBitrate: told.AvailableOutgoingBitrate(),
		DesiredOutgoingBitrate:   told.DesiredOutgoingBitrate(),
	}
}

// emptyTable is a table of FlatBuffers that has no fields.
var emptyTable = []byte{8, 0, 0, 0, 4, 0, 4, 0, 4, 0, 0, 0}

func decodeStreamTraffic(told *schema.StreamTraffic) StreamTrafficStat {
	if told == nil {
		return StreamTrafficStat{}
	}
	return StreamTrafficStat{
		PacketCount:          told.Packets(),
		PacketsLost:          told.PacketsLost(),
		PacketsRetransmitted: told.PacketsRetransmitted(),
		PacketsRepaired:      told.PacketsRepaired(),
		NackCount:            told.NackCount(),
		NackPacketCount:      told.NackPacketCount(),
		PliCount:             told.PliCount(),
		FirCount:             told.FirCount(),
		KeyFrames:            told.KeyFrames(),
	}
}

func decodeStates(count int, at func(*schema.StateCount, int) bool) map[string]uint32 {
	states := map[string]uint32{}
	var state schema.StateCount
	for i := 0; i < count && at(&state, i); i++ {
		states[string(state.State())] = state.Count()
	}
	return states
}

func decodeHistogram(told *schema.DurationHistogram) DurationHistogramStat {
	histogram := DurationHistogramStat{BoundsUs: []uint64{}, Counts: []uint64{}}
	if told == nil {
		return histogram
	}
	for i := 0; i < told.BoundsUsLength(); i++ {
		histogram.BoundsUs = append(histogram.BoundsUs, told.BoundsUs(i))
	}
	for i := 0; i < told.CountsLength(); i++ {
		histogram.Counts = append(histogram.Counts, told.Counts(i))
	}
	histogram.SumUs, histogram.MaxUs = told.SumUs(), told.MaxUs()
	return histogram
}
