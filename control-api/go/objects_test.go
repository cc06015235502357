package sluice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	schema "sluice.dev/sdk/internal/generated"
)

func TestWhatIsMadeTooLateIsClosedAgain(t *testing.T) {
	room := newFakeRoom(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := inBackground(func() (*Consumer, error) {
		return room.transport.Consume(ctx, ConsumeOptions{ProducerID: room.producer.ID(),
			RtpCapabilities: room.router.RtpCapabilities()})
	})
	request := room.expect(schema.RequestBodyConsume)
	cancel()
	if outcome := <-done; !errors.Is(outcome.err, context.Canceled) || outcome.value != nil {
		t.Fatalf("got %+v", outcome)
	}
	room.grant(request)
	id := request.Body.Value.(*schema.ConsumeT).ConsumerId
	if closing := room.expect(schema.RequestBodyClose); closing.Target != id {
		t.Fatalf("closed %s, want %s", closing.Target, id)
	}
}

func TestWhatIsDoneTooLateIsTakenNoteOf(t *testing.T) {
	room := newFakeRoom(t)
	paused := make(chan struct{}, 1)
	room.consumer.OnPause(func() { paused <- struct{}{} })
	ctx, cancel := context.WithCancel(context.Background())
	done := inBackgroundErr(func() error { return room.consumer.Pause(ctx) })
	request := room.expect(schema.RequestBodyPause)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || room.consumer.Paused() {
		t.Fatalf("got %v", err)
	}
	room.grant(request)
	soon(t, paused)
	if !room.consumer.Paused() {
		t.Fatal("the worker has paused it, and the SDK believes otherwise")
	}
}

func TestNewsRightBehindAnAnswerIsNotMissed(t *testing.T) {
	room := newFakeRoom(t)
	done := inBackground(func() (*Consumer, error) { return room.consume(t) })
	request := room.expect(schema.RequestBodyConsume)
	id := request.Body.Value.(*schema.ConsumeT).ConsumerId
	answer := messageFrame(schema.MessageBodyResponse, &schema.ResponseT{Id: request.Id,
		Body: &schema.ResponseBodyT{Type: schema.ResponseBodyConsumed, Value: &schema.ConsumedT{Type: "simple"}}})
	news := messageFrame(schema.MessageBodyNotification, &schema.NotificationT{Target: id,
		Body: &schema.NotificationBodyT{Type: schema.NotificationBodyProducerClosed, Value: &schema.ProducerClosedT{}}})
	_, err := room.answers.Write(append(answer, news...))
	check(t, err)
	outcome := <-done
	check(t, outcome.err)
	reason := make(chan CloseReason, 1)
	outcome.value.OnClose(func(why CloseReason) { reason <- why })
	if why := soon(t, reason); why != ClosedWithProducer {
		t.Fatalf("got %v", why)
	}
}

func TestListenersMayCallTheWorker(t *testing.T) {
	room := newFakeRoom(t)
	done := make(chan error, 1)
	room.consumer.OnProducerPause(func() { done <- room.consumer.Pause(context.Background()) })
	room.tell(room.consumer.ID(), schema.NotificationBodyProducerPaused, &schema.ProducerPausedT{})
	room.grant(room.expect(schema.RequestBodyPause))
	check(t, soon(t, done))
}

func TestListenersAreCalledInOrderAndNotWhenTheyAreRemoved(t *testing.T) {
	room := newFakeRoom(t)
	var told []string
	done := make(chan struct{})
	var remove func()
	room.producer.OnScore(func(score []ProducerScore) {
		told = append(told, fmt.Sprint("a", score[0].Score))
		remove()
	})
	remove = room.producer.OnScore(func([]ProducerScore) { told = append(told, "b") })
	room.consumer.OnScore(func(ConsumerScore) { told = append(told, "c"); close(done) })
	for _, score := range []byte{3, 4} {
		room.tell(room.producer.ID(), schema.NotificationBodyProducerScore, &schema.ProducerScoreT{
			Scores: []*schema.EncodingScoreT{{Ssrc: 1111, Score: score}}})
	}
	room.tell(room.consumer.ID(), schema.NotificationBodyConsumerScore, &schema.ConsumerScoreT{Score: 5,
		ProducerScores: []byte{6, 7}})
	soon(t, done)
	if fmt.Sprint(told) != "[a3 a4 c]" {
		t.Fatalf("got %v", told)
	}
	if score := room.consumer.Score(); fmt.Sprint(score) != "{5 0 [6 7]}" {
		t.Fatalf("got %v", score)
	}
}

func TestClosingClosesWhatIsInsideAndTellsWhy(t *testing.T) {
	for name, test := range map[string]struct {
		close func(*fakeRoom)
		want  string
	}{
		"worker":    {func(r *fakeRoom) { r.worker.Close() }, "2 2 2 2"},
		"router":    {func(r *fakeRoom) { r.router.Close() }, "1 3 3 3"},
		"transport": {func(r *fakeRoom) { r.transport.Close() }, "0 1 4 4"},
	} {
		t.Run(name, func(t *testing.T) {
			room := newFakeRoom(t)
			test.close(room)
			test.close(room)
			got := fmt.Sprint(int(room.router.CloseReason()), int(room.transport.CloseReason()),
				int(room.producer.CloseReason()), int(room.consumer.CloseReason()))
			if got != test.want {
				t.Fatalf("got %s, want %s", got, test.want)
			}
			if _, err := room.consumer.GetStats(context.Background()); !errors.Is(err, ErrInvalidState) {
				t.Fatalf("got %v", err)
			}
			if name != "worker" {
				// Once, for all of it.
				room.expect(schema.RequestBodyClose)
				go func() { _, _ = room.worker.Dump(context.Background()) }()
				room.expect(schema.RequestBodyDump)
			}
		})
	}
}

func TestAServerTakesItsTransportsAlong(t *testing.T) {
	room := newFakeRoom(t)
	server := granting(room.fakeWorker, 1, func() (*WebRtcServer, error) {
		return room.worker.CreateWebRtcServer(within(t), WebRtcServerOptions{ListenInfos: []ListenInfo{loopback}})
	})
	transport := granting(room.fakeWorker, 1, func() (*WebRtcTransport, error) {
		return room.router.CreateWebRtcTransport(within(t), WebRtcTransportOptions{WebRtcServer: server})
	})
	server.Close()
	if why := transport.CloseReason(); why != ClosedWithListenServer {
		t.Fatalf("got %v", why)
	}
	if transport.IceState() != IceClosed || transport.DtlsState() != DtlsClosed {
		t.Fatal("it still looks alive")
	}
}

func TestAnAnswerOfAnotherTypeIsAnErrorAndTheObjectIsClosed(t *testing.T) {
	room := newFakeRoom(t)
	done := inBackground(func() (*Consumer, error) { return room.consume(t) })
	request := room.expect(schema.RequestBodyConsume)
	room.grantWith(request, schema.ResponseBodyEmpty, &schema.EmptyT{})
	if outcome := <-done; !errors.Is(outcome.err, ErrWorker) {
		t.Fatalf("got %v", outcome.err)
	}
	if id := request.Body.Value.(*schema.ConsumeT).ConsumerId; room.expect(schema.RequestBodyClose).Target != id {
		t.Fatal("it was left behind")
	}
}

func TestNewsThatMakesNoSenseEndsTheWorkerWithoutACrash(t *testing.T) {
	room := newFakeRoom(t)
	room.say(schema.MessageBodyNotification, &schema.NotificationT{Target: room.producer.ID(),
		Body: &schema.NotificationBodyT{Type: schema.NotificationBodyProducerScore, Value: (*schema.ProducerScoreT)(nil)}})
	done := inBackgroundErr(func() error { return room.consumer.Pause(context.Background()) })
	for {
		if err := soon(t, done); errors.Is(err, ErrWorker) {
			return
		}
		done = inBackgroundErr(func() error { return room.consumer.Pause(context.Background()) })
	}
}

func TestEventsThatNobodyTakesAreBoundedAndCounted(t *testing.T) {
	room := newFakeRoom(t)
	blocked, release := make(chan struct{}), make(chan struct{})
	first := true
	room.consumer.OnScore(func(ConsumerScore) {
		if first {
			first = false
			close(blocked)
			<-release
		}
	})
	closed := make(chan CloseReason, 1)
	room.consumer.OnClose(func(why CloseReason) { closed <- why })
	score := messageFrame(schema.MessageBodyNotification, &schema.NotificationT{Target: room.consumer.ID(),
		Body: &schema.NotificationBodyT{Type: schema.NotificationBodyConsumerScore,
			Value: &schema.ConsumerScoreT{ProducerScores: []byte{1}}}})
	for i := 0; i < MaxWaitingEvents+100; i++ {
		_, err := room.answers.Write(score)
		check(t, err)
		if i == 0 {
			soon(t, blocked)
		}
	}
	room.tell(room.consumer.ID(), schema.NotificationBodyProducerClosed, &schema.ProducerClosedT{})
	for !room.consumer.Closed() {
		runtime.Gosched()
	}
	if dropped := room.worker.EventsDropped(); dropped != 99 {
		t.Fatalf("dropped %d", dropped)
	}
	close(release)
	if why := soon(t, closed); why != ClosedWithProducer {
		t.Fatalf("got %v", why)
	}
}

func TestWrongArgumentsAreNamed(t *testing.T) {
	room := newFakeRoom(t)
	ctx := within(t)
	router, transport := room.router, room.transport
	for field, call := range map[string]func() error{
		"loudestSpeakers": func() error {
			_, err := room.worker.CreateRouter(ctx, RouterOptions{LoudestSpeakers: 65})
			return err
		},
		"listenInfos": func() error {
			_, err := router.CreateWebRtcTransport(ctx, WebRtcTransportOptions{})
			return err
		},
		"listenInfos[0].protocol": func() error {
			_, err := router.CreateWebRtcTransport(ctx, WebRtcTransportOptions{ListenInfos: []ListenInfo{{IP: "127.0.0.1"}}})
			return err
		},
		"listenInfo.ip": func() error {
			_, err := router.CreatePipeTransport(ctx, PipeTransportOptions{ListenInfo: ListenInfo{Protocol: UDP}})
			return err
		},
		"iceConsentTimeout": func() error {
			_, err := router.CreateWebRtcTransport(ctx, WebRtcTransportOptions{ListenInfos: []ListenInfo{loopback}, IceConsentTimeout: 1})
			return err
		},
		"srtpCryptoSuite": func() error {
			_, err := router.CreatePlainTransport(ctx, PlainTransportOptions{ListenInfo: loopback, SrtpCryptoSuite: "ROT13"})
			return err
		},
		"maxSendMessageSize": func() error {
			_, err := router.CreateDirectTransport(ctx, DirectTransportOptions{MaxSendMessageSize: 1<<20 + 1})
			return err
		},
		"interval": func() error {
			_, err := router.CreateActiveSpeakerObserver(ctx, ActiveSpeakerObserverOptions{Interval: 1})
			return err
		},
		"threshold": func() error {
			_, err := router.CreateAudioLevelObserver(ctx, AudioLevelObserverOptions{Threshold: Ptr(int8(1))})
			return err
		},
		"dtlsParameters.fingerprints": func() error { return transport.Connect(ctx, DtlsParameters{}) },
		"dtlsParameters.role": func() error {
			return transport.Connect(ctx, DtlsParameters{Role: "boss"})
		},
		"bitrate": func() error { return transport.SetMaxOutgoingBitrate(ctx, 29999) },
		"types":   func() error { return transport.EnableTraceEvent(ctx, TraceSr) },
		"kind":    func() error { _, err := transport.Produce(ctx, ProduceOptions{}); return err },
		"id": func() error {
			_, err := transport.Produce(ctx, ProduceOptions{ID: "two words", Kind: Video, RtpParameters: vp8(1)})
			return err
		},
		"keyFrameRequestDelay": func() error {
			_, err := transport.Produce(ctx, ProduceOptions{Kind: Video, RtpParameters: vp8(1), KeyFrameRequestDelay: -1})
			return err
		},
		"preferredLayers.spatialLayer": func() error {
			_, err := transport.Consume(ctx, ConsumeOptions{ProducerID: room.producer.ID(),
				RtpCapabilities: router.RtpCapabilities(), PreferredLayers: &ConsumerLayers{SpatialLayer: 255}})
			return err
		},
		"priority": func() error { return room.consumer.SetPriority(ctx, 0) },
		"layers.temporalLayer": func() error {
			return room.consumer.SetPreferredLayers(ctx, ConsumerLayers{TemporalLayer: Ptr(uint8(255))})
		},
		"sctpStreamParameters.maxRetransmits": func() error {
			_, err := transport.ProduceData(ctx, DataProducerOptions{SctpStreamParameters: &SctpStreamParameters{
				MaxRetransmits: Ptr(uint16(1)), MaxPacketLifeTime: Ptr(uint16(1))}})
			return err
		},
		"router":   func() error { _, err := router.PipeToRouter(ctx, PipeToRouterOptions{ProducerID: "x"}); return err },
		"logLevel": func() error { return room.worker.UpdateSettings(ctx, UpdatableSettings{LogLevel: "loud"}) },
		"logTags[0]": func() error {
			return room.worker.UpdateSettings(ctx, UpdatableSettings{LogTags: []LogTag{"gossip"}})
		},
	} {
		var argument *ArgumentError
		if err := call(); !errors.As(err, &argument) || argument.Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	room := newFakeRoom(t)
	ctx := within(t)
	long := strings.Repeat("x", 1<<20)
	_, consume := room.transport.Consume(ctx, ConsumeOptions{ProducerID: long})
	_, consumeData := room.transport.ConsumeData(ctx, DataConsumerOptions{DataProducerID: "nobody"})
	can := room.router.CanConsume("nobody", room.router.RtpCapabilities())
	for _, err := range []error{consume, consumeData, can} {
		if !errors.Is(err, ErrNotFound) || len(err.Error()) > 200 {
			t.Errorf("got %v", err)
		}
	}
	if err := room.router.CanConsume(room.producer.ID(), RtpCapabilities{}); !errors.Is(err, ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}

func TestWhatClientsAreToldIsTheJSONThatTheyKnow(t *testing.T) {
	room := newFakeRoom(t)
	got := must[[]byte](t)(json.Marshal(map[string]any{
		"iceParameters":  room.transport.IceParameters(),
		"iceCandidates":  room.transport.IceCandidates(),
		"dtlsParameters": room.transport.DtlsParameters(),
		"sctpParameters": room.transport.SctpParameters(),
	}))
	want := `{"dtlsParameters":{"role":"auto","fingerprints":[{"algorithm":"sha-256","value":"AB:CD"}]},` +
		`"iceCandidates":[{"foundation":"udp","priority":7,"address":"192.0.2.1","ip":"192.0.2.1",` +
		`"protocol":"udp","port":40000,"type":"host"}],` +
		`"iceParameters":{"usernameFragment":"ufrag","password":"password","iceLite":true},` +
		`"sctpParameters":{"port":5000,"OS":1024,"MIS":1024,"maxMessageSize":262144,"maxSendMessageSize":262144,` +
		`"maxReceiveMessageSize":262144,"sendBufferSize":2000000,"perStreamSendQueueLimit":2000000,` +
		`"maxReceiverWindowBufferSize":5242880,"isDataChannel":true}}`
	if string(got) != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
}

func TestStreamsAreTakenUntilBothSidesHaveResetThem(t *testing.T) {
	room := newFakeRoom(t)
	ctx := within(t)
	f := room.fakeWorker
	f.tell(room.transport.ID(), schema.NotificationBodySctpStateChange, &schema.SctpStateChangeT{State: "connected"})
	speaker := granting(f, 1, func() (*DataProducer, error) {
		return room.transport.ProduceData(ctx, DataProducerOptions{SctpStreamParameters: &SctpStreamParameters{}})
	})
	consume := func() *DataConsumer {
		return granting(f, 1, func() (*DataConsumer, error) {
			return room.transport.ConsumeData(ctx, DataConsumerOptions{DataProducerID: speaker.ID()})
		})
	}
	stream := func(c *DataConsumer) uint16 { return c.SctpStreamParameters().StreamID }
	first, second := consume(), consume()
	if stream(first) != 1 || stream(second) != 2 {
		t.Fatalf("got %d and %d", stream(first), stream(second))
	}
	first.Close()
	f.expect(schema.RequestBodyClose)
	if third := consume(); stream(third) != 3 {
		t.Fatalf("got %d", stream(third))
	}
	reset := make(chan uint16, 1)
	room.transport.OnDataChannelClose(func(id uint16) { reset <- id })
	f.tell(room.transport.ID(), schema.NotificationBodyDataChannelClosed, &schema.DataChannelClosedT{StreamId: 1})
	if id := soon(t, reset); id != 1 {
		t.Fatalf("got %d", id)
	}
	if fourth := consume(); stream(fourth) != 1 {
		t.Fatalf("got %d", stream(fourth))
	}
}

func TestSettingsThatAreNotGivenStay(t *testing.T) {
	f := newFakeWorker(t)
	ctx := within(t)
	for _, step := range []struct {
		settings UpdatableSettings
		level    schema.LogLevel
		tags     int
	}{
		{UpdatableSettings{LogTags: []LogTag{LogTagICE, LogTagBWE}}, schema.LogLevelError, 2},
		{UpdatableSettings{LogLevel: LogDebug}, schema.LogLevelDebug, 2},
		{UpdatableSettings{LogTags: []LogTag{}}, schema.LogLevelDebug, 0},
	} {
		done := inBackgroundErr(func() error { return f.worker.UpdateSettings(ctx, step.settings) })
		request := f.expect(schema.RequestBodyUpdateSettings)
		got := request.Body.Value.(*schema.UpdateSettingsT)
		if got.LogLevel != step.level || len(got.LogTags) != step.tags {
			t.Fatalf("got %+v", got)
		}
		f.grant(request)
		check(t, <-done)
	}
}
