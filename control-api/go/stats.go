package sluice

import "sluice.dev/sdk/rtp"

// Drops are how many packets died, by reason.
type Drops map[string]uint64

// TransportStat is what a transport has carried. Bytes and packets count from the start; bit rates are
// averages of about the last second, in bits per second. Rates that are not known, and bounds that are not
// set, are 0 here and missing in JSON.
type TransportStat struct {
	// Type is "webrtc-transport", "plain-rtp-transport", "pipe-transport" or "direct-transport".
	Type        string `json:"type"`
	TransportID string `json:"transportId"`
	// Timestamp in milliseconds of the worker's monotonic clock.
	Timestamp          uint64 `json:"timestamp"`
	BytesReceived      uint64 `json:"bytesReceived"`
	BytesSent          uint64 `json:"bytesSent"`
	PacketsReceived    uint64 `json:"packetsReceived"`
	PacketsSent        uint64 `json:"packetsSent"`
	RecvBitrate        uint32 `json:"recvBitrate"`
	SendBitrate        uint32 `json:"sendBitrate"`
	RtpBytesReceived   uint64 `json:"rtpBytesReceived"`
	RtpBytesSent       uint64 `json:"rtpBytesSent"`
	RtpRecvBitrate     uint32 `json:"rtpRecvBitrate"`
	RtpSendBitrate     uint32 `json:"rtpSendBitrate"`
	RtxBytesReceived   uint64 `json:"rtxBytesReceived"`
	RtxBytesSent       uint64 `json:"rtxBytesSent"`
	RtxRecvBitrate     uint32 `json:"rtxRecvBitrate"`
	RtxSendBitrate     uint32 `json:"rtxSendBitrate"`
	ProbationBytesSent uint64 `json:"probationBytesSent"`
	// ProbationSendBitrate is what is sent only to probe the path.
	ProbationSendBitrate uint32 `json:"probationSendBitrate"`
	// AvailableOutgoingBitrate is what the path to the peer is estimated to carry.
	AvailableOutgoingBitrate uint32 `json:"availableOutgoingBitrate,omitempty"`
	AvailableIncomingBitrate uint32 `json:"availableIncomingBitrate,omitempty"`
	MaxIncomingBitrate       uint32 `json:"maxIncomingBitrate,omitempty"`
	MaxOutgoingBitrate       uint32 `json:"maxOutgoingBitrate,omitempty"`
	MinOutgoingBitrate       uint32 `json:"minOutgoingBitrate,omitempty"`
	// DesiredOutgoingBitrate is what all that is preferred would take.
	DesiredOutgoingBitrate uint32 `json:"desiredOutgoingBitrate"`
	// BandwidthReason is why AvailableOutgoingBitrate last changed, in one word.
	BandwidthReason string `json:"bandwidthReason,omitempty"`
	// SendQueueMs is how long it takes to send what waits, in milliseconds.
	SendQueueMs float32 `json:"sendQueueMs"`
	// RoundTripTime in milliseconds; 0 while it is not known.
	RoundTripTime float32 `json:"roundTripTime,omitempty"`
	// RtpPacketLossReceived and RtpPacketLossSent are the part of RTP packets that was lost on the way
	// here, and on the way to the peer as it reports, lately: 0 to 1. Nil while there is nothing to tell.
	RtpPacketLossReceived *float32 `json:"rtpPacketLossReceived,omitempty"`
	RtpPacketLossSent     *float32 `json:"rtpPacketLossSent,omitempty"`
	SrtpProfile           string   `json:"srtpProfile,omitempty"`
	SctpState             string   `json:"sctpState,omitempty"`
	// Sctp is nil without SctpOptions.
	Sctp  *SctpStat `json:"sctp,omitempty"`
	Drops Drops     `json:"drops"`

	// Of WebRTC transports.
	IceRole          string          `json:"iceRole,omitempty"`
	IceState         string          `json:"iceState,omitempty"`
	IceSelectedTuple *TransportTuple `json:"iceSelectedTuple,omitempty"`
	DtlsState        string          `json:"dtlsState,omitempty"`

	// Of plain transports and pipes; nil until the peer is known.
	Tuple *TransportTuple `json:"tuple,omitempty"`
	// RtcpTuple is of RTCP, where it has a path of its own.
	RtcpTuple *TransportTuple `json:"rtcpTuple,omitempty"`
}

// SctpStat is of an association, since it began.
type SctpStat struct {
	MessagesReceived uint64 `json:"messagesReceived"`
	BytesReceived    uint64 `json:"bytesReceived"`
	MessagesSent     uint64 `json:"messagesSent"`
	BytesSent        uint64 `json:"bytesSent"`
	BufferedAmount   uint32 `json:"bufferedAmount"`
	// MessagesRefused: the send buffer was full.
	MessagesRefused   uint64 `json:"messagesRefused"`
	MessagesExpired   uint64 `json:"messagesExpired"`
	MessagesLost      uint64 `json:"messagesLost"`
	MessagesOversized uint64 `json:"messagesOversized"`
	MessagesCutOff    uint64 `json:"messagesCutOff"`
	// MessagesUnclaimed came on streams that nobody produces from.
	MessagesUnclaimed uint64 `json:"messagesUnclaimed"`
	InitsIgnored      uint64 `json:"initsIgnored"`
	Restarts          uint64 `json:"restarts"`
	DcepRefused       uint64 `json:"dcepRefused"`
}

// RtpStreamStat is one RTP stream, as a receiver (of producers) or a sender (of consumers) sees it.
type RtpStreamStat struct {
	// Type is "inbound-rtp" or "outbound-rtp".
	Type string `json:"type"`
	// Timestamp in milliseconds of the worker's monotonic clock.
	Timestamp   uint64        `json:"timestamp"`
	SSRC        uint32        `json:"ssrc"`
	RtxSSRC     *uint32       `json:"rtxSsrc,omitempty"`
	RID         string        `json:"rid,omitempty"`
	Kind        rtp.MediaKind `json:"kind"`
	MimeType    string        `json:"mimeType"`
	PacketCount uint64        `json:"packetCount"`
	ByteCount   uint64        `json:"byteCount"`
	// Bitrate in bits per second, of about the last second.
	Bitrate uint32 `json:"bitrate"`
	// PacketsLost is less than 0 if there were more duplicates than losses (RFC 3550 §6.4.1).
	PacketsLost int64 `json:"packetsLost"`
	// FractionLost is 0 to 255.
	FractionLost         uint8  `json:"fractionLost"`
	PacketsDiscarded     uint64 `json:"packetsDiscarded"`
	PacketsRetransmitted uint64 `json:"packetsRetransmitted"`
	PacketsRepaired      uint64 `json:"packetsRepaired"`
	NackCount            uint64 `json:"nackCount"`
	NackPacketCount      uint64 `json:"nackPacketCount"`
	PliCount             uint64 `json:"pliCount"`
	FirCount             uint64 `json:"firCount"`
	RtxPacketsDiscarded  uint64 `json:"rtxPacketsDiscarded"`
	KeyFrames            uint64 `json:"keyFrames"`
	// Jitter in units of the codec's clock (RFC 3550 §6.4.1).
	Jitter uint32 `json:"jitter"`
	// RoundTripTime in milliseconds; 0 while it is not known.
	RoundTripTime float32 `json:"roundTripTime,omitempty"`
	// Score is 0 (nothing arrives) to 10 (nothing is lost).
	Score uint8 `json:"score"`
	// BitrateByLayer is of producers of video: bits per second of each layer without those below it, by
	// "spatial.temporal".
	BitrateByLayer map[string]uint32 `json:"bitrateByLayer,omitempty"`
	// FrameWidth and FrameHeight are of the last key frame that told it.
	FrameWidth  uint16 `json:"frameWidth,omitempty"`
	FrameHeight uint16 `json:"frameHeight,omitempty"`
	// PreferredLayers and CurrentLayers are of consumers of video: what is asked for, what flows, and
	// LayersReason why.
	PreferredLayers *ConsumerLayers `json:"preferredLayers,omitempty"`
	CurrentLayers   *ConsumerLayers `json:"currentLayers,omitempty"`
	LayersReason    string          `json:"layersReason,omitempty"`
	Drops           Drops           `json:"drops"`
}

// DataProducerStat is what has come in.
type DataProducerStat struct {
	// Type is "data-producer".
	Type string `json:"type"`
	// Timestamp in milliseconds of the worker's monotonic clock.
	Timestamp        uint64 `json:"timestamp"`
	Label            string `json:"label"`
	Protocol         string `json:"protocol"`
	MessagesReceived uint64 `json:"messagesReceived"`
	BytesReceived    uint64 `json:"bytesReceived"`
	// MessagesDropped came while it was paused.
	MessagesDropped uint64 `json:"messagesDropped"`
}

// DataConsumerStat is what has gone out.
type DataConsumerStat struct {
	// Type is "data-consumer".
	Type string `json:"type"`
	// Timestamp in milliseconds of the worker's monotonic clock.
	Timestamp      uint64 `json:"timestamp"`
	Label          string `json:"label"`
	Protocol       string `json:"protocol"`
	MessagesSent   uint64 `json:"messagesSent"`
	BytesSent      uint64 `json:"bytesSent"`
	BufferedAmount uint32 `json:"bufferedAmount"`
	// MessagesDropped were not sent, because the send buffer was full or nobody was connected.
	MessagesDropped uint64 `json:"messagesDropped"`
}

// WorkerResourceUsage is what getrusage(2) tells of the process.
type WorkerResourceUsage struct {
	// UserTime and SystemTime are processor time in milliseconds.
	UserTime   float64 `json:"ru_utime"`
	SystemTime float64 `json:"ru_stime"`
	// MaxRss is the largest resident size in KiB.
	MaxRss uint64 `json:"ru_maxrss"`
	// Linux leaves at 0: the next three, swaps, messages and signals.
	SharedMemorySize    uint64 `json:"ru_ixrss"`
	UnsharedDataSize    uint64 `json:"ru_idrss"`
	UnsharedStackSize   uint64 `json:"ru_isrss"`
	MinorFaults         uint64 `json:"ru_minflt"`
	MajorFaults         uint64 `json:"ru_majflt"`
	Swaps               uint64 `json:"ru_nswap"`
	BlockInputs         uint64 `json:"ru_inblock"`
	BlockOutputs        uint64 `json:"ru_oublock"`
	MessagesSent        uint64 `json:"ru_msgsnd"`
	MessagesReceived    uint64 `json:"ru_msgrcv"`
	Signals             uint64 `json:"ru_nsignals"`
	VoluntarySwitches   uint64 `json:"ru_nvcsw"`
	InvoluntarySwitches uint64 `json:"ru_nivcsw"`
}

// WorkerStat is what a worker holds, and what it has done since it started.
type WorkerStat struct {
	// Type is "worker".
	Type string `json:"type"`
	// Timestamp in milliseconds of the worker's monotonic clock.
	Timestamp         uint64 `json:"timestamp"`
	Routers           uint32 `json:"routers"`
	Transports        uint32 `json:"transports"`
	Producers         uint32 `json:"producers"`
	Consumers         uint32 `json:"consumers"`
	PacketsInUse      uint32 `json:"packetsInUse"`
	PacketsAllocated  uint32 `json:"packetsAllocated"`
	DatagramsReceived uint64 `json:"datagramsReceived"`
	DatagramsSent     uint64 `json:"datagramsSent"`
	// Sends are what the kernel was given: single datagrams, and trains of several for one peer.
	Sends uint64 `json:"sends"`
	// SendCalls are system calls for that.
	SendCalls uint64 `json:"sendCalls"`
	// TrainsRefused had to be sent piece by piece.
	TrainsRefused uint64 `json:"trainsRefused"`
	// PaddingBytesSent made packets as large as the others of their train.
	PaddingBytesSent uint64 `json:"paddingBytesSent"`
	// Holds is how often turns waited for more before they sent, HeldUs for how many microseconds in all.
	Holds           uint64  `json:"holds"`
	HeldUs          uint64  `json:"heldUs"`
	Requests        uint64  `json:"requests"`
	RequestsRefused uint64  `json:"requestsRefused"`
	MessagesDropped uint64  `json:"messagesDropped"`
	TCP             TCPStat `json:"tcp"`
	// Stun is nil if Binding requests of anybody are not answered.
	Stun *StunStat `json:"stun,omitempty"`
	// Drops are of no transport, or of one that has closed.
	Drops Drops `json:"drops"`
	// Traffic is of all transports; its drops include Drops.
	Traffic TrafficStat `json:"traffic"`
	// ForwardingDelay is of media that is sent for the first time, from the kernel's receive stamp to when
	// the kernel has taken it.
	ForwardingDelay DurationHistogramStat `json:"forwardingDelay"`
	// TurnTime is how long turns of the loop worked: so long may whatever comes have to wait.
	TurnTime DurationHistogramStat `json:"turnTime"`
	// TimerDelay is by how much the loop was late for a deadline; up to a millisecond is its resolution.
	TimerDelay DurationHistogramStat `json:"timerDelay"`
	// UserTimeUs and SystemTimeUs are processor time so far, in microseconds; RssBytes is resident memory.
	UserTimeUs   uint64 `json:"userTimeUs"`
	SystemTimeUs uint64 `json:"systemTimeUs"`
	RssBytes     uint64 `json:"rssBytes"`
}

// TCPStat is of the connections of ICE-TCP (RFC 6544).
type TCPStat struct {
	Connections uint32 `json:"connections"`
	// Strangers are those over which nobody has proved yet who he is.
	Strangers uint32 `json:"strangers"`
	// Accepted counts since the worker started, as the rest does.
	Accepted uint64 `json:"accepted"`
	// Refused: over a limit, or without descriptors.
	Refused uint64 `json:"refused"`
	// Expired are strangers whose time was over, or who had to make room.
	Expired uint64 `json:"expired"`
	// Expelled are strangers who said what strangers may not.
	Expelled uint64 `json:"expelled"`
	// LatePackets were dropped because a peer did not read; also among the drops, as socketFull.
	LatePackets uint64 `json:"latePackets"`
}

// StunStat is of Binding requests of anybody.
type StunStat struct {
	Requests uint64 `json:"requests"`
	Answers  uint64 `json:"answers"`
	// TooShort: shorter than the answer, and not repeated.
	TooShort  uint64 `json:"tooShort"`
	OverLimit uint64 `json:"overLimit"`
}
