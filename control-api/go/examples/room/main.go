// Room is a whole conference in one program: it embeds a worker, serves a page, and the people who
// open it see and hear each other. The page speaks to the server by POST and server-sent events, and
// to the worker by a plain RTCPeerConnection.
//
//	go run ./examples/room -listen 127.0.0.1:8080
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	sluice "sluice.dev/sdk"
)

type settings struct {
	listen    string
	rtcIP     string
	rtcPort   uint
	announce  string
	workerBin string
	limits    limits
	// ready is told where the page is.
	ready func(url string)
}

func main() {
	log.SetFlags(0)
	s := settings{ready: func(url string) { log.Print(url) }}
	flag.StringVar(&s.listen, "listen", "127.0.0.1:8080", "where the page is served")
	flag.StringVar(&s.rtcIP, "rtc-ip", "127.0.0.1", "address on which media is received and sent")
	flag.UintVar(&s.rtcPort, "rtc-port", 0, "port of media, UDP and TCP; 0 takes a free one")
	flag.StringVar(&s.announce, "announce", "", "address that browsers are told instead of -rtc-ip")
	flag.StringVar(&s.workerBin, "worker", "", "path of sluice-worker; found as the SDK says if empty")
	flag.IntVar(&s.limits.rooms, "max-rooms", 100, "how many rooms there are at one time")
	flag.IntVar(&s.limits.people, "max-people", 16, "how many people are in a room")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		log.Fatal("room: ", err)
	}
}

// run serves until ctx ends, or the worker does.
func run(ctx context.Context, s settings) error {
	if err := s.check(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	worker, err := sluice.NewWorker(ctx, sluice.WorkerSettings{
		WorkerBin: s.workerBin,
		LogLevel:  sluice.LogWarn,
		OnLog:     func(record sluice.LogRecord) { log.Print("worker: ", record.Text) },
	})
	if err != nil {
		return err
	}
	defer func() {
		worker.Close()
		<-worker.Done()
	}()
	rtc, err := worker.CreateWebRtcServer(ctx, sluice.WebRtcServerOptions{ListenInfos: []sluice.ListenInfo{
		{Protocol: sluice.UDP, IP: s.rtcIP, Port: uint16(s.rtcPort), AnnouncedAddress: s.announce},
		{Protocol: sluice.TCP, IP: s.rtcIP, Port: uint16(s.rtcPort), AnnouncedAddress: s.announce},
	}})
	if err != nil {
		return err
	}
	house := newHouse(worker, rtc, s.limits)
	server := &http.Server{Handler: house.handler(), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	s.ready("http://" + listener.Addr().String())

	select {
	case err = <-failed:
	case <-ctx.Done():
	case <-worker.Done():
		err = errors.New("the worker has died")
	}
	// Event streams end with their people; afterwards there is nothing that could take long.
	house.close()
	leaving, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if late := server.Shutdown(leaving); err == nil {
		err = late
	}
	return err
}

func (s *settings) check() error {
	if s.rtcPort > 65535 {
		return fmt.Errorf("-rtc-port %d is more than 65535", s.rtcPort)
	}
	if s.limits.rooms < 1 || s.limits.rooms > 1000 {
		return fmt.Errorf("-max-rooms %d is not 1 to 1000", s.limits.rooms)
	}
	if s.limits.people < 1 || s.limits.people > 50 {
		return fmt.Errorf("-max-people %d is not 1 to 50", s.limits.people)
	}
	return nil
}
