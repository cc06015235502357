package sluice

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	schema "sluice.dev/sdk/internal/generated"
)

func objectStats(id string, kind schema.StatsKind, body schema.ObjectStatsBody, value any) *schema.ObjectStatsT {
	return &schema.ObjectStatsT{Id: id, Kind: kind, Body: &schema.ObjectStatsBodyT{Type: body, Value: value}}
}

func TestASnapshotIsToldWhenAllOfItHasCome(t *testing.T) {
	room := newFakeRoom(t)
	snapshots := make(chan *StatsSnapshot, 4)
	room.router.OnStats(func(snapshot *StatsSnapshot) { snapshots <- snapshot })
	done := inBackgroundErr(func() error {
		return room.router.SubscribeStats(within(t), StatsSubscriptionOptions{Interval: 2 * time.Second,
			Kinds: []StatsKind{StatsOfProducers, StatsOfConsumers}})
	})
	request := room.expect(schema.RequestBodySubscribeStats)
	asked := request.Body.Value.(*schema.SubscribeStatsT)
	if asked.IntervalMs != 2000 || fmt.Sprint(asked.Kinds) != "[Producer Consumer]" {
		t.Fatalf("got %+v", asked)
	}
	room.grant(request)
	check(t, <-done)
	streams := func(ssrc uint32) *schema.StreamStatsOfOneT {
		return &schema.StreamStatsOfOneT{Streams: []*schema.RtpStreamStatsT{{Ssrc: ssrc, PacketsLost: -1}}}
	}
	chunk := func(sequence uint32, number uint16, isLast bool, objects ...*schema.ObjectStatsT) {
		room.tell(room.router.ID(), schema.NotificationBodyStatsSnapshot, &schema.StatsSnapshotT{Sequence: sequence,
			Chunk: number, IsLast: isLast, TimestampMs: 5, Skipped: 2, Objects: objects})
	}
	producer := objectStats("p", schema.StatsKindProducer, schema.ObjectStatsBodyStreamStatsOfOne, streams(1))
	consumer := objectStats("c", schema.StatsKindConsumer, schema.ObjectStatsBodyStreamStatsOfOne, streams(2))
	transport := objectStats("t", schema.StatsKindTransport, schema.ObjectStatsBodyTransportStats,
		&schema.TransportStatsT{TransportId: "t", Kind: "plain"})
	// The end of one that began before; one that lacks its middle; and a whole one.
	chunk(1, 1, true, producer)
	chunk(2, 0, false, producer)
	chunk(2, 2, true, producer)
	chunk(3, 0, false, producer, transport)
	chunk(3, 1, true, consumer)
	snapshot := soon(t, snapshots)
	if snapshot.Sequence != 3 || snapshot.Skipped != 2 || snapshot.Producers["p"][0].Type != "inbound-rtp" ||
		snapshot.Consumers["c"][0].Type != "outbound-rtp" || snapshot.Consumers["c"][0].PacketsLost != -1 ||
		snapshot.Transports["t"].Type != "plain-rtp-transport" || snapshot.Worker != nil {
		t.Fatalf("got %+v", snapshot)
	}
	if len(snapshots) != 0 {
		t.Fatal("half of one was told as well")
	}
	var argument *ArgumentError
	err := room.router.SubscribeStats(within(t), StatsSubscriptionOptions{Kinds: []StatsKind{StatsOfWorker}})
	if !errors.As(err, &argument) || argument.Field != "kinds" {
		t.Fatalf("got %v", err)
	}
}

func TestAPacketTraceEndsOnceAlsoWithItsTransport(t *testing.T) {
	room := newFakeRoom(t)
	chunks := make(chan PacketTraceChunk, 4)
	room.transport.OnPacketTrace(func(chunk PacketTraceChunk) { chunks <- chunk })
	start := func() {
		done := inBackgroundErr(func() error {
			return room.transport.StartPacketTrace(within(t), PacketTraceOptions{PayloadBytes: 9})
		})
		request := room.expect(schema.RequestBodyStartPacketTrace)
		if asked := *request.Body.Value.(*schema.StartPacketTraceT); asked != (schema.StartPacketTraceT{
			Sampling: 1, PayloadBytes: 9, MaxBytes: 64 << 20}) {
			t.Fatalf("got %+v", asked)
		}
		room.grant(request)
		check(t, <-done)
	}
	start()
	room.tell(room.transport.ID(), schema.NotificationBodyPacketTraceChunk,
		&schema.PacketTraceChunkT{Bytes: []byte{1, 2}, Packets: 3, LeftOut: 4, IsLast: true})
	if chunk := soon(t, chunks); fmt.Sprint(chunk) != "{[1 2] 3 4 true}" {
		t.Fatalf("got %+v", chunk)
	}
	start()
	room.transport.Close()
	if chunk := soon(t, chunks); !chunk.IsLast {
		t.Fatalf("got %+v", chunk)
	}
	for field, options := range map[string]PacketTraceOptions{
		"sampling": {Sampling: 1000001}, "payloadBytes": {PayloadBytes: 65}, "maxBytes": {MaxBytes: 4095}} {
		var argument *ArgumentError
		err := room.transport.StartPacketTrace(within(t), options)
		if !errors.As(err, &argument) || argument.Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
}

func TestTheDecisionLogIsReadInOrder(t *testing.T) {
	room := newFakeRoom(t)
	done := inBackground(func() (*DecisionLog, error) { return room.consumer.GetDecisionLog(within(t)) })
	room.grantWith(room.expect(schema.RequestBodyGetDecisionLog), schema.ResponseBodyDecisionLog, &schema.DecisionLogT{
		Overwritten: 7, Decisions: []*schema.DecisionT{
			{Kind: schema.DecisionKindLayers, Layers: &schema.ConsumerLayersT{SpatialLayer: 1, TemporalLayer: 255},
				Reason: "bandwidthUp", AvailableBitrate: Ptr(uint32(9)), Times: 2},
			{Kind: schema.DecisionKind(99), Times: 1},
			{Kind: schema.DecisionKindPriority, Priority: 3, Times: 1},
		}})
	outcome := <-done
	check(t, outcome.err)
	log := outcome.value
	if len(log.Decisions) != 2 || log.Overwritten != 7 || log.Decisions[0].Kind != DecisionLayers ||
		*log.Decisions[0].AvailableBitrate != 9 || log.Decisions[1].Priority != 3 {
		t.Fatalf("got %+v", log)
	}
	var argument *ArgumentError
	if err := room.consumer.EnableDecisionLog(within(t), 1025); !errors.As(err, &argument) {
		t.Fatalf("got %v", err)
	}
}

func TestTrafficThatIsNotToldIsNothing(t *testing.T) {
	if traffic := decodeTraffic(nil); traffic.PacketsSent != 0 || len(traffic.Drops) != 0 || traffic.IceStates == nil {
		t.Fatalf("got %+v", traffic)
	}
	if histogram := decodeHistogram(nil); len(histogram.Counts) != 0 {
		t.Fatalf("got %+v", histogram)
	}
}

func TestRealRouterTellsItsTraffic(t *testing.T) {
	room := newRealRoom(t)
	ctx := within(t)
	stats, err := room.router.GetStats(ctx)
	skipIfOlder(t, err)
	check(t, err)
	if stats.RouterID != room.router.ID() || stats.Traffic.Transports != 1 || stats.Traffic.Producers != 1 {
		t.Fatalf("got %+v", stats)
	}
	worker := must[*WorkerStat](t)(room.worker.GetStats(ctx))
	if len(worker.TurnTime.Counts) != len(worker.TurnTime.BoundsUs)+1 || worker.RssBytes == 0 {
		t.Fatalf("got %+v", worker)
	}
}

func TestRealWorkerTellsStatisticsByItself(t *testing.T) {
	room := newRealRoom(t)
	snapshots := make(chan *StatsSnapshot, 100)
	room.worker.OnStats(func(snapshot *StatsSnapshot) { snapshots <- snapshot })
	err := room.worker.SubscribeStats(within(t), StatsSubscriptionOptions{Interval: leastStatsInterval})
	skipIfOlder(t, err)
	check(t, err)
	talk(t, room.producer, 1111)
	for {
		snapshot := soon(t, snapshots)
		if len(snapshot.Producers[room.producer.ID()]) == 1 && snapshot.Worker != nil &&
			snapshot.Transports[room.direct.ID()].Type == "direct-transport" {
			break
		}
	}
	check(t, room.worker.UnsubscribeStats(within(t)))
}

func TestRealConsumerLogsItsDecisions(t *testing.T) {
	room := newRealRoom(t)
	consumer := room.listen(t, room.router, room.producer.ID())
	err := consumer.EnableDecisionLog(within(t), 16)
	skipIfOlder(t, err)
	check(t, err)
	check(t, consumer.Pause(context.Background()))
	log := must[*DecisionLog](t)(consumer.GetDecisionLog(within(t)))
	if len(log.Decisions) == 0 || log.Decisions[len(log.Decisions)-1].Kind != DecisionPaused {
		t.Fatalf("got %+v", log)
	}
}

// A worker may be older than the SDK; it says so.
func skipIfOlder(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, ErrUnsupported) {
		t.Skipf("this worker does not do it yet: %v", err)
	}
}
