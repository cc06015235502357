package sluice

import (
	"encoding/json"
	"errors"
	"testing"
)

func TestRealWorkerForwardsWhatTheApplicationSends(t *testing.T) {
	worker := realWorker(t, WorkerSettings{})
	ctx := within(t)
	router := must[*Router](t)(worker.CreateRouter(ctx, RouterOptions{MediaCodecs: someCodecs()}))
	direct := must[*DirectTransport](t)(router.CreateDirectTransport(ctx, DirectTransportOptions{}))
	producer := must[*Producer](t)(direct.Produce(ctx, ProduceOptions{Kind: Audio, RtpParameters: opus(1111)}))
	consumer := must[*Consumer](t)(direct.Consume(ctx, ConsumeOptions{ProducerID: producer.ID(),
		RtpCapabilities: router.RtpCapabilities(), Paused: true}))
	heard := make(chan []byte, 16)
	consumer.OnRtp(func(packet []byte) { heard <- packet })
	check(t, consumer.Resume(ctx))
	for sequence := uint16(1); sequence <= 5; sequence++ {
		check(t, producer.Send(ctx, opusPacket(1111, sequence)))
	}
	for i := 0; i < 5; i++ {
		select {
		case packet := <-heard:
			if string(packet[len(packet)-6:]) != "\xfc\x01\x02\x03\x04\x05" {
				t.Fatalf("got %x", packet)
			}
		case <-ctx.Done():
			t.Fatalf("only %d packets came", i)
		}
	}
	stats := must[[]RtpStreamStat](t)(consumer.GetStats(ctx))
	if received := must[[]RtpStreamStat](t)(producer.GetStats(ctx)); len(received) != 1 || received[0].Type != "inbound-rtp" {
		t.Fatalf("got %+v", received)
	}
	if len(stats) != 2 || stats[0].Type != "outbound-rtp" || stats[0].PacketCount != 5 || stats[1].SSRC != 1111 {
		t.Fatalf("got %+v", stats)
	}
}

func TestRealWorkerDumpsAndCounts(t *testing.T) {
	worker := realWorker(t, WorkerSettings{})
	ctx := within(t)
	router := must[*Router](t)(worker.CreateRouter(ctx, RouterOptions{MediaCodecs: someCodecs()}))
	server := must[*WebRtcServer](t)(worker.CreateWebRtcServer(ctx, WebRtcServerOptions{ListenInfos: []ListenInfo{loopback}}))
	transport := must[*WebRtcTransport](t)(router.CreateWebRtcTransport(ctx, WebRtcTransportOptions{
		WebRtcServer: server, Sctp: &SctpOptions{}}))
	if candidates := transport.IceCandidates(); len(candidates) != 1 || candidates[0].Port != server.Ports()[0] {
		t.Fatalf("got %+v", candidates)
	}
	for _, dump := range []json.RawMessage{
		must[json.RawMessage](t)(worker.Dump(ctx)),
		must[json.RawMessage](t)(router.Dump(ctx)),
		must[json.RawMessage](t)(server.Dump(ctx)),
		must[json.RawMessage](t)(transport.Dump(ctx)),
	} {
		if len(dump) < 10 {
			t.Fatalf("got %s", dump)
		}
	}
	if stats := must[*WorkerStat](t)(worker.GetStats(ctx)); stats.Routers != 1 || stats.Transports != 1 {
		t.Fatalf("got %+v", stats)
	}
	if usage := must[*WorkerResourceUsage](t)(worker.GetResourceUsage(ctx)); usage.MaxRss == 0 {
		t.Fatalf("got %+v", usage)
	}
	if stats := must[*TransportStat](t)(transport.GetStats(ctx)); stats.IceState != "new" || stats.SctpState != "new" {
		t.Fatalf("got %+v", stats)
	}
}

func TestRealWorkerNamesWhatIsWrong(t *testing.T) {
	worker := realWorker(t, WorkerSettings{})
	ctx := within(t)
	router := must[*Router](t)(worker.CreateRouter(ctx, RouterOptions{}))
	_, err := router.CreatePlainTransport(ctx, PlainTransportOptions{ListenInfo: ListenInfo{Protocol: UDP, IP: "nowhere"}})
	var argument *ArgumentError
	if !errors.As(err, &argument) || argument.Field == "" {
		t.Fatalf("got %v", err)
	}
}
