package sluice

import (
	"context"
	"time"

	flatbuffers "github.com/google/flatbuffers/go"

	schema "sluice.dev/sdk/internal/generated"
)

// StatsKind is which objects a snapshot is of.
type StatsKind string

// The kinds of objects that have statistics.
const (
	// StatsOfWorker is only to be had of the worker.
	StatsOfWorker        StatsKind = "worker"
	StatsOfTransports    StatsKind = "transport"
	StatsOfProducers     StatsKind = "producer"
	StatsOfConsumers     StatsKind = "consumer"
	StatsOfDataProducers StatsKind = "dataProducer"
	StatsOfDataConsumers StatsKind = "dataConsumer"
)

// In the order of the schema.
var statsKinds = []StatsKind{StatsOfWorker, StatsOfTransports, StatsOfProducers, StatsOfConsumers,
	StatsOfDataProducers, StatsOfDataConsumers}

// StatsSubscriptionOptions say what is told, and how often.
type StatsSubscriptionOptions struct {
	// Interval from snapshot to snapshot: 100 ms to 1 h, in milliseconds; 0 takes 1 s.
	Interval time.Duration
	// Kinds are all if empty.
	Kinds []StatsKind
}

// StatsSnapshot is many objects at one time, by their ids.
type StatsSnapshot struct {
	// Sequence counts the snapshots of a subscription from 1.
	Sequence uint32
	// Timestamp in milliseconds of the worker's monotonic clock.
	Timestamp uint64
	// Skipped snapshots were left out since the subscription began, because this side was behind.
	Skipped uint32
	// Worker is nil if it was not asked for.
	Worker     *WorkerStat
	Transports map[string]*TransportStat
	// Producers have an entry for each encoding; Consumers without the streams of their producers, which
	// tell of them themselves.
	Producers     map[string][]RtpStreamStat
	Consumers     map[string][]RtpStreamStat
	DataProducers map[string]*DataProducerStat
	DataConsumers map[string]*DataConsumerStat
}

const (
	leastStatsInterval = 100 * time.Millisecond
	mostStatsInterval  = time.Hour
)

// statsWatch is the subscription of a worker, a router or a transport. core.mu guards it.
type statsWatch struct {
	on listeners[*StatsSnapshot]
	// What has come of a snapshot, and which chunk has to be next.
	part *StatsSnapshot
	next uint16
}

// SubscribeStats has OnStats told of the worker and everything in it at intervals. Another subscription takes
// the place of the one before.
func (w *Worker) SubscribeStats(ctx context.Context, options StatsSubscriptionOptions) error {
	return w.stats.subscribe(ctx, &w.object, &options, statsKinds)
}

// UnsubscribeStats ends SubscribeStats.
func (w *Worker) UnsubscribeStats(ctx context.Context) error { return unsubscribeStats(ctx, &w.object) }

// OnStats tells what SubscribeStats asked for. All listeners get the same snapshot.
func (w *Worker) OnStats(call func(*StatsSnapshot)) (remove func()) {
	return w.stats.on.add(w.core, call)
}

// SubscribeStats has OnStats told of everything in the router at intervals. Another subscription takes the
// place of the one before.
func (r *Router) SubscribeStats(ctx context.Context, options StatsSubscriptionOptions) error {
	return r.stats.subscribe(ctx, &r.object, &options, statsKinds[1:])
}

// UnsubscribeStats ends SubscribeStats.
func (r *Router) UnsubscribeStats(ctx context.Context) error { return unsubscribeStats(ctx, &r.object) }

// OnStats tells what SubscribeStats asked for. All listeners get the same snapshot.
func (r *Router) OnStats(call func(*StatsSnapshot)) (remove func()) {
	return r.stats.on.add(r.core, call)
}

// SubscribeStats has OnStats told of the transport and everything on it at intervals. Another subscription
// takes the place of the one before.
func (t *transport) SubscribeStats(ctx context.Context, options StatsSubscriptionOptions) error {
	return t.stats.subscribe(ctx, &t.object, &options, statsKinds[1:])
}

// UnsubscribeStats ends SubscribeStats.
func (t *transport) UnsubscribeStats(ctx context.Context) error {
	return unsubscribeStats(ctx, &t.object)
}

// OnStats tells what SubscribeStats asked for. All listeners get the same snapshot.
func (t *transport) OnStats(call func(*StatsSnapshot)) (remove func()) {
	return t.stats.on.add(t.core, call)
}

func (s *statsWatch) subscribe(ctx context.Context, o *object, options *StatsSubscriptionOptions, known []StatsKind) error {
	interval, err := milliseconds(options.Interval, "interval", time.Second, leastStatsInterval, mostStatsInterval)
	if err != nil {
		return err
	}
	body := &schema.SubscribeStatsT{IntervalMs: interval}
	for _, kind := range options.Kinds {
		if _, err := indexOf(kind, "kinds", known); err != nil {
			return err
		}
		index, _ := indexOf(kind, "kinds", statsKinds)
		body.Kinds = append(body.Kinds, schema.StatsKind(index))
	}
	// Of what a subscription before this one began to tell nothing follows.
	return o.command(ctx, schema.RequestBodySubscribeStats, body, func() { s.part = nil })
}

func unsubscribeStats(ctx context.Context, o *object) error {
	return o.command(ctx, schema.RequestBodyUnsubscribeStats, &schema.UnsubscribeStatsT{}, nil)
}

// handle is true if the news was a piece of a snapshot. With core.mu held, as the rest.
func (s *statsWatch) handle(c *core, notification *schema.Notification) bool {
	if notification.BodyType() != schema.NotificationBodyStatsSnapshot {
		return false
	}
	if len(s.on.entries) > 0 {
		s.take(c, newsOf[schema.StatsSnapshot](notification))
	}
	return true
}

func (s *statsWatch) take(c *core, chunk *schema.StatsSnapshot) {
	if chunk.Chunk() == 0 {
		s.next = 0
		s.part = &StatsSnapshot{
			Sequence: chunk.Sequence(), Timestamp: chunk.TimestampMs(), Skipped: chunk.Skipped(),
			Transports: map[string]*TransportStat{}, Producers: map[string][]RtpStreamStat{},
			Consumers: map[string][]RtpStreamStat{}, DataProducers: map[string]*DataProducerStat{},
			DataConsumers: map[string]*DataConsumerStat{},
		}
	}
	// Whoever begins to listen in the middle of one waits for the next.
	if s.part == nil || s.part.Sequence != chunk.Sequence() || chunk.Chunk() != s.next {
		s.part = nil
		return
	}
	s.next++
	var object schema.ObjectStats
	for i := 0; i < chunk.ObjectsLength() && chunk.Objects(&object, i); i++ {
		s.part.add(&object)
	}
	if chunk.IsLast() {
		s.on.emit(c, s.part)
		s.part = nil
	}
}

// A newer worker may know more kinds.
func (s *StatsSnapshot) add(object *schema.ObjectStats) {
	var table flatbuffers.Table
	if !object.Body(&table) {
		return
	}
	id := string(object.Id())
	switch object.BodyType() {
	case schema.ObjectStatsBodyWorkerStats:
		var told schema.WorkerStats
		told.Init(table.Bytes, table.Pos)
		s.Worker = decodeWorkerStat(&told)
	case schema.ObjectStatsBodyTransportStats:
		var told schema.TransportStats
		told.Init(table.Bytes, table.Pos)
		s.Transports[id] = decodeTransportStats(&told, TransportType(told.Kind()))
	case schema.ObjectStatsBodyStreamStatsOfOne:
		var told schema.StreamStatsOfOne
		told.Init(table.Bytes, table.Pos)
		if object.Kind() == schema.StatsKindProducer {
			s.Producers[id] = decodeStreamList(told.StreamsLength(), told.Streams, 0)
		} else {
			s.Consumers[id] = decodeStreamList(told.StreamsLength(), told.Streams, maxUint32)
		}
	case schema.ObjectStatsBodyDataProducerStats:
		var told schema.DataProducerStats
		told.Init(table.Bytes, table.Pos)
		s.DataProducers[id] = decodeDataProducerStat(&told)
	case schema.ObjectStatsBodyDataConsumerStats:
		var told schema.DataConsumerStats
		told.Init(table.Bytes, table.Pos)
		s.DataConsumers[id] = decodeDataConsumerStat(&told)
	}
}
