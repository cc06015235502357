package sluice

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"
)

func newRealGroup(t *testing.T, workers int, options RouterGroupOptions) (*RouterGroup, []*Worker) {
	t.Helper()
	var all []*Worker
	for i := 0; i < workers; i++ {
		all = append(all, realWorker(t, WorkerSettings{}))
	}
	options.Workers = func() []*Worker { return all }
	options.Router = RouterOptions{MediaCodecs: someCodecs()}
	// The tests look by themselves.
	options.IdleTime = time.Hour
	group, err := NewRouterGroup(options)
	check(t, err)
	t.Cleanup(group.Close)
	return group, all
}

// somebody has a place, and a transport there.
type somebody struct {
	*GroupParticipant
	direct *DirectTransport
}

func join(t *testing.T, group *RouterGroup) somebody {
	t.Helper()
	ctx := within(t)
	participant := must[*GroupParticipant](t)(group.Join(ctx))
	direct := must[*DirectTransport](t)(participant.Router().CreateDirectTransport(ctx, DirectTransportOptions{}))
	return somebody{participant, direct}
}

func (s somebody) speak(t *testing.T, ssrc uint32) *Producer {
	t.Helper()
	return must[*Producer](t)(s.direct.Produce(within(t), ProduceOptions{ID: newID(), Kind: Audio, RtpParameters: opus(ssrc)}))
}

func places(group *RouterGroup) string {
	text := ""
	for _, status := range group.Routers() {
		text += fmt.Sprint(status.Participants, " ")
	}
	return text
}

func TestRealGroupSpreadsPeopleOverWorkers(t *testing.T) {
	group, _ := newRealGroup(t, 3, RouterGroupOptions{Spread: 4})
	var people []somebody
	for _, want := range []string{"1 ", "2 ", "3 ", "4 ", "4 1 ", "4 2 ", "4 2 1 ", "4 2 2 ", "4 3 2 ", "4 3 3 ", "4 4 3 ", "4 4 4 ", "5 4 4 "} {
		people = append(people, join(t, group))
		if got := places(group); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	people[0].Leave()
	people[0].Leave()
	if got := places(group); got != "4 4 4 " || !people[0].Closed() || people[1].Closed() {
		t.Fatalf("got %q", got)
	}
}

func TestRealGroupPlacesAllWhoComeAtOnceAsIfInTurn(t *testing.T) {
	group, _ := newRealGroup(t, 2, RouterGroupOptions{Spread: 1})
	var all sync.WaitGroup
	for i := 0; i < 10; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			if _, err := group.Join(within(t)); err != nil {
				t.Error(err)
			}
		}()
	}
	all.Wait()
	if got := places(group); got != "5 5 " {
		t.Fatalf("got %q", got)
	}
}

func TestRealGroupCarriesWhatSomebodyConsumesAndLetsGoOfIt(t *testing.T) {
	group, _ := newRealGroup(t, 2, RouterGroupOptions{Spread: 1})
	ctx := within(t)
	here, there := join(t, group), join(t, group)
	producer := here.speak(t, 1111)
	var all sync.WaitGroup
	consumers := make([]*Consumer, 4)
	for i := range consumers {
		i := i
		all.Add(1)
		go func() {
			defer all.Done()
			consumers[i], _ = group.Consume(ctx, there.direct, ConsumeOptions{ProducerID: producer.ID(),
				RtpCapabilities: group.RtpCapabilities()})
		}()
	}
	all.Wait()
	for _, consumer := range consumers {
		if consumer == nil {
			t.Fatal("somebody got nothing")
		}
	}
	if copies := group.Routers()[1].Copies; copies != 1 {
		t.Fatalf("%d copies", copies)
	}
	heard := make(chan []byte, 1000)
	consumers[0].OnRtp(func(packet []byte) { heard <- packet })
	talk(t, producer, 1111)
	soon(t, heard)
	check(t, group.CanConsume(producer.ID(), group.RtpCapabilities()))

	copied := there.Router().FindProducer(producer.ID())
	for _, consumer := range consumers[1:] {
		consumer.Close()
	}
	group.sweep()
	group.sweep()
	if copied.Closed() {
		t.Fatal("it was taken from who listens")
	}
	consumers[0].Close()
	group.sweep()
	if copied.Closed() {
		t.Fatal("it was not kept for a while")
	}
	group.sweep()
	if !copied.Closed() || producer.Closed() {
		t.Fatal("nobody listens, and it is carried")
	}
	again := must[*Consumer](t)(group.Consume(ctx, there.direct, ConsumeOptions{ProducerID: producer.ID(),
		RtpCapabilities: group.RtpCapabilities()}))
	again.OnRtp(func(packet []byte) { heard <- packet })
	for len(heard) > 0 {
		<-heard
	}
	soon(t, heard)
}

func TestRealGroupTellsWhatWentWithAWorker(t *testing.T) {
	group, workers := newRealGroup(t, 2, RouterGroupOptions{Spread: 1})
	ctx := within(t)
	here, there := join(t, group), join(t, group)
	producer := here.speak(t, 1111)
	mine := there.speak(t, 2222)
	consumer := must[*Consumer](t)(group.Consume(ctx, there.direct, ConsumeOptions{ProducerID: producer.ID(),
		RtpCapabilities: group.RtpCapabilities()}))
	lost, closed, ended := make(chan RouterLoss, 1), make(chan *Router, 1), make(chan CloseReason, 1)
	group.OnRouterLost(func(loss RouterLoss) { lost <- loss })
	group.OnRouterClose(func(router *Router) { closed <- router })
	consumer.OnClose(func(why CloseReason) { ended <- why })
	check(t, syscall.Kill(workers[0].PID(), syscall.SIGKILL))
	loss := soon(t, lost)
	if loss.Worker != workers[0] || len(loss.Participants) != 1 || loss.Participants[0] != here.GroupParticipant ||
		fmt.Sprint(loss.ProducerIDs) != fmt.Sprint([]string{producer.ID()}) {
		t.Fatalf("got %+v", loss)
	}
	if router := soon(t, closed); router != here.Router() {
		t.Fatal("another router")
	}
	if why := soon(t, ended); why != ClosedWithProducer {
		t.Fatalf("got %v", why)
	}
	if mine.Closed() || !here.Closed() || there.Closed() {
		t.Fatal("the others were not left alone")
	}
	if again := join(t, group); again.Worker() != workers[1] {
		t.Fatal("placed on a dead worker")
	}
}

func TestRealGroupCarriesMessagesAndClosesIdleRouters(t *testing.T) {
	group, _ := newRealGroup(t, 2, RouterGroupOptions{Spread: 1})
	ctx := within(t)
	here, there := join(t, group), join(t, group)
	speaker := must[*DataProducer](t)(here.direct.ProduceData(ctx, DataProducerOptions{}))
	listener := must[*DataConsumer](t)(group.ConsumeData(ctx, there.direct,
		DataConsumerOptions{DataProducerID: speaker.ID(), Paused: true}))
	messages := make(chan Message, 1)
	listener.OnMessage(func(message Message) { messages <- message })
	check(t, listener.Resume(ctx))
	check(t, speaker.Send(ctx, TextMessage("hello"), SendOptions{}))
	if message := soon(t, messages); string(message.Data) != "hello" {
		t.Fatalf("got %s", message.Data)
	}
	router := there.Router()
	closed := make(chan *Router, 1)
	group.OnRouterClose(func(router *Router) { closed <- router })
	group.OnRouterLost(func(RouterLoss) { t.Error("the group closed it itself") })
	there.Leave()
	group.sweep()
	group.sweep()
	if got := soon(t, closed); got != router || here.Router().Closed() {
		t.Fatal("another router")
	}
	group.Close()
	if _, err := group.Join(ctx); !errors.Is(err, ErrInvalidState) || !here.Router().Closed() {
		t.Fatalf("got %v", err)
	}
}

func TestGroupsWithoutWorkersAndWrongOptionsAreErrors(t *testing.T) {
	var argument *ArgumentError
	for field, options := range map[string]RouterGroupOptions{
		"workers":  {},
		"spread":   {Workers: func() []*Worker { return nil }, Spread: -1},
		"idleTime": {Workers: func() []*Worker { return nil }, IdleTime: 2 * time.Hour},
	} {
		if _, err := NewRouterGroup(options); !errors.As(err, &argument) || argument.Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
	group := must[*RouterGroup](t)(NewRouterGroup(RouterGroupOptions{Workers: func() []*Worker { return nil }}))
	defer group.Close()
	if _, err := group.Join(context.Background()); !errors.Is(err, ErrInvalidState) {
		t.Errorf("got %v", err)
	}
	if _, err := group.Consume(context.Background(), nil, ConsumeOptions{}); !errors.As(err, &argument) {
		t.Errorf("got %v", err)
	}
}
