package sluice

import (
	"encoding/binary"
	"io"
	"os"
	"testing"
	"time"

	flatbuffers "github.com/google/flatbuffers/go"

	schema "sluice.dev/sdk/internal/generated"
	"sluice.dev/sdk/internal/wire"
)

// fakeWorker is a worker of which the test says what it answers, and when.
type fakeWorker struct {
	t        testing.TB
	worker   *Worker
	requests io.Reader
	answers  io.Writer
}

// Nothing is there that could be ended.
type noProcess struct{}

func (noProcess) end() {}

func newFakeWorker(t testing.TB) *fakeWorker {
	t.Helper()
	requestsOut, requestsIn, err := os.Pipe()
	check(t, err)
	answersOut, answersIn, err := os.Pipe()
	check(t, err)
	f := &fakeWorker{t: t, requests: requestsOut, answers: answersIn}
	f.worker = newWorker(WorkerSettings{OnLog: func(LogRecord) {}})
	f.worker.process = noProcess{}
	f.worker.open(wire.Options{Input: answersOut, Output: requestsIn})
	t.Cleanup(func() {
		f.worker.Close()
		closeAll(requestsOut, requestsIn, answersOut, answersIn)
	})
	f.tell("", schema.NotificationBodyWorkerRunning, &schema.WorkerRunningT{Version: "fake", SchemaVersion: schemaVersion})
	check(t, <-f.worker.started)
	return f
}

// next is the next request.
func (f *fakeWorker) next() *schema.RequestT {
	f.t.Helper()
	frame, err := readFrame(f.requests)
	check(f.t, err)
	return schema.GetRootAsMessage(frame, 0).UnPack().Body.Value.(*schema.RequestT)
}

func readFrame(stream io.Reader) ([]byte, error) {
	var header [4]byte
	if _, err := io.ReadFull(stream, header[:]); err != nil {
		return nil, err
	}
	frame := make([]byte, binary.LittleEndian.Uint32(header[:]))
	_, err := io.ReadFull(stream, frame)
	return frame, err
}

// expect is the next request, which has to be of this method.
func (f *fakeWorker) expect(method schema.RequestBody) *schema.RequestT {
	f.t.Helper()
	request := f.next()
	if request.Body.Type != method {
		f.t.Fatalf("got %v, want %v", request.Body.Type, method)
	}
	return request
}

func (f *fakeWorker) say(kind schema.MessageBody, value any) {
	f.t.Helper()
	_, err := f.answers.Write(messageFrame(kind, value))
	check(f.t, err)
}

func messageFrame(kind schema.MessageBody, value any) []byte {
	builder := flatbuffers.NewBuilder(512)
	builder.Finish((&schema.MessageT{Body: &schema.MessageBodyT{Type: kind, Value: value}}).Pack(builder))
	bytes := builder.FinishedBytes()
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(bytes))), bytes...)
}

func (f *fakeWorker) grantWith(request *schema.RequestT, kind schema.ResponseBody, body any) {
	f.t.Helper()
	f.say(schema.MessageBodyResponse, &schema.ResponseT{Id: request.Id, Body: &schema.ResponseBodyT{Type: kind, Value: body}})
}

func (f *fakeWorker) grant(request *schema.RequestT) {
	f.t.Helper()
	kind, body := usualAnswer(request)
	f.grantWith(request, kind, body)
}

func usualAnswer(request *schema.RequestT) (schema.ResponseBody, any) {
	switch request.Body.Type {
	case schema.RequestBodyCreateWebRtcServer:
		return schema.ResponseBodyWebRtcServerCreated, &schema.WebRtcServerCreatedT{Ports: []uint16{40000}}
	case schema.RequestBodyCreateWebRtcTransport:
		return schema.ResponseBodyWebRtcTransportCreated, &schema.WebRtcTransportCreatedT{
			IceParameters:    &schema.IceParametersT{UsernameFragment: "ufrag", Password: "password", IceLite: true},
			IceCandidates:    []*schema.IceCandidateT{{Foundation: "udp", Priority: 7, Address: "192.0.2.1", Port: 40000}},
			DtlsFingerprints: []*schema.FingerprintT{{Algorithm: "sha-256", Value: "AB:CD"}},
			Sctp:             request.Body.Value.(*schema.CreateWebRtcTransportT).Sctp,
		}
	case schema.RequestBodyProduce:
		return schema.ResponseBodyProduced, &schema.ProducedT{Type: "simple"}
	case schema.RequestBodyConsume:
		return schema.ResponseBodyConsumed, &schema.ConsumedT{Type: "simple"}
	case schema.RequestBodyProduceData:
		return schema.ResponseBodyDataProduced, &schema.DataProducedT{}
	case schema.RequestBodyConsumeData:
		return schema.ResponseBodyDataConsumed, &schema.DataConsumedT{Label: "chat"}
	}
	return schema.ResponseBodyEmpty, &schema.EmptyT{}
}

func (f *fakeWorker) refuse(request *schema.RequestT, code schema.ResultCode, message string) {
	f.t.Helper()
	f.say(schema.MessageBodyResponse, &schema.ResponseT{Id: request.Id, Code: code, Message: message})
}

func (f *fakeWorker) tell(target string, kind schema.NotificationBody, body any) {
	f.t.Helper()
	f.say(schema.MessageBodyNotification, &schema.NotificationT{Target: target,
		Body: &schema.NotificationBodyT{Type: kind, Value: body}})
}

// granting has each request of a call answered as usual, until the call is over.
func granting[T any](f *fakeWorker, requests int, call func() (T, error)) T {
	f.t.Helper()
	done := inBackground(call)
	for i := 0; i < requests; i++ {
		f.grant(f.next())
	}
	outcome := <-done
	check(f.t, outcome.err)
	return outcome.value
}

type outcome[T any] struct {
	value T
	err   error
}

func inBackground[T any](call func() (T, error)) <-chan outcome[T] {
	done := make(chan outcome[T], 1)
	go func() {
		value, err := call()
		done <- outcome[T]{value, err}
	}()
	return done
}

func inBackgroundErr(call func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- call() }()
	return done
}

// fakeRoom is a router with a transport, a producer and a consumer in a fake worker.
type fakeRoom struct {
	*fakeWorker
	router    *Router
	transport *WebRtcTransport
	producer  *Producer
	consumer  *Consumer
}

func newFakeRoom(t testing.TB) *fakeRoom {
	t.Helper()
	f := newFakeWorker(t)
	ctx := within(t)
	room := &fakeRoom{fakeWorker: f}
	room.router = granting(f, 1, func() (*Router, error) {
		return f.worker.CreateRouter(ctx, RouterOptions{MediaCodecs: someCodecs()})
	})
	room.transport = granting(f, 1, func() (*WebRtcTransport, error) {
		return room.router.CreateWebRtcTransport(ctx, WebRtcTransportOptions{ListenInfos: []ListenInfo{loopback},
			Sctp: &SctpOptions{}})
	})
	room.producer = granting(f, 1, func() (*Producer, error) {
		return room.transport.Produce(ctx, ProduceOptions{Kind: Video, RtpParameters: vp8(1111)})
	})
	room.consumer = granting(f, 1, func() (*Consumer, error) { return room.consume(t) })
	return room
}

func (r *fakeRoom) consume(t testing.TB) (*Consumer, error) {
	return r.transport.Consume(within(t), ConsumeOptions{ProducerID: r.producer.ID(),
		RtpCapabilities: r.router.RtpCapabilities()})
}

// soon fails the test if nothing comes.
func soon[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}
