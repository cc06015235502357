package sluice

import (
	"context"
	"sort"
	"sync/atomic"
	"testing"
	"time"
)

// Requests of an idle worker, many under way at a time: how many a second, and how long one takes.
func BenchmarkRequestsPipelined(b *testing.B) {
	worker := realWorker(b, WorkerSettings{})
	ctx := context.Background()
	router := must[*Router](b)(worker.CreateRouter(ctx, RouterOptions{MediaCodecs: someCodecs()}))
	direct := must[*DirectTransport](b)(router.CreateDirectTransport(ctx, DirectTransportOptions{}))
	producer := must[*Producer](b)(direct.Produce(ctx, ProduceOptions{Kind: Audio, RtpParameters: opus(1111)}))
	durations := make([]time.Duration, b.N)
	var next int64 = -1
	b.SetParallelism(32)
	b.ResetTimer()
	begin := time.Now()
	b.RunParallel(func(each *testing.PB) {
		for each.Next() {
			asked := time.Now()
			if err := producer.Resume(ctx); err != nil {
				b.Error(err)
			}
			if i := atomic.AddInt64(&next, 1); i < int64(len(durations)) {
				durations[i] = time.Since(asked)
			}
		}
	})
	b.StopTimer()
	took := time.Since(begin)
	sort.Slice(durations, func(i, j int) bool { return durations[i] < durations[j] })
	b.ReportMetric(float64(b.N)/took.Seconds(), "requests/s")
	b.ReportMetric(float64(durations[len(durations)*99/100].Microseconds()), "p99-us")
}

// One request after the other.
func BenchmarkRequestsInTurn(b *testing.B) {
	worker := realWorker(b, WorkerSettings{})
	ctx := context.Background()
	for i := 0; i < b.N; i++ {
		if _, err := worker.GetStats(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkConsumersComeAndGo(b *testing.B) {
	room := newRealRoom(b)
	ctx := context.Background()
	capabilities := room.router.RtpCapabilities()
	b.ReportAllocs()
	b.SetParallelism(16)
	b.ResetTimer()
	b.RunParallel(func(each *testing.PB) {
		for each.Next() {
			consumer, err := room.direct.Consume(ctx, ConsumeOptions{ProducerID: room.producer.ID(), RtpCapabilities: capabilities})
			if err != nil {
				b.Error(err)
				return
			}
			consumer.Close()
		}
	})
}
