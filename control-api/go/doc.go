// Package sluice embeds Sluice, a selective forwarding unit (SFU), into a Go program: it starts
// sluice-worker processes, and builds routers, transports, producers and consumers in them. The JSON
// that travels to clients is what users of mediasoup know, so mediasoup-client and its cousins work
// unchanged.
//
//	worker, err := sluice.NewWorker(ctx, sluice.WorkerSettings{})
//	router, err := worker.CreateRouter(ctx, sluice.RouterOptions{MediaCodecs: []sluice.RtpCodecCapability{
//		{Kind: sluice.Video, MimeType: "video/VP8", ClockRate: 90000},
//	}})
//	transport, err := router.CreateWebRtcTransport(ctx, sluice.WebRtcTransportOptions{
//		ListenInfos: []sluice.ListenInfo{{Protocol: sluice.UDP, IP: "0.0.0.0", AnnouncedAddress: "sfu.example.org"}},
//	})
//
// # Goroutines
//
// Everything may be called from any number of goroutines. Calls that ask the worker take a context; they
// are sent in batches, and many may be under way at a time. What a call returns has been applied when it
// returns.
//
// Listeners (OnClose, OnScore, ...) are called one after the other, in the order of the events, for all
// objects of a worker. They may call whatever they like, also what asks the worker, but the next event
// waits for them. They are called when the state has changed already, so that getters may be ahead of the
// event that is told.
//
// A call whose context ends does not make the two sides disagree: what the worker still creates is closed
// again, what it still pauses is paused.
//
// # Ends
//
// Whatever is closed closes what depends on it: a worker its routers, a router its transports, a transport
// its producers and consumers, a producer its consumers. OnClose tells why. Close does not wait for the
// worker, does nothing the second time, and never fails.
package sluice

//go:generate ./generate.sh
