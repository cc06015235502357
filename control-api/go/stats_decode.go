package sluice

import (
	"strconv"

	schema "sluice.dev/sdk/internal/generated"
)

var transportStatTypes = map[TransportType]string{
	transportWebRtc: "webrtc-transport",
	transportPlain:  "plain-rtp-transport",
	transportPipe:   "pipe-transport",
	transportDirect: "direct-transport",
}

func decodeTransportStats(told *schema.TransportStats, kind TransportType) *TransportStat {
	stats := &TransportStat{
		Type:                     transportStatTypes[kind],
		TransportID:              string(told.TransportId()),
		Timestamp:                told.TimestampMs(),
		BytesReceived:            told.BytesReceived(),
		BytesSent:                told.BytesSent(),
		PacketsReceived:          told.PacketsReceived(),
		PacketsSent:              told.PacketsSent(),
		RecvBitrate:              told.RecvBitrate(),
		SendBitrate:              told.SendBitrate(),
		RtpBytesReceived:         told.RtpBytesReceived(),
		RtpBytesSent:             told.RtpBytesSent(),
		RtpRecvBitrate:           told.RtpRecvBitrate(),
		RtpSendBitrate:           told.RtpSendBitrate(),
		RtxBytesReceived:         told.RtxBytesReceived(),
		RtxBytesSent:             told.RtxBytesSent(),
		RtxRecvBitrate:           told.RtxRecvBitrate(),
		RtxSendBitrate:           told.RtxSendBitrate(),
		ProbationBytesSent:       told.ProbationBytesSent(),
		ProbationSendBitrate:     told.ProbationSendBitrate(),
		AvailableOutgoingBitrate: told.AvailableOutgoingBitrate(),
		AvailableIncomingBitrate: told.AvailableIncomingBitrate(),
		MaxIncomingBitrate:       told.MaxIncomingBitrate(),
		MaxOutgoingBitrate:       told.MaxOutgoingBitrate(),
		MinOutgoingBitrate:       told.MinOutgoingBitrate(),
		DesiredOutgoingBitrate:   told.DesiredOutgoingBitrate(),
		BandwidthReason:          string(told.BandwidthReason()),
		SendQueueMs:              told.SendQueueMs(),
		RoundTripTime:            told.RoundTripTimeMs(),
		RtpPacketLossReceived:    told.RtpPacketLossReceived(),
		RtpPacketLossSent:        told.RtpPacketLossSent(),
		SrtpProfile:              string(told.SrtpProfile()),
		Drops:                    decodeDrops(told.DropsLength(), told.Drops),
	}
	if sctp := told.Sctp(nil); sctp != nil {
		stats.SctpState = string(sctp.State())
		stats.Sctp = decodeSctpStats(sctp)
	}
	switch kind {
	case transportWebRtc:
		stats.IceRole = "controlled"
		stats.IceState = string(told.IceState())
		stats.IceSelectedTuple = decodeTuple(told.SelectedTuple(nil))
		stats.DtlsState = string(told.DtlsState())
	case transportPlain, transportPipe:
		stats.Tuple = decodeTuple(told.SelectedTuple(nil))
		stats.RtcpTuple = decodeTuple(told.RtcpTuple(nil))
	}
	return stats
}

func decodeSctpStats(told *schema.SctpStats) *SctpStat {
	return &SctpStat{
		MessagesReceived:  told.MessagesReceived(),
		BytesReceived:     told.BytesReceived(),
		MessagesSent:      told.MessagesSent(),
		BytesSent:         told.BytesSent(),
		BufferedAmount:    told.BufferedAmount(),
		MessagesRefused:   told.MessagesRefused(),
		MessagesExpired:   told.MessagesExpired(),
		MessagesLost:      told.MessagesLost(),
		MessagesOversized: told.MessagesOversized(),
		MessagesCutOff:    told.MessagesCutOff(),
		MessagesUnclaimed: told.MessagesUnclaimed(),
		InitsIgnored:      told.InitsIgnored(),
		Restarts:          told.Restarts(),
		DcepRefused:       told.DcepRefused(),
	}
}

// The first so many streams are sent, those behind them received; of producers all are received.
func decodeStreams(response *schema.Response, outbound int) ([]RtpStreamStat, error) {
	list, err := bodyOf[schema.StreamStatsList](response, schema.ResponseBodyStreamStatsList)
	if err != nil {
		return nil, err
	}
	return decodeStreamList(list.StreamsLength(), list.Streams, outbound), nil
}

func decodeStreamList(count int, at func(*schema.RtpStreamStats, int) bool, outbound int) []RtpStreamStat {
	streams := []RtpStreamStat{}
	var told schema.RtpStreamStats
	for i := 0; i < count && at(&told, i); i++ {
		direction := "inbound-rtp"
		if i < outbound {
			direction = "outbound-rtp"
		}
		streams = append(streams, decodeStreamStats(&told, direction))
	}
	return streams
}

func decodeStreamStats(told *schema.RtpStreamStats, direction string) RtpStreamStat {
	stats := RtpStreamStat{
		Type:                 direction,
		Timestamp:            told.TimestampMs(),
		SSRC:                 told.Ssrc(),
		RtxSSRC:              told.RtxSsrc(),
		RID:                  string(told.Rid()),
		Kind:                 decodeKind(told.Kind()),
		MimeType:             string(told.MimeType()),
		PacketCount:          told.PacketCount(),
		ByteCount:            told.ByteCount(),
		Bitrate:              told.Bitrate(),
		PacketsLost:          told.PacketsLost(),
		FractionLost:         told.FractionLost(),
		PacketsDiscarded:     told.PacketsDiscarded(),
		PacketsRetransmitted: told.PacketsRetransmitted(),
		PacketsRepaired:      told.PacketsRepaired(),
		NackCount:            told.NackCount(),
		NackPacketCount:      told.NackPacketCount(),
		PliCount:             told.PliCount(),
		FirCount:             told.FirCount(),
		RtxPacketsDiscarded:  told.RtxPacketsDiscarded(),
		KeyFrames:            told.KeyFrames(),
		Jitter:               told.Jitter(),
		RoundTripTime:        told.RoundTripTimeMs(),
		Score:                told.Score(),
		FrameWidth:           told.FrameWidth(),
		FrameHeight:          told.FrameHeight(),
		PreferredLayers:      decodeLayers(told.PreferredLayers(nil)),
		CurrentLayers:        decodeLayers(told.CurrentLayers(nil)),
		LayersReason:         string(told.LayersReason()),
		Drops:                decodeDrops(told.DropsLength(), told.Drops),
	}
	var layer schema.LayerBitrate
	for i := 0; i < told.BitrateByLayerLength() && told.BitrateByLayer(&layer, i); i++ {
		if stats.BitrateByLayer == nil {
			stats.BitrateByLayer = map[string]uint32{}
		}
		name := strconv.Itoa(int(layer.SpatialLayer())) + "." + strconv.Itoa(int(layer.TemporalLayer()))
		stats.BitrateByLayer[name] = layer.Bitrate()
	}
	return stats
}

func decodeDataProducerStats(response *schema.Response) (*DataProducerStat, error) {
	told, err := bodyOf[schema.DataProducerStats](response, schema.ResponseBodyDataProducerStats)
	if err != nil {
		return nil, err
	}
	return decodeDataProducerStat(told), nil
}

func decodeDataProducerStat(told *schema.DataProducerStats) *DataProducerStat {
	return &DataProducerStat{
		Type:             "data-producer",
		Timestamp:        told.TimestampMs(),
		Label:            string(told.Label()),
		Protocol:         string(told.Protocol()),
		MessagesReceived: told.MessagesReceived(),
		BytesReceived:    told.BytesReceived(),
		MessagesDropped:  told.MessagesDropped(),
	}
}

func decodeDataConsumerStats(response *schema.Response) (*DataConsumerStat, error) {
	told, err := bodyOf[schema.DataConsumerStats](response, schema.ResponseBodyDataConsumerStats)
	if err != nil {
		return nil, err
	}
	return decodeDataConsumerStat(told), nil
}

func decodeDataConsumerStat(told *schema.DataConsumerStats) *DataConsumerStat {
	return &DataConsumerStat{
		Type:            "data-consumer",
		Timestamp:       told.TimestampMs(),
		Label:           string(told.Label()),
		Protocol:        string(told.Protocol()),
		MessagesSent:    told.MessagesSent(),
		BytesSent:       told.BytesSent(),
		BufferedAmount:  told.BufferedAmount(),
		MessagesDropped: told.MessagesDropped(),
	}
}

func decodeResourceUsage(response *schema.Response) (*WorkerResourceUsage, error) {
	told, err := bodyOf[schema.ResourceUsage](response, schema.ResponseBodyResourceUsage)
	if err != nil {
		return nil, err
	}
	return &WorkerResourceUsage{
		UserTime:            float64(told.UserTimeUs()) / 1000,
		SystemTime:          float64(told.SystemTimeUs()) / 1000,
		MaxRss:              told.MaxRssKib(),
		SharedMemorySize:    told.SharedMemorySize(),
		UnsharedDataSize:    told.UnsharedDataSize(),
		UnsharedStackSize:   told.UnsharedStackSize(),
		MinorFaults:         told.MinorFaults(),
		MajorFaults:         told.MajorFaults(),
		Swaps:               told.Swaps(),
		BlockInputs:         told.BlockInputs(),
		BlockOutputs:        told.BlockOutputs(),
		MessagesSent:        told.MessagesSent(),
		MessagesReceived:    told.MessagesReceived(),
		Signals:             told.Signals(),
		VoluntarySwitches:   told.VoluntarySwitches(),
		InvoluntarySwitches: told.InvoluntarySwitches(),
	}, nil
}

func decodeWorkerStats(response *schema.Response) (*WorkerStat, error) {
	told, err := bodyOf[schema.WorkerStats](response, schema.ResponseBodyWorkerStats)
	if err != nil {
		return nil, err
	}
	return decodeWorkerStat(told), nil
}

func decodeWorkerStat(told *schema.WorkerStats) *WorkerStat {
	stats := &WorkerStat{
		Type:              "worker",
		Timestamp:         told.TimestampMs(),
		Routers:           told.Routers(),
		Transports:        told.Transports(),
		Producers:         told.Producers(),
		Consumers:         told.Consumers(),
		PacketsInUse:      told.PacketsInUse(),
		PacketsAllocated:  told.PacketsAllocated(),
		DatagramsReceived: told.DatagramsReceived(),
		DatagramsSent:     told.DatagramsSent(),
		Sends:             told.Sends(),
		SendCalls:         told.SendCalls(),
		TrainsRefused:     told.TrainsRefused(),
		PaddingBytesSent:  told.PaddingBytesSent(),
		Holds:             told.Holds(),
		HeldUs:            told.HeldUs(),
		Requests:          told.Requests(),
		RequestsRefused:   told.RequestsRefused(),
		MessagesDropped:   told.MessagesDropped(),
		Drops:             decodeDrops(told.DropsLength(), told.Drops),
		Traffic:           decodeTraffic(told.Traffic(nil)),
		ForwardingDelay:   decodeHistogram(told.ForwardingDelay(nil)),
		TurnTime:          decodeHistogram(told.TurnTime(nil)),
		TimerDelay:        decodeHistogram(told.TimerDelay(nil)),
		UserTimeUs:        told.UserTimeUs(),
		SystemTimeUs:      told.SystemTimeUs(),
		RssBytes:          told.RssKib() * 1024,
	}
	if tcp := told.Tcp(nil); tcp != nil {
		stats.TCP = TCPStat{
			Connections: tcp.Connections(),
			Strangers:   tcp.Strangers(),
			Accepted:    tcp.Accepted(),
			Refused:     tcp.Refused(),
			Expired:     tcp.Expired(),
			Expelled:    tcp.Expelled(),
			LatePackets: tcp.LatePackets(),
		}
	}
	if stun := told.Stun(nil); stun != nil {
		stats.Stun = &StunStat{
			Requests:  stun.Requests(),
			Answers:   stun.Answers(),
			TooShort:  stun.TooShort(),
			OverLimit: stun.OverLimit(),
		}
	}
	return stats
}

func decodeDrops(count int, at func(*schema.DropCount, int) bool) Drops {
	drops := Drops{}
	var drop schema.DropCount
	for i := 0; i < count && at(&drop, i); i++ {
		drops[string(drop.Reason())] = drop.Packets()
	}
	return drops
}
