package wire

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	flatbuffers "github.com/google/flatbuffers/go"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
)

// Packer is any table of the schema as a Go struct.
type Packer interface {
	Pack(*flatbuffers.Builder) flatbuffers.UOffsetT
}

var builders = sync.Pool{New: func() any { return flatbuffers.NewBuilder(1024) }}

// Larger ones are left to the garbage collector.
const keptBuilder = 64 << 10

type encodedRequest struct {
	bytes   []byte
	builder *flatbuffers.Builder
}

// The id is set later, when the request gets its place in the queue.
func encodeRequest(call *Call) (encodedRequest, error) {
	builder := builders.Get().(*flatbuffers.Builder)
	builder.Reset()
	var target flatbuffers.UOffsetT
	if call.Target != "" {
		target = builder.CreateString(call.Target)
	}
	body := call.Body.Pack(builder)
	schema.RequestStart(builder)
	schema.RequestAddId(builder, ^uint32(0))
	schema.RequestAddTarget(builder, target)
	schema.RequestAddBodyType(builder, call.Method)
	schema.RequestAddBody(builder, body)
	request := schema.RequestEnd(builder)
	schema.MessageStart(builder)
	schema.MessageAddBodyType(builder, schema.MessageBodyRequest)
	schema.MessageAddBody(builder, request)
	builder.Finish(schema.MessageEnd(builder))
	encoded := encodedRequest{bytes: builder.FinishedBytes(), builder: builder}
	if size := len(encoded.bytes); size > MaxFrameSize {
		encoded.free()
		return encodedRequest{}, fault.Argument("",
			"%s of %d bytes exceeds the limit of %d", call.Method, size, MaxFrameSize)
	}
	return encoded, nil
}

func (e encodedRequest) setID(id uint32) {
	var table flatbuffers.Table
	var request schema.Request
	schema.GetRootAsMessage(e.bytes, 0).Body(&table)
	request.Init(table.Bytes, table.Pos)
	request.MutateId(id)
}

func (e encodedRequest) free() {
	if cap(e.builder.Bytes) <= keptBuilder {
		builders.Put(e.builder)
	}
}

type message struct {
	response     *schema.Response
	notification *schema.Notification
}

func decodeMessage(frame []byte) message {
	root := schema.GetRootAsMessage(frame, 0)
	var table flatbuffers.Table
	if !root.Body(&table) {
		return message{}
	}
	switch root.BodyType() {
	case schema.MessageBodyResponse:
		response := new(schema.Response)
		response.Init(table.Bytes, table.Pos)
		return message{response: response}
	case schema.MessageBodyNotification:
		notification := new(schema.Notification)
		notification.Init(table.Bytes, table.Pos)
		return message{notification: notification}
	}
	return message{}
}

func errorOfResponse(method schema.RequestBody, response *schema.Response) error {
	text := string(response.Message())
	if text == "" {
		text = fmt.Sprintf("the worker refused %s: %s", method, response.Code())
	}
	switch response.Code() {
	case schema.ResultCodeInvalidArgument:
		return argumentError(text)
	case schema.ResultCodeNotFound:
		return fault.Errorf(fault.ErrNotFound, "%s", text)
	case schema.ResultCodeAlreadyExists, schema.ResultCodeFailedPrecondition:
		return fault.Errorf(fault.ErrInvalidState, "%s", text)
	case schema.ResultCodeUnimplemented:
		return fault.Errorf(fault.ErrUnsupported, "%s", text)
	case schema.ResultCodeResourceExhausted:
		return fault.Errorf(fault.ErrResourceExhausted, "%s", text)
	default:
		return fault.Errorf(fault.ErrWorker, "%s", text)
	}
}

// The worker names the field in front of a colon, in the words of the schema.
func argumentError(text string) error {
	field, problem, found := strings.Cut(text, ": ")
	if !found || strings.ContainsAny(field, " \t") {
		return fault.Argument("", "%s", text)
	}
	return fault.Argument(field, "%s", problem)
}

// contextError is of the class ErrTimeout if the context had a deadline, and wraps the context's own
// error in either case.
func contextError(method schema.RequestBody, cause error) error {
	return &endedByContext{text: fmt.Sprintf("%s: %v", method, cause), cause: cause}
}

type endedByContext struct {
	text  string
	cause error
}

func (e *endedByContext) Error() string { return e.text }
func (e *endedByContext) Unwrap() error { return e.cause }
func (e *endedByContext) Is(target error) bool {
	return target == fault.ErrTimeout && errors.Is(e.cause, context.DeadlineExceeded)
}
