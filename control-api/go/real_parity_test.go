package sluice

import (
	"errors"
	"testing"

	"sluice.dev/sdk/rtp"
)

func TestRealPlainTransportsCarryMessages(t *testing.T) {
	room := newRealRoom(t)
	ctx := within(t)
	states := make(chan SctpState, 8)
	var ends []*PlainTransport
	for i := 0; i < 2; i++ {
		end := must[*PlainTransport](t)(room.router.CreatePlainTransport(ctx, PlainTransportOptions{
			ListenInfo: loopback, Sctp: &SctpOptions{OS: 16, MIS: 8}}))
		end.OnSctpStateChange(func(state SctpState) { states <- state })
		ends = append(ends, end)
	}
	if parameters := ends[0].SctpParameters(); parameters.OS != 16 || parameters.MIS != 8 || parameters.IsDataChannel {
		t.Fatalf("got %+v", parameters)
	}
	for i, end := range ends {
		check(t, end.Connect(ctx, PlainConnectOptions{IP: "127.0.0.1", Port: ends[1-i].Tuple().LocalPort}))
	}
	for connected := 0; connected < 2; {
		if soon(t, states) == SctpConnected {
			connected++
		}
	}
	if ends[0].SctpState() != SctpConnected {
		t.Fatalf("got %s", ends[0].SctpState())
	}
}

func TestRealConsumerOfAllEncodingsOnAnyTransport(t *testing.T) {
	room := newRealRoom(t)
	ctx := within(t)
	transport := must[*WebRtcTransport](t)(room.router.CreateWebRtcTransport(ctx, WebRtcTransportOptions{
		ListenInfos: []ListenInfo{loopback}}))
	parameters := vp8(0)
	parameters.MID = "v"
	parameters.Encodings = []RtpEncodingParameters{{RID: "r0"}, {RID: "r1"}}
	producer := must[*Producer](t)(transport.Produce(ctx, ProduceOptions{Kind: Video, RtpParameters: parameters}))
	consumer := must[*Consumer](t)(transport.Consume(ctx, ConsumeOptions{ProducerID: producer.ID(), Pipe: true}))
	if consumer.Type() != "pipe" || len(consumer.RtpParameters().Encodings) != 2 {
		t.Fatalf("got %s, %+v", consumer.Type(), consumer.RtpParameters())
	}
}

func TestRealDirectTransportBoundsItsMessages(t *testing.T) {
	room := newRealRoom(t)
	ctx := within(t)
	direct := must[*DirectTransport](t)(room.router.CreateDirectTransport(ctx, DirectTransportOptions{MaxReceiveMessageSize: 4}))
	speaker := must[*DataProducer](t)(direct.ProduceData(ctx, DataProducerOptions{}))
	check(t, speaker.Send(ctx, TextMessage("four"), SendOptions{}))
	var argument *ArgumentError
	if err := speaker.Send(ctx, TextMessage("fifth"), SendOptions{}); !errors.As(err, &argument) {
		t.Fatalf("got %v", err)
	}
}

func TestRealMessagesAreKeptFromIgnoredSubchannels(t *testing.T) {
	room := newRealRoom(t)
	ctx := within(t)
	speaker := must[*DataProducer](t)(room.direct.ProduceData(ctx, DataProducerOptions{}))
	listener := must[*DataConsumer](t)(room.direct.ConsumeData(ctx,
		DataConsumerOptions{DataProducerID: speaker.ID(), Subchannels: []uint16{7}, Paused: true}))
	messages := make(chan Message, 4)
	listener.OnMessage(func(message Message) { messages <- message })
	check(t, listener.Resume(ctx))
	check(t, speaker.Send(ctx, TextMessage("not for 7"), SendOptions{IgnoredSubchannel: Ptr(uint16(7))}))
	check(t, speaker.Send(ctx, TextMessage("for all"), SendOptions{}))
	if message := soon(t, messages); string(message.Data) != "for all" {
		t.Fatalf("got %s", message.Data)
	}
}

func TestRealProducerTellsThatThePictureWasTurned(t *testing.T) {
	room := newRealRoom(t)
	ctx := within(t)
	parameters := vp8(2222)
	parameters.HeaderExtensions = []rtp.HeaderExtensionParameters{{URI: "urn:3gpp:video-orientation", ID: 4}}
	producer := must[*Producer](t)(room.direct.Produce(ctx, ProduceOptions{Kind: Video, RtpParameters: parameters}))
	turned := make(chan VideoOrientation, 1)
	producer.OnVideoOrientationChange(func(orientation VideoOrientation) { turned <- orientation })
	// RFC 8285 one-byte header: id 4, one byte: CVO of 3GPP TS 26.114, camera 1, flip 0, rotation 01.
	check(t, producer.Send(ctx, []byte{0x90, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0x08, 0xae,
		0xbe, 0xde, 0, 1, 0x40, 0x09, 0, 0, 0x10, 0, 0, 0, 0x9d, 0x01, 0x2a}))
	if orientation := soon(t, turned); !orientation.Camera || orientation.Flip || orientation.Rotation%90 != 0 || orientation.Rotation == 0 {
		t.Fatalf("got %+v", orientation)
	}
}

func TestRealWorkerTakesLogTags(t *testing.T) {
	worker := realWorker(t, WorkerSettings{LogTags: []LogTag{LogTagICE, LogTagDTLS}})
	check(t, worker.UpdateSettings(within(t), UpdatableSettings{LogLevel: LogDebug, LogTags: []LogTag{LogTagSCTP}}))
}
