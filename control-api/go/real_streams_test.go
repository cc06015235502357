package sluice

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// talk sends packets of sound until the test is over.
func talk(t testing.TB, producer *Producer, ssrc uint32) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Add(1)
	go func() {
		defer done.Done()
		for sequence := uint16(1); producer.Send(ctx, opusPacket(ssrc, sequence)) == nil; sequence++ {
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		done.Wait()
	})
}

type realRoom struct {
	worker   *Worker
	router   *Router
	direct   *DirectTransport
	producer *Producer
}

func newRealRoom(t testing.TB) *realRoom {
	t.Helper()
	worker := realWorker(t, WorkerSettings{})
	ctx := within(t)
	router := must[*Router](t)(worker.CreateRouter(ctx, RouterOptions{MediaCodecs: someCodecs()}))
	direct := must[*DirectTransport](t)(router.CreateDirectTransport(ctx, DirectTransportOptions{}))
	producer := must[*Producer](t)(direct.Produce(ctx, ProduceOptions{ID: newID(), Kind: Audio, RtpParameters: opus(1111)}))
	return &realRoom{worker, router, direct, producer}
}

func (r *realRoom) listen(t testing.TB, router *Router, producerID string) *Consumer {
	t.Helper()
	ctx := within(t)
	direct := must[*DirectTransport](t)(router.CreateDirectTransport(ctx, DirectTransportOptions{}))
	return must[*Consumer](t)(direct.Consume(ctx, ConsumeOptions{ProducerID: producerID,
		RtpCapabilities: router.RtpCapabilities()}))
}

func TestRealPipeCarriesBetweenWorkersAndKeepsInStep(t *testing.T) {
	here := newRealRoom(t)
	there := newRealRoom(t)
	ctx := within(t)
	options := PipeToRouterOptions{ProducerID: here.producer.ID(), Router: there.router}
	var all sync.WaitGroup
	results := make([]*PipeToRouterResult, 8)
	for i := range results {
		i := i
		all.Add(1)
		go func() {
			defer all.Done()
			results[i], _ = here.router.PipeToRouter(ctx, options)
		}()
	}
	all.Wait()
	for _, result := range results {
		if result == nil || result != results[0] {
			t.Fatalf("got %v, want %v", result, results[0])
		}
	}
	copied := results[0].PipeProducer
	if copied.ID() != here.producer.ID() {
		t.Fatalf("got %s", copied.ID())
	}
	var argument *ArgumentError
	_, err := there.router.PipeToRouter(ctx, PipeToRouterOptions{ProducerID: copied.ID(), Router: here.router})
	if !errors.As(err, &argument) || argument.Field != "router" {
		t.Fatalf("a loop: got %v", err)
	}
	consumer := here.listen(t, there.router, copied.ID())
	heard := make(chan []byte, 100)
	consumer.OnRtp(func(packet []byte) { heard <- packet })
	talk(t, here.producer, 1111)
	soon(t, heard)

	paused, resumed := make(chan struct{}, 1), make(chan struct{}, 1)
	consumer.OnProducerPause(func() { paused <- struct{}{} })
	consumer.OnProducerResume(func() { resumed <- struct{}{} })
	check(t, here.producer.Pause(ctx))
	soon(t, paused)
	check(t, here.producer.Resume(ctx))
	soon(t, resumed)

	closed := make(chan CloseReason, 1)
	consumer.OnClose(func(why CloseReason) { closed <- why })
	here.producer.Close()
	if why := soon(t, closed); why != ClosedWithProducer {
		t.Fatalf("got %v", why)
	}
}

func TestRealPipeCarriesMessages(t *testing.T) {
	here, there := newRealRoom(t), newRealRoom(t)
	ctx := within(t)
	speaker := must[*DataProducer](t)(here.direct.ProduceData(ctx, DataProducerOptions{Label: "chat"}))
	carried := must[*PipeToRouterResult](t)(here.router.PipeToRouter(ctx,
		PipeToRouterOptions{DataProducerID: speaker.ID(), Router: there.router}))
	listener := must[*DataConsumer](t)(there.direct.ConsumeData(ctx,
		DataConsumerOptions{DataProducerID: carried.PipeDataProducer.ID(), Paused: true}))
	messages := make(chan Message, 1)
	listener.OnMessage(func(message Message) { messages <- message })
	check(t, listener.Resume(ctx))
	check(t, speaker.Send(ctx, TextMessage("hello"), SendOptions{}))
	if message := soon(t, messages); message.PPID != 51 || string(message.Data) != "hello" {
		t.Fatalf("got %+v", message)
	}
	if label := listener.Label(); label != "chat" {
		t.Fatalf("got %q", label)
	}
	closed := make(chan CloseReason, 1)
	listener.OnClose(func(why CloseReason) { closed <- why })
	there.worker.Close()
	if why := soon(t, closed); why != ClosedWithWorker {
		t.Fatalf("got %v", why)
	}
	gone := make(chan CloseReason, 1)
	carried.PipeDataConsumer.OnClose(func(why CloseReason) { gone <- why })
	soon(t, gone)
	if speaker.Closed() {
		t.Fatal("what was carried closed what it came from")
	}
}

func TestRealSubchannelsSelectWhoHears(t *testing.T) {
	room := newRealRoom(t)
	ctx := within(t)
	speaker := must[*DataProducer](t)(room.direct.ProduceData(ctx, DataProducerOptions{}))
	listener := must[*DataConsumer](t)(room.direct.ConsumeData(ctx,
		DataConsumerOptions{DataProducerID: speaker.ID(), Subchannels: []uint16{7}, Paused: true}))
	messages := make(chan Message, 4)
	listener.OnMessage(func(message Message) { messages <- message })
	check(t, listener.Resume(ctx))
	check(t, listener.AddSubchannel(ctx, 9))
	if got := fmt.Sprint(listener.Subchannels()); got != "[7 9]" {
		t.Fatalf("got %s", got)
	}
	check(t, speaker.Send(ctx, TextMessage("for 8"), SendOptions{Subchannels: []uint16{8}}))
	check(t, speaker.Send(ctx, TextMessage("for 9"), SendOptions{Subchannels: []uint16{9}}))
	if message := soon(t, messages); string(message.Data) != "for 9" {
		t.Fatalf("got %s", message.Data)
	}
	check(t, listener.RemoveSubchannel(ctx, 9))
	check(t, listener.SetSubchannels(ctx, nil))
	stats := must[*DataConsumerStat](t)(listener.GetStats(ctx))
	if stats.MessagesSent != 1 {
		t.Fatalf("got %+v", stats)
	}
	if stats := must[*DataProducerStat](t)(speaker.GetStats(ctx)); stats.MessagesReceived != 2 {
		t.Fatalf("got %+v", stats)
	}
}

func TestRealObserversTellWhoSpeaks(t *testing.T) {
	room := newRealRoom(t)
	ctx := within(t)
	levels := must[*AudioLevelObserver](t)(room.router.CreateAudioLevelObserver(ctx,
		AudioLevelObserverOptions{Interval: 250 * time.Millisecond}))
	speakers := must[*ActiveSpeakerObserver](t)(room.router.CreateActiveSpeakerObserver(ctx,
		ActiveSpeakerObserverOptions{}))
	volumes, dominant := make(chan Volume, 100), make(chan *Producer, 100)
	levels.OnVolumes(func(told []Volume) { volumes <- told[0] })
	speakers.OnDominantSpeaker(func(producer *Producer) { dominant <- producer })
	check(t, levels.AddProducer(ctx, room.producer.ID()))
	check(t, speakers.AddProducer(ctx, room.producer.ID()))
	talk(t, room.producer, 1111)
	if volume := soon(t, volumes); volume.Producer != room.producer || volume.Volume != -10 {
		t.Fatalf("got %+v", volume)
	}
	if producer := soon(t, dominant); producer != room.producer {
		t.Fatalf("got %v", producer)
	}
	check(t, levels.RemoveProducer(ctx, room.producer.ID()))
	check(t, speakers.Pause(ctx))
	if !speakers.Paused() {
		t.Fatal("not paused")
	}
	levels.Close()
	if err := levels.Resume(ctx); !errors.Is(err, ErrInvalidState) {
		t.Fatalf("got %v", err)
	}
}

func TestRealTransportsTakeEachOthersParameters(t *testing.T) {
	room := newRealRoom(t)
	ctx := within(t)
	plain := must[*PlainTransport](t)(room.router.CreatePlainTransport(ctx, PlainTransportOptions{
		ListenInfo: loopback, RtcpMux: Ptr(false), EnableSrtp: true, SrtpCryptoSuite: AeadAes256Gcm}))
	if plain.RtcpTuple() == nil || plain.SrtpParameters().CryptoSuite != AeadAes256Gcm {
		t.Fatalf("got %+v %+v", plain.RtcpTuple(), plain.SrtpParameters())
	}
	peer := must[*PlainTransport](t)(room.router.CreatePlainTransport(ctx, PlainTransportOptions{
		ListenInfo: loopback, RtcpMux: Ptr(false), EnableSrtp: true, SrtpCryptoSuite: AeadAes256Gcm}))
	check(t, plain.Connect(ctx, PlainConnectOptions{IP: "127.0.0.1", Port: peer.Tuple().LocalPort,
		RtcpPort: peer.RtcpTuple().LocalPort, SrtpParameters: peer.SrtpParameters()}))
	if tuple := plain.Tuple(); tuple.RemotePort != peer.Tuple().LocalPort {
		t.Fatalf("got %+v", tuple)
	}
	webrtc := must[*WebRtcTransport](t)(room.router.CreateWebRtcTransport(ctx, WebRtcTransportOptions{
		ListenInfos: []ListenInfo{loopback}, IceConsentTimeout: -1}))
	other := must[*WebRtcTransport](t)(room.router.CreateWebRtcTransport(ctx, WebRtcTransportOptions{
		ListenInfos: []ListenInfo{loopback}}))
	check(t, webrtc.Connect(ctx, DtlsParameters{Role: DtlsClient, Fingerprints: other.DtlsParameters().Fingerprints}))
	if role := webrtc.DtlsParameters().Role; role != DtlsServer {
		t.Fatalf("got %s", role)
	}
	before := webrtc.IceParameters()
	if after := must[IceParameters](t)(webrtc.RestartIce(ctx)); after == before || after != webrtc.IceParameters() {
		t.Fatalf("got %+v", after)
	}
	check(t, webrtc.SetMaxIncomingBitrate(ctx, 1000000))
	check(t, webrtc.SetMaxOutgoingBitrate(ctx, 2000000))
	check(t, webrtc.SetMinOutgoingBitrate(ctx, 100000))
	stats := must[*TransportStat](t)(webrtc.GetStats(ctx))
	if stats.MaxIncomingBitrate != 1000000 || stats.MaxOutgoingBitrate != 2000000 || stats.MinOutgoingBitrate != 100000 {
		t.Fatalf("got %+v", stats)
	}
	if err := room.direct.SetMaxIncomingBitrate(ctx, 1); !errors.Is(err, ErrUnsupported) {
		t.Fatalf("got %v", err)
	}
}

func TestRealConsumerOfVideoSaysWhatItPrefers(t *testing.T) {
	room := newRealRoom(t)
	ctx := within(t)
	transport := must[*WebRtcTransport](t)(room.router.CreateWebRtcTransport(ctx, WebRtcTransportOptions{
		ListenInfos: []ListenInfo{loopback}}))
	parameters := vp8(0)
	parameters.MID = "v"
	parameters.Encodings = []RtpEncodingParameters{{RID: "r0", ScalabilityMode: "L1T3"}, {RID: "r1", ScalabilityMode: "L1T3"}}
	producer := must[*Producer](t)(transport.Produce(ctx, ProduceOptions{Kind: Video, RtpParameters: parameters}))
	if producer.Type() != "simulcast" || len(producer.WantedLayers().Encodings) != 2 {
		t.Fatalf("got %s, %+v", producer.Type(), producer.WantedLayers())
	}
	consumer := must[*Consumer](t)(transport.Consume(ctx, ConsumeOptions{ProducerID: producer.ID(),
		RtpCapabilities: room.router.RtpCapabilities(), Priority: 9}))
	if layers := consumer.PreferredLayers(); layers.SpatialLayer != 1 || *layers.TemporalLayer != 2 {
		t.Fatalf("got %+v", layers)
	}
	check(t, consumer.SetPreferredLayers(ctx, ConsumerLayers{SpatialLayer: 0, TemporalLayer: Ptr(uint8(1))}))
	if layers := consumer.PreferredLayers(); layers.SpatialLayer != 0 || *layers.TemporalLayer != 1 {
		t.Fatalf("got %+v", layers)
	}
	check(t, consumer.SetPreferredLayers(ctx, ConsumerLayers{SpatialLayer: 1}))
	if layers := consumer.PreferredLayers(); layers.SpatialLayer != 1 || layers.TemporalLayer != nil {
		t.Fatalf("all of time was asked for, got %+v", layers)
	}
	check(t, consumer.RequestKeyFrame(ctx))
	check(t, consumer.UnsetPriority(ctx))
	if consumer.Priority() != 1 {
		t.Fatalf("got %d", consumer.Priority())
	}
}

func TestRealTracesTellOfPackets(t *testing.T) {
	room := newRealRoom(t)
	ctx := within(t)
	traces := make(chan Trace, 100)
	room.producer.OnTrace(func(trace Trace) { traces <- trace })
	check(t, room.producer.EnableTraceEvent(ctx, TraceRtp))
	talk(t, room.producer, 1111)
	trace := soon(t, traces)
	if info, ok := trace.Info.(RtpTraceInfo); !ok || info.RtpPacket.SSRC != 1111 || trace.Type != TraceRtp || trace.Direction != "in" {
		t.Fatalf("got %+v", trace)
	}
	check(t, room.producer.EnableTraceEvent(ctx))
}

func TestRealWorkerThatIsKilledTakesItsObjectsAlong(t *testing.T) {
	room := newRealRoom(t)
	closed := make(chan CloseReason, 1)
	room.producer.OnClose(func(why CloseReason) { closed <- why })
	check(t, syscall.Kill(room.worker.PID(), syscall.SIGKILL))
	if why := soon(t, closed); why != ClosedWithWorker {
		t.Fatalf("got %v", why)
	}
	if err := room.worker.Died(); !errors.Is(err, ErrWorker) {
		t.Fatalf("got %v", err)
	}
}

func TestRealConsumersComeAndGoWithoutGrowth(t *testing.T) {
	const count, atOnce = 10000, 100
	room := newRealRoom(t)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	round := func(number int) {
		consumers := make(chan *Consumer, atOnce)
		for i := 0; i < atOnce; i++ {
			go func() {
				consumer, err := room.direct.Consume(ctx, ConsumeOptions{ProducerID: room.producer.ID(),
					RtpCapabilities: room.router.RtpCapabilities()})
				if err != nil {
					t.Errorf("round %d: %v", number, err)
				}
				consumers <- consumer
			}()
		}
		for i := 0; i < atOnce; i++ {
			if consumer := <-consumers; consumer != nil {
				consumer.Close()
			}
		}
	}
	measure := func() (goroutines int, heap uint64) {
		// What is closed is told without waiting; the next answer tells that it has been heard.
		_ = must[*WorkerStat](t)(room.worker.GetStats(ctx))
		runtime.GC()
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		return runtime.NumGoroutine(), memory.HeapAlloc
	}
	for i := 0; i < 10; i++ {
		round(i)
	}
	goroutinesBefore, heapBefore := measure()
	for i := 0; i < count/atOnce; i++ {
		round(i)
	}
	goroutines, heap := measure()
	t.Logf("goroutines %d to %d, heap %d to %d KiB", goroutinesBefore, goroutines, heapBefore>>10, heap>>10)
	if goroutines > goroutinesBefore+2 {
		t.Errorf("goroutines grew from %d to %d", goroutinesBefore, goroutines)
	}
	if heap > heapBefore+1<<20 {
		t.Errorf("memory grew from %d to %d KiB", heapBefore>>10, heap>>10)
	}
	if stats := must[*WorkerStat](t)(room.worker.GetStats(ctx)); stats.Consumers != 0 {
		t.Errorf("%d consumers are left in the worker", stats.Consumers)
	}
}
