package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	flatbuffers "github.com/google/flatbuffers/go"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
)

// A channel whose other end is the test.
type rig struct {
	t       *testing.T
	channel *Channel
	// What the channel writes, and what it reads.
	requests *frameReader
	answers  *os.File
	// What it says of itself.
	failed chan error
	ended  chan struct{}
	odd    chan string
	news   chan string
	// Fires the timers of requests.
	timeouts chan time.Time
}

func newRig(t *testing.T, timeout time.Duration) *rig {
	t.Helper()
	requestsOut, requestsIn, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	answersOut, answersIn, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, requests: newFrameReader(requestsOut), answers: answersIn, failed: make(chan error, 1),
		ended: make(chan struct{}, 1), odd: make(chan string, 16), news: make(chan string, 16),
		timeouts: make(chan time.Time)}
	r.channel = New(Options{
		Input: answersOut, Output: requestsIn, RequestTimeout: timeout,
		NewTimer: func(time.Duration) (<-chan time.Time, func()) { return r.timeouts, func() {} },
		Notify:   func(n *schema.Notification) { r.news <- string(n.Target()) },
		Failed:   func(err error) { r.failed <- err },
		Ended:    func() { r.ended <- struct{}{} },
		Odd:      func(text string) { r.odd <- text },
	})
	r.channel.Start()
	t.Cleanup(func() {
		r.channel.ShutDown(errors.New("the test is over"))
		for _, file := range []*os.File{requestsOut, requestsIn, answersOut, answersIn} {
			_ = file.Close()
		}
	})
	return r
}

// next is the id of the next request.
func (r *rig) next() uint32 {
	r.t.Helper()
	frame, err := r.requests.next()
	if err != nil {
		r.t.Fatal(err)
	}
	var table flatbuffers.Table
	var request schema.Request
	schema.GetRootAsMessage(frame, 0).Body(&table)
	request.Init(table.Bytes, table.Pos)
	return request.Id()
}

func (r *rig) say(body *schema.MessageBodyT) {
	builder := flatbuffers.NewBuilder(256)
	builder.Finish((&schema.MessageT{Body: body}).Pack(builder))
	r.raw(appendFrame(nil, builder.FinishedBytes()))
}

func (r *rig) raw(bytes []byte) {
	r.t.Helper()
	if _, err := r.answers.Write(bytes); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) answer(id uint32, code schema.ResultCode, text string) {
	r.say(&schema.MessageBodyT{Type: schema.MessageBodyResponse, Value: &schema.ResponseT{Id: id, Code: code,
		Message: text, Body: &schema.ResponseBodyT{Type: schema.ResponseBodyEmpty, Value: &schema.EmptyT{}}}})
}

func (r *rig) grant(id uint32) { r.answer(id, schema.ResultCodeOk, "") }

func pause(apply func(), late func()) Call {
	return Call{Method: schema.RequestBodyPause, Target: "consumer", Body: &schema.PauseT{},
		Apply: func(*schema.Response) error {
			if apply != nil {
				apply()
			}
			return nil
		},
		Late: func(*schema.Response) {
			if late != nil {
				late()
			}
		}}
}

func (r *rig) begin(ctx context.Context, call Call) <-chan error {
	done := make(chan error, 1)
	go func() { done <- r.channel.Do(ctx, call) }()
	return done
}

func TestAnswersReachWhoAskedInWhateverOrder(t *testing.T) {
	r := newRig(t, 0)
	var mu sync.Mutex
	var order []int
	var waits []<-chan error
	var ids []uint32
	for i := 0; i < 3; i++ {
		i := i
		waits = append(waits, r.begin(context.Background(), pause(func() {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, i)
		}, nil)))
		ids = append(ids, r.next())
	}
	for _, i := range []int{2, 0, 1} {
		r.grant(ids[i])
		if err := <-waits[i]; err != nil {
			t.Fatal(err)
		}
	}
	if fmt.Sprint(order) != "[2 0 1]" {
		t.Fatalf("got %v", order)
	}
}

func TestRefusalsAreOfTheirClass(t *testing.T) {
	r := newRig(t, 0)
	for code, class := range map[schema.ResultCode]error{
		schema.ResultCodeNotFound:           fault.ErrNotFound,
		schema.ResultCodeAlreadyExists:      fault.ErrInvalidState,
		schema.ResultCodeFailedPrecondition: fault.ErrInvalidState,
		schema.ResultCodeUnimplemented:      fault.ErrUnsupported,
		schema.ResultCodeResourceExhausted:  fault.ErrResourceExhausted,
		schema.ResultCodeInternal:           fault.ErrWorker,
		schema.ResultCodeUnavailable:        fault.ErrWorker,
		schema.ResultCode(77):               fault.ErrWorker,
	} {
		done := r.begin(context.Background(), pause(func() { t.Error("applied") }, nil))
		r.answer(r.next(), code, "producerId: unknown")
		if err := <-done; !errors.Is(err, class) || err.Error() != "producerId: unknown" {
			t.Errorf("%v: got %v", code, err)
		}
	}
	done := r.begin(context.Background(), pause(nil, nil))
	r.answer(r.next(), schema.ResultCodeInvalidArgument, "listenInfo.ip: no address")
	var argument *fault.ArgumentError
	if err := <-done; !errors.As(err, &argument) || argument.Field != "listenInfo.ip" || argument.Problem != "no address" {
		t.Errorf("got %v", err)
	}
}

func TestWhoGoesAwayIsNotWaitedForAndTheLateAnswerIsApplied(t *testing.T) {
	r := newRig(t, 0)
	ctx, cancel := context.WithCancel(context.Background())
	late := make(chan struct{})
	done := r.begin(ctx, pause(func() { t.Error("applied") }, func() { close(late) }))
	id := r.next()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || errors.Is(err, fault.ErrTimeout) {
		t.Fatalf("got %v", err)
	}
	r.grant(id)
	<-late
}

func TestALateRefusalIsNotApplied(t *testing.T) {
	r := newRig(t, 0)
	ctx, cancel := context.WithCancel(context.Background())
	done := r.begin(ctx, pause(nil, func() { t.Error("applied late") }))
	id := r.next()
	cancel()
	<-done
	r.answer(id, schema.ResultCodeNotFound, "gone")
	next := r.begin(context.Background(), pause(nil, nil))
	r.grant(r.next())
	if err := <-next; err != nil {
		t.Fatal(err)
	}
}

func TestADeadlineIsATimeout(t *testing.T) {
	r := newRig(t, 0)
	ctx, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer cancel()
	err := r.channel.Do(ctx, pause(nil, nil))
	if !errors.Is(err, fault.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
}

func TestAnAnswerThatDoesNotComeInTimeIsATimeout(t *testing.T) {
	r := newRig(t, time.Second)
	late := make(chan struct{})
	done := r.begin(context.Background(), pause(nil, func() { close(late) }))
	id := r.next()
	r.timeouts <- time.Time{}
	if err := <-done; !errors.Is(err, fault.ErrTimeout) {
		t.Fatalf("got %v", err)
	}
	r.grant(id)
	<-late
}

func TestWhatIsClosedIsNotWaitedForAndItsRefusalIsTold(t *testing.T) {
	r := newRig(t, 0)
	r.channel.Post(Call{Method: schema.RequestBodyClose, Target: "transport", Body: &schema.CloseT{}})
	r.answer(r.next(), schema.ResultCodeNotFound, "no transport")
	if text := <-r.odd; !strings.Contains(text, "no transport") {
		t.Fatalf("got %s", text)
	}
}

func TestTheEndOfTheChannelEndsEveryCall(t *testing.T) {
	r := newRig(t, 0)
	done := r.begin(context.Background(), pause(nil, nil))
	r.next()
	reason := errors.New("over")
	r.channel.ShutDown(reason)
	if err := <-done; err != reason {
		t.Fatalf("got %v", err)
	}
	if err := r.channel.Do(context.Background(), pause(nil, nil)); err != reason {
		t.Fatalf("got %v", err)
	}
}

func TestMoreThanTheBoundWaitForTheirTurn(t *testing.T) {
	r := newRig(t, time.Second)
	waits := make(chan error, MaxPending)
	for i := 0; i < MaxPending; i++ {
		go func() { waits <- r.channel.Do(context.Background(), pause(nil, nil)) }()
	}
	var ids []uint32
	for i := 0; i < MaxPending; i++ {
		ids = append(ids, r.next())
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancelled := r.begin(ctx, pause(nil, nil))
	cancel()
	if err := <-cancelled; !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	more := r.begin(context.Background(), pause(nil, nil))
	r.grant(ids[0])
	if err := <-waits; err != nil {
		t.Fatal(err)
	}
	r.grant(r.next())
	if err := <-more; err != nil {
		t.Fatal(err)
	}
	r.channel.ShutDown(errors.New("over"))
}

func TestAWorkerThatDoesNotReadIsABoundAndNotAHang(t *testing.T) {
	r := newRig(t, 0)
	large := Call{Method: schema.RequestBodySendData, Target: "producer",
		Body: &schema.SendDataT{Data: make([]byte, 1<<20)}, Apply: func(*schema.Response) error { return nil }}
	refused := make(chan error, 64)
	for i := 0; i < 40; i++ {
		go func() { refused <- r.channel.Do(context.Background(), large) }()
	}
	if err := <-refused; !errors.Is(err, fault.ErrResourceExhausted) {
		t.Fatalf("got %v", err)
	}
	// What is closed is told for all that.
	r.channel.Post(Call{Method: schema.RequestBodyClose, Target: "x", Body: &schema.CloseT{}})
}

func TestARequestOverTheLimitIsRefusedHere(t *testing.T) {
	r := newRig(t, 0)
	err := r.channel.Do(context.Background(), Call{Method: schema.RequestBodySendData,
		Body: &schema.SendDataT{Data: make([]byte, MaxFrameSize)}})
	var argument *fault.ArgumentError
	if !errors.As(err, &argument) {
		t.Fatalf("got %v", err)
	}
}

func TestNonsenseEndsTheChannelWithoutACrash(t *testing.T) {
	valid := flatbuffers.NewBuilder(256)
	valid.Finish((&schema.MessageT{Body: &schema.MessageBodyT{Type: schema.MessageBodyNotification,
		Value: &schema.NotificationT{Target: "x"}}}).Pack(valid))
	beyond := append([]byte(nil), valid.FinishedBytes()...)
	binary.LittleEndian.PutUint32(beyond, 0xfffffff0)
	for name, bytes := range map[string][]byte{
		"a length over the limit":  {0xff, 0xff, 0xff, 0xff},
		"an empty frame":           {0, 0, 0, 0},
		"zeros":                    appendFrame(nil, make([]byte, 64)),
		"an offset outside":        appendFrame(nil, beyond),
		"a response without an id": responseWithoutID(),
		"a request":                requestFrame(),
		"a message without a body": emptyFrame(),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 0)
			done := r.begin(context.Background(), pause(nil, nil))
			r.next()
			r.raw(bytes)
			if err := <-r.failed; !errors.Is(err, fault.ErrWorker) {
				t.Fatalf("got %v", err)
			}
			if err := <-done; !errors.Is(err, fault.ErrWorker) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func requestFrame() []byte {
	request, err := encodeRequest(&Call{Method: schema.RequestBodyPause, Body: &schema.PauseT{}})
	if err != nil {
		panic(err)
	}
	return appendFrame(nil, request.bytes)
}

// Its table is beyond the end of the frame.
func responseWithoutID() []byte {
	builder := flatbuffers.NewBuilder(64)
	builder.Finish((&schema.MessageT{Body: &schema.MessageBodyT{Type: schema.MessageBodyResponse,
		Value: &schema.ResponseT{Id: 1}}}).Pack(builder))
	bytes := append([]byte(nil), builder.FinishedBytes()...)
	root := schema.GetRootAsMessage(bytes, 0)
	var table flatbuffers.Table
	root.Body(&table)
	binary.LittleEndian.PutUint32(bytes[table.Pos:], 0x7fffff00)
	return appendFrame(nil, bytes)
}

func emptyFrame() []byte {
	builder := flatbuffers.NewBuilder(64)
	builder.Finish((&schema.MessageT{}).Pack(builder))
	return appendFrame(nil, builder.FinishedBytes())
}

func TestAnAnswerThatMakesNoSenseEndsItsCallAndTheChannel(t *testing.T) {
	r := newRig(t, 0)
	call := pause(nil, nil)
	call.Apply = func(*schema.Response) error { panic("out of range") }
	done := r.begin(context.Background(), call)
	r.grant(r.next())
	if err := <-done; !errors.Is(err, fault.ErrWorker) {
		t.Fatalf("got %v", err)
	}
	<-r.failed
}

func TestAnAnswerToNobodyIsTold(t *testing.T) {
	r := newRig(t, 0)
	r.grant(12345)
	if text := <-r.odd; !strings.Contains(text, "12345") {
		t.Fatalf("got %s", text)
	}
}

func TestTheEndOfTheStreamIsToldAndACutFrameIsAFailure(t *testing.T) {
	r := newRig(t, 0)
	_ = r.answers.Close()
	<-r.ended
	cut := newRig(t, 0)
	cut.raw([]byte{9, 0, 0, 0, 1})
	_ = cut.answers.Close()
	if err := <-cut.failed; !errors.Is(err, fault.ErrWorker) {
		t.Fatalf("got %v", err)
	}
}

func TestIdsInUseAreLeftOutWhenTheyBeginAnew(t *testing.T) {
	r := newRig(t, 0)
	r.channel.lastID = ^uint32(0) - 1
	r.channel.pending[1] = &pending{}
	var ids []uint32
	for i := 0; i < 2; i++ {
		r.begin(context.Background(), pause(nil, nil))
		ids = append(ids, r.next())
	}
	if ids[0] != ^uint32(0) || ids[1] != 2 {
		t.Fatalf("got %v", ids)
	}
}

func TestFramesComeOutOfAStreamThatIsCutAnywhere(t *testing.T) {
	var stream []byte
	sizes := []int{1, 0, 70000, 3}
	for i, size := range sizes {
		stream = appendFrame(stream, []byte(strings.Repeat(string(rune('a'+i)), size)))
	}
	reader := newFrameReader(&dripping{bytes: stream})
	for i, size := range sizes {
		frame, err := reader.next()
		if err != nil || string(frame) != strings.Repeat(string(rune('a'+i)), size) {
			t.Fatalf("frame %d: %d bytes, %v", i, len(frame), err)
		}
	}
	if _, err := reader.next(); err != io.EOF {
		t.Fatalf("got %v", err)
	}
}

// One byte at a time.
type dripping struct{ bytes []byte }

func (d *dripping) Read(into []byte) (int, error) {
	if len(d.bytes) == 0 {
		return 0, io.EOF
	}
	into[0] = d.bytes[0]
	d.bytes = d.bytes[1:]
	return 1, nil
}
