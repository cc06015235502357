package sluice_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/sdp"
)

// A server for browsers makes a worker, a router for each room, and transports for each person.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	worker, err := sluice.NewWorker(ctx, sluice.WorkerSettings{LogLevel: sluice.LogWarn})
	if err != nil {
		log.Fatal(err)
	}
	defer worker.Close()
	worker.OnDied(func(err error) { log.Print("everybody has to join again: ", err) })

	router, err := worker.CreateRouter(ctx, sluice.RouterOptions{MediaCodecs: []sluice.RtpCodecCapability{
		{Kind: sluice.Audio, MimeType: "audio/opus", ClockRate: 48000, Channels: 2},
		{Kind: sluice.Video, MimeType: "video/VP8", ClockRate: 90000},
	}})
	if err != nil {
		log.Fatal(err)
	}
	transport, err := router.CreateWebRtcTransport(ctx, sluice.WebRtcTransportOptions{
		ListenInfos: []sluice.ListenInfo{{Protocol: sluice.UDP, IP: "127.0.0.1"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	// This, as JSON, is what mediasoup-client makes its transport of.
	answer := map[string]any{
		"id":             transport.ID(),
		"iceParameters":  transport.IceParameters(),
		"iceCandidates":  transport.IceCandidates(),
		"dtlsParameters": transport.DtlsParameters(),
	}
	if err := json.NewEncoder(os.Stderr).Encode(answer); err != nil {
		log.Fatal(err)
	}
	fmt.Println(transport.Type(), transport.IceState(), len(router.RtpCapabilities().Codecs), "codecs")
	// Output: webrtc new 3 codecs
}

// What a client sends is a producer; what others get of it is a consumer each, begun in silence.
func ExampleConsumer() {
	ctx := context.Background()
	worker, router := exampleRouter(ctx)
	defer worker.Close()
	transport, err := router.CreateWebRtcTransport(ctx, sluice.WebRtcTransportOptions{
		ListenInfos: []sluice.ListenInfo{{Protocol: sluice.UDP, IP: "127.0.0.1"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	// As a client says it.
	var parameters sluice.RtpParameters
	err = json.Unmarshal([]byte(`{
		"mid": "0",
		"codecs": [{ "mimeType": "video/VP8", "payloadType": 96, "clockRate": 90000 }],
		"encodings": [{ "rid": "r0", "scalabilityMode": "L1T3" }, { "rid": "r1", "scalabilityMode": "L1T3" }]
	}`), &parameters)
	if err != nil {
		log.Fatal(err)
	}
	producer, err := transport.Produce(ctx, sluice.ProduceOptions{Kind: sluice.Video, RtpParameters: parameters})
	if err != nil {
		log.Fatal(err)
	}
	producer.OnWantedLayers(func(wanted sluice.WantedLayers) {
		log.Print("the client may stop what nobody wants: ", wanted.Encodings)
	})
	consumer, err := transport.Consume(ctx, sluice.ConsumeOptions{
		ProducerID: producer.ID(), RtpCapabilities: router.RtpCapabilities(), Paused: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	consumer.OnLayersChange(func(change sluice.LayersChange) { log.Print(change.Layers, change.Reason) })
	gone := make(chan sluice.CloseReason, 1)
	consumer.OnClose(func(reason sluice.CloseReason) { gone <- reason })
	// When the client is ready.
	if err := consumer.Resume(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(producer.Type(), "consumed with", consumer.RtpParameters().Encodings[0].ScalabilityMode)
	producer.Close()
	fmt.Println(<-gone)
	// Output:
	// simulcast consumed with L2T3
	// closed with the producer
}

// The application itself may listen and speak, on any transport.
func ExampleDataProducer() {
	ctx := context.Background()
	worker, router := exampleRouter(ctx)
	defer worker.Close()
	transport, err := router.CreateDirectTransport(ctx, sluice.DirectTransportOptions{})
	if err != nil {
		log.Fatal(err)
	}
	speaker, err := transport.ProduceData(ctx, sluice.DataProducerOptions{Label: "chat"})
	if err != nil {
		log.Fatal(err)
	}
	listener, err := transport.ConsumeData(ctx, sluice.DataConsumerOptions{DataProducerID: speaker.ID(), Paused: true})
	if err != nil {
		log.Fatal(err)
	}
	heard := make(chan string)
	listener.OnMessage(func(message sluice.Message) { heard <- string(message.Data) })
	if err := listener.Resume(ctx); err != nil {
		log.Fatal(err)
	}
	if err := speaker.Send(ctx, sluice.TextMessage("hello"), sluice.SendOptions{}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Label()+":", <-heard)
	// Output: chat: hello
}

// A room may be wider than a worker: what somebody sends here is heard there.
func ExampleRouter_PipeToRouter() {
	ctx := context.Background()
	worker, router := exampleRouter(ctx)
	defer worker.Close()
	otherWorker, otherRouter := exampleRouter(ctx)
	defer otherWorker.Close()
	transport, err := router.CreateDirectTransport(ctx, sluice.DirectTransportOptions{})
	if err != nil {
		log.Fatal(err)
	}
	speaker, err := transport.ProduceData(ctx, sluice.DataProducerOptions{ID: "announcements"})
	if err != nil {
		log.Fatal(err)
	}
	carried, err := router.PipeToRouter(ctx, sluice.PipeToRouterOptions{DataProducerID: speaker.ID(), Router: otherRouter})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(otherRouter.FindDataProducer("announcements") == carried.PipeDataProducer)
	// Output: true
}

// Errors have classes, and what was wrong has a name.
func ExampleArgumentError() {
	ctx := context.Background()
	worker, router := exampleRouter(ctx)
	defer worker.Close()
	_, err := router.CreatePlainTransport(ctx, sluice.PlainTransportOptions{
		ListenInfo: sluice.ListenInfo{Protocol: "carrier pigeon", IP: "127.0.0.1"},
	})
	var argument *sluice.ArgumentError
	if errors.As(err, &argument) {
		fmt.Println(argument.Field)
	}
	fmt.Println(errors.Is(router.CanConsume("nobody", router.RtpCapabilities()), sluice.ErrNotFound))
	// Output:
	// listenInfo.protocol
	// true
}

// A recorder, FFmpeg or GStreamer, is told by SDP what it is going to get, and where.
func ExamplePlainTransport() {
	ctx := context.Background()
	worker, router := exampleRouter(ctx)
	defer worker.Close()
	source, err := router.CreateDirectTransport(ctx, sluice.DirectTransportOptions{})
	if err != nil {
		log.Fatal(err)
	}
	producer, err := source.Produce(ctx, sluice.ProduceOptions{Kind: sluice.Audio, RtpParameters: sluice.RtpParameters{
		Codecs: []sluice.RtpCodecParameters{
			{MimeType: "audio/opus", PayloadType: 111, ClockRate: 48000, Channels: 2},
		},
		Encodings: []sluice.RtpEncodingParameters{{SSRC: 1111}},
	}})
	if err != nil {
		log.Fatal(err)
	}
	transport, err := router.CreatePlainTransport(ctx, sluice.PlainTransportOptions{
		ListenInfo: sluice.ListenInfo{Protocol: sluice.UDP, IP: "127.0.0.1"},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := transport.Connect(ctx, sluice.PlainConnectOptions{IP: "127.0.0.1", Port: 5004}); err != nil {
		log.Fatal(err)
	}
	consumer, err := transport.Consume(ctx, sluice.ConsumeOptions{
		ProducerID: producer.ID(), RtpCapabilities: router.RtpCapabilities(),
	})
	if err != nil {
		log.Fatal(err)
	}
	media, err := sdp.DescribeForReceiver(transport, consumer)
	if err != nil {
		log.Fatal(err)
	}
	text, err := sdp.WriteMedia([]sdp.Media{media}, "recording")
	if err != nil {
		log.Fatal(err)
	}
	description, err := sdp.Parse(text)
	if err != nil {
		log.Fatal(err)
	}
	section := description.Sections[0]
	fmt.Println(description.Name, section.Kind, section.Port, section.Codecs[0].Name, section.Direction)
	// Output: recording audio 5004 opus recvonly
}

func exampleRouter(ctx context.Context) (*sluice.Worker, *sluice.Router) {
	worker, err := sluice.NewWorker(ctx, sluice.WorkerSettings{})
	if err != nil {
		log.Fatal(err)
	}
	router, err := worker.CreateRouter(ctx, sluice.RouterOptions{MediaCodecs: []sluice.RtpCodecCapability{
		{Kind: sluice.Audio, MimeType: "audio/opus", ClockRate: 48000, Channels: 2},
		{Kind: sluice.Video, MimeType: "video/VP8", ClockRate: 90000},
	}})
	if err != nil {
		log.Fatal(err)
	}
	return worker, router
}
