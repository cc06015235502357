package sluice

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"

	schema "sluice.dev/sdk/internal/generated"
	"sluice.dev/sdk/internal/wire"
)

// everyNews has one notification of each kind, for an object that takes it.
func everyNews() map[string][]byte {
	all := map[string][]byte{}
	add := func(target string, kind schema.NotificationBody, body any) {
		all[target+"/"+kind.String()] = messageFrame(schema.MessageBodyNotification, &schema.NotificationT{
			Target: target, Body: &schema.NotificationBodyT{Type: kind, Value: body}})
	}
	layers := &schema.ConsumerLayersT{SpatialLayer: 1, TemporalLayer: 255}
	tuple := &schema.TransportTupleT{LocalAddress: "127.0.0.1", LocalPort: 1, RemoteIp: "127.0.0.2", RemotePort: 2}
	packet := &schema.PacketT{Bytes: []byte{1, 2, 3}}
	trace := func(kind schema.TraceType, info schema.TraceInfo, value any) *schema.TraceT {
		return &schema.TraceT{Type: kind, Info: &schema.TraceInfoT{Type: info, Value: value}}
	}
	add("", schema.NotificationBodyLog, &schema.LogT{Text: "line", Level: 1, Tag: 3})
	add("w", schema.NotificationBodyIceStateChange, &schema.IceStateChangeT{State: "connected"})
	add("w", schema.NotificationBodyIceSelectedTupleChange, &schema.IceSelectedTupleChangeT{Tuple: tuple})
	add("w", schema.NotificationBodyDtlsStateChange, &schema.DtlsStateChangeT{State: "connected", RemoteCertificate: "PEM"})
	add("w", schema.NotificationBodySctpStateChange, &schema.SctpStateChangeT{State: "connected"})
	add("w", schema.NotificationBodySctpNegotiated, &schema.SctpNegotiatedT{MaxInboundStreams: 3, MaxOutboundStreams: 4})
	add("w", schema.NotificationBodyDataChannelOpened, &schema.DataChannelOpenedT{Label: "chat",
		Protocol: "words", Stream: &schema.SctpStreamParametersT{StreamId: 1}})
	add("w", schema.NotificationBodyDataChannelClosed, &schema.DataChannelClosedT{StreamId: 1})
	add("w", schema.NotificationBodyTrace, trace(schema.TraceTypeBwe, schema.TraceInfoBweTrace,
		&schema.BweTraceT{AvailableBitrate: 5, DesiredBitrate: 9, MaxBitrate: 7, Reason: "probe"}))
	add("l", schema.NotificationBodyTupleChange, &schema.TupleChangeT{Tuple: tuple})
	add("l", schema.NotificationBodyRtcpTupleChange, &schema.RtcpTupleChangeT{Tuple: tuple})
	add("d", schema.NotificationBodyRtcpReceived, &schema.RtcpReceivedT{Packet: packet})
	add("p", schema.NotificationBodyProducerScore, &schema.ProducerScoreT{Scores: []*schema.EncodingScoreT{{Ssrc: 1111, Score: 8}}})
	add("p", schema.NotificationBodyWantedLayers, &schema.WantedLayersT{Layers: layers, Encodings: []bool{true}})
	add("p", schema.NotificationBodyVideoOrientationChange, &schema.VideoOrientationChangeT{Flip: true, Rotation: 90})
	add("p", schema.NotificationBodyTrace, trace(schema.TraceTypeSenderReport, schema.TraceInfoSenderReportTrace,
		&schema.SenderReportTraceT{Ssrc: 1, Ntp: 2<<32 | 3}))
	add("c", schema.NotificationBodyProducerPaused, &schema.ProducerPausedT{})
	add("c", schema.NotificationBodyProducerResumed, &schema.ProducerResumedT{})
	add("c", schema.NotificationBodyConsumerScore, &schema.ConsumerScoreT{Score: 7, ProducerScores: []byte{1, 2}})
	add("c", schema.NotificationBodyLayersChange, &schema.LayersChangeT{Layers: layers, Reason: "bandwidthDown"})
	add("c", schema.NotificationBodyRtpReceived, &schema.RtpReceivedT{Packet: packet})
	add("c", schema.NotificationBodyTrace, trace(schema.TraceTypeRtp, schema.TraceInfoRtpTrace,
		&schema.RtpTraceT{Ssrc: 1, Mid: "0", WideSequenceNumber: Ptr(uint16(7))}))
	add("c", schema.NotificationBodyProducerClosed, &schema.ProducerClosedT{})
	add("i", schema.NotificationBodyBufferedAmountLow, &schema.BufferedAmountLowT{Bytes: 9})
	add("i", schema.NotificationBodySendBufferFull, &schema.SendBufferFullT{})
	add("i", schema.NotificationBodyDataMessage, &schema.DataMessageT{Ppid: 51, Data: []byte("hello")})
	add("i", schema.NotificationBodyProducerPaused, &schema.ProducerPausedT{})
	add("i", schema.NotificationBodyProducerClosed, &schema.ProducerClosedT{})
	add("a", schema.NotificationBodyAudioLevels, &schema.AudioLevelsT{Volumes: []*schema.VolumeT{{ProducerId: "p", Volume: -9}}})
	add("a", schema.NotificationBodyAudioLevels, &schema.AudioLevelsT{})
	add("s", schema.NotificationBodyDominantSpeaker, &schema.DominantSpeakerT{ProducerId: "p"})
	return all
}

// listening is a worker with one object of each kind, that hears a stream.
type listening struct {
	worker   *Worker
	webrtc   *WebRtcTransport
	plain    *PlainTransport
	direct   *DirectTransport
	producer *Producer
	consumer *Consumer
	data     *DataConsumer
	levels   *AudioLevelObserver
	speakers *ActiveSpeakerObserver
}

func newListening() *listening {
	l := &listening{worker: newWorker(WorkerSettings{OnLog: func(LogRecord) {}})}
	l.worker.process = noProcess{}
	core := l.worker.core
	router := newRouter(l.worker, RtpCapabilities{}, nil)
	l.webrtc, l.plain, l.direct = &WebRtcTransport{}, &PlainTransport{}, &DirectTransport{}
	l.webrtc.init(router, l.webrtc, transportWebRtc, nil)
	l.plain.init(router, l.plain, transportPlain, nil)
	l.direct.init(router, l.direct, transportDirect, nil)
	l.producer = newProducer(&l.direct.transport, "p", &ProduceOptions{Kind: Audio}, opus(1111), opus(1111))
	router.producers["p"] = l.producer
	l.consumer = newConsumer(&l.direct.transport, l.producer, &ConsumeOptions{})
	l.data = &DataConsumer{dataObject: newDataObject(&l.direct.transport, "i", "data consumer", nil)}
	l.levels = &AudioLevelObserver{rtpObserver: newRtpObserver(router, "observer", nil)}
	l.speakers = &ActiveSpeakerObserver{rtpObserver: newRtpObserver(router, "observer", nil)}
	for id, listener := range map[string]newsListener{"w": l.webrtc, "l": l.plain, "d": l.direct, "p": l.producer,
		"c": l.consumer, "i": l.data, "a": l.levels, "s": l.speakers} {
		core.listeners[id] = listener
	}
	return l
}

// hear returns when the stream is over, or was found to be nonsense.
func (l *listening) hear(stream []byte) {
	core := l.worker.core
	over := make(chan struct{})
	core.channel = wire.New(wire.Options{Input: bytes.NewReader(stream), Output: io.Discard, Notify: core.notify,
		Ended: func() { close(over) }, Failed: func(error) { close(over) }, Odd: func(string) {}})
	core.channel.Start()
	<-over
	core.channel.ShutDown(ErrInvalidState)
}

func TestEveryKindOfNewsIsTold(t *testing.T) {
	told := map[string]chan struct{}{}
	l := newListening()
	hear := func(name string) func() {
		heard := make(chan struct{}, 4)
		told[name] = heard
		return func() { heard <- struct{}{} }
	}
	w, pl, d, p, c, i := l.webrtc, l.plain, l.direct, l.producer, l.consumer, l.data
	w.OnIceStateChange(discard[IceState](hear("ice")))
	w.OnIceSelectedTupleChange(discard[TransportTuple](hear("ice tuple")))
	w.OnDtlsStateChange(discard[DtlsState](hear("dtls")))
	w.OnSctpStateChange(discard[SctpState](hear("sctp")))
	w.OnSctpNegotiatedCapabilities(discard[SctpNegotiatedCapabilities](hear("negotiated")))
	w.OnDataChannelOpen(discard[DataChannelInfo](hear("open")))
	w.OnDataChannelClose(discard[uint16](hear("close")))
	w.OnTrace(discard[Trace](hear("bwe")))
	pl.OnTuple(discard[TransportTuple](hear("tuple")))
	pl.OnRtcpTuple(discard[TransportTuple](hear("rtcp tuple")))
	d.OnRtcp(discard[[]byte](hear("rtcp")))
	p.OnScore(discard[[]ProducerScore](hear("producer score")))
	p.OnWantedLayers(discard[WantedLayers](hear("wanted")))
	p.OnVideoOrientationChange(discard[VideoOrientation](hear("orientation")))
	p.OnTrace(discard[Trace](hear("sr")))
	c.OnScore(discard[ConsumerScore](hear("consumer score")))
	c.OnLayersChange(discard[LayersChange](hear("layers")))
	c.OnRtp(discard[[]byte](hear("rtp")))
	c.OnTrace(discard[Trace](hear("rtp trace")))
	c.OnClose(discard[CloseReason](hear("producer closed")))
	i.OnBufferedAmountLow(discard[uint32](hear("low")))
	i.OnSctpSendBufferFull(hear("full"))
	i.OnMessage(discard[Message](hear("message")))
	i.OnClose(discard[CloseReason](hear("data producer closed")))
	l.levels.OnSilence(hear("silence"))
	l.speakers.OnDominantSpeaker(discard[*Producer](hear("speaker")))

	var stream, last []byte
	for name, frame := range everyNews() {
		// What ends an object comes last.
		if bytes.HasSuffix([]byte(name), []byte("ProducerClosed")) {
			last = append(last, frame...)
		} else {
			stream = append(stream, frame...)
		}
	}
	l.hear(append(stream, last...))
	for name, heard := range told {
		t.Run(name, func(t *testing.T) { soon(t, heard) })
	}
	if w.DtlsRemoteCert() != "PEM" || w.SctpNegotiatedCapabilities().NegotiatedMaxInboundStreams != 3 ||
		c.LayersReason() != "bandwidthDown" || c.CurrentLayers().SpatialLayer != 1 || pl.RtcpTuple().RemotePort != 2 {
		t.Error("what was told is not what can be read")
	}
}

func discard[T any](call func()) func(T) { return func(T) { call() } }

// Whatever comes, nobody crashes or hangs.
func FuzzWhatAWorkerSays(f *testing.F) {
	for _, frame := range everyNews() {
		f.Add(frame)
		cut := append([]byte(nil), frame[:len(frame)-len(frame)/3]...)
		binary.LittleEndian.PutUint32(cut, uint32(len(cut)-4))
		f.Add(cut)
	}
	f.Fuzz(func(t *testing.T, stream []byte) { newListening().hear(stream) })
}
