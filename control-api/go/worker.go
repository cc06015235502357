package sluice

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
	"sluice.dev/sdk/internal/wire"
	"sluice.dev/sdk/rtp"
)

const (
	schemaVersion = 1
	startTimeout  = 10 * time.Second
	// How long the exit of the process may lag behind the end of its stream.
	endDelay = 500 * time.Millisecond
)

// Worker is a process that forwards media on one core.
//
// All its methods, and those of all objects in it, may be called from any number of goroutines.
// Listeners of all objects in it are called one after the other, in the order of the events, on a
// goroutine of the worker; they may call whatever they like, but the next event waits for them.
type Worker struct {
	object
	process interface{ end() }
	pid     int
	onLog   func(LogRecord)
	started chan error
	// Closed when the process is gone.
	done chan struct{}
	// Of participants of all groups: rooms share workers.
	groupPlaces atomic.Int64

	// core.mu guards the rest.
	running     bool
	logLevel    LogLevel
	logTags     []LogTag
	died        error
	broken      error
	routers     map[string]*Router
	servers     map[string]*WebRtcServer
	onDied      listeners[error]
	onNewRouter listeners[*Router]
	onNewServer listeners[*WebRtcServer]
	stats       statsWatch
}

// UpdatableSettings are those of a worker that can change while it runs. What is left out stays.
type UpdatableSettings struct {
	LogLevel LogLevel
	// LogTags replaces those there were, if it is not nil.
	LogTags []LogTag
}

// RouterOptions are what a router is made of.
type RouterOptions struct {
	// MediaCodecs are what it forwards. RTX is added to each codec of video, payload types that are
	// not given are chosen.
	MediaCodecs []rtp.CodecCapability
	// LoudestSpeakers is how many of those who speak are forwarded, the loudest: 1 to 64, or 0 for
	// everybody.
	LoudestSpeakers int
	AppData         any
}

// More at once are a crowd in which nobody is understood.
const maxSpeakers = 64

// NewWorker starts a process and returns when it is ready. It fails with an *ArgumentError for wrong
// settings, also those that only the worker finds wrong, with ErrWorker if the worker is not there or
// ends at once, and with ErrTimeout if it is not ready within 10 s. ctx bounds the start, and not the
// life, of the worker.
func NewWorker(ctx context.Context, settings WorkerSettings) (*Worker, error) {
	args, err := settings.arguments()
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	bin := settings.WorkerBin
	if bin == "" {
		bin = DefaultWorkerBin()
	}
	w := newWorker(settings)
	process, err := startProcess(bin, args, w.logLine)
	if err != nil {
		return nil, err
	}
	w.process, w.pid = process, process.pid()
	w.open(wire.Options{Input: process.messages, Output: process.requests,
		RequestTimeout: settings.requestTimeout()})
	go w.watch(process)
	if err := w.awaitStart(ctx, bin); err != nil {
		w.Close()
		return nil, err
	}
	if len(settings.LogTags) > 0 {
		if err := w.UpdateSettings(ctx, UpdatableSettings{LogTags: settings.LogTags}); err != nil {
			w.Close()
			return nil, err
		}
	}
	return w, nil
}

func newWorker(settings WorkerSettings) *Worker {
	w := &Worker{
		object: object{
			core:    &core{listeners: map[string]newsListener{}},
			noun:    "worker",
			appData: settings.AppData,
		},
		onLog:   settings.OnLog,
		started: make(chan error, 1),
		done:    make(chan struct{}),
		routers: map[string]*Router{},
		servers: map[string]*WebRtcServer{},
	}
	w.core.listeners[""] = w
	w.logLevel = settings.LogLevel
	if w.logLevel == "" {
		w.logLevel = LogError
	}
	w.logTags = settings.LogTags
	return w
}

func (w *Worker) open(options wire.Options) {
	options.Notify = w.core.notify
	options.Failed = w.handleBreak
	options.Ended = w.handleEnd
	options.Odd = func(text string) { w.log(LogRecord{Level: LogWarn, Text: text}) }
	w.core.channel = wire.New(options)
	w.core.channel.Start()
}

func (w *Worker) awaitStart(ctx context.Context, bin string) error {
	timer := time.NewTimer(startTimeout)
	defer timer.Stop()
	select {
	case err := <-w.started:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return fault.Errorf(ErrTimeout, "the worker at %s was not ready within %v", bin, startTimeout)
	}
}

// PID is that of the process.
func (w *Worker) PID() int { return w.pid }

// ID is the PID as text.
func (w *Worker) ID() string { return strconv.Itoa(w.pid) }

// Close ends the process: politely, and after two seconds for certain. Everything in it is closed when
// Close returns; Done tells when the process is gone.
func (w *Worker) Close() {
	w.end(ClosedByApplication, fault.Errorf(ErrInvalidState, "the worker is closed"))
	w.process.end()
}

// Done is closed when the process is gone, for whatever reason.
func (w *Worker) Done() <-chan struct{} { return w.done }

// Died is why the process ended although nobody asked it to; nil if it did not.
func (w *Worker) Died() error {
	w.core.mu.Lock()
	defer w.core.mu.Unlock()
	return w.died
}

// OnDied tells when the process has ended although nobody asked it to, and why. Everything in it is
// closed by then. If it has died already, the listener is told as well.
func (w *Worker) OnDied(call func(error)) (remove func()) {
	w.core.mu.Lock()
	defer w.core.mu.Unlock()
	entry := w.onDied.addLocked(call)
	if w.died != nil {
		late := listeners[error]{entries: []*listener[error]{entry}}
		late.emitEnd(w.core, w.died)
	}
	return func() {
		w.core.mu.Lock()
		defer w.core.mu.Unlock()
		w.onDied.remove(entry)
	}
}

// OnNewRouter tells of each router that is made.
func (w *Worker) OnNewRouter(call func(*Router)) (remove func()) {
	return w.onNewRouter.add(w.core, call)
}

// OnNewWebRtcServer tells of each server that is made.
func (w *Worker) OnNewWebRtcServer(call func(*WebRtcServer)) (remove func()) {
	return w.onNewServer.add(w.core, call)
}

// EventsDropped is how many events were not told because more than MaxWaitingEvents waited for
// listeners.
func (w *Worker) EventsDropped() uint64 { return w.core.events.droppedEvents() }

// UpdateSettings changes settings while the worker runs.
func (w *Worker) UpdateSettings(ctx context.Context, settings UpdatableSettings) error {
	// The worker takes all of them at a time.
	w.core.mu.Lock()
	level, tags := w.logLevel, w.logTags
	w.core.mu.Unlock()
	if settings.LogLevel != "" {
		level = settings.LogLevel
	}
	if settings.LogTags != nil {
		tags = append([]LogTag(nil), settings.LogTags...)
	}
	encodedLevel, err := encodeLogLevel(level)
	if err != nil {
		return err
	}
	encodedTags, err := encodeLogTags(tags)
	if err != nil {
		return err
	}
	body := &schema.UpdateSettingsT{LogLevel: encodedLevel, LogTags: encodedTags}
	return w.command(ctx, schema.RequestBodyUpdateSettings, body, func() {
		w.logLevel, w.logTags = level, tags
	})
}

// GetResourceUsage is what getrusage(2) tells of the process.
func (w *Worker) GetResourceUsage(ctx context.Context) (*WorkerResourceUsage, error) {
	return ask(ctx, &w.object, schema.RequestBodyGetResourceUsage, &schema.GetResourceUsageT{}, decodeResourceUsage)
}

// GetStats is what the worker holds, and what it has received and sent since it started.
func (w *Worker) GetStats(ctx context.Context) (*WorkerStat, error) {
	return ask(ctx, &w.object, schema.RequestBodyGetWorkerStats, &schema.GetWorkerStatsT{}, decodeWorkerStats)
}

// CreateRouter makes a room. It fails with ErrUnsupported for a codec that workers do not have.
func (w *Worker) CreateRouter(ctx context.Context, options RouterOptions) (*Router, error) {
	if err := w.checkOpen(); err != nil {
		return nil, err
	}
	capabilities, err := routerCapabilities(options.MediaCodecs)
	if err != nil {
		return nil, err
	}
	speakers, err := inRange(options.LoudestSpeakers, "loudestSpeakers", 0, maxSpeakers)
	if err != nil {
		return nil, err
	}
	r := newRouter(w, capabilities, options.AppData)
	err = w.core.create(ctx, r.id, request{
		method: schema.RequestBodyCreateRouter,
		body:   &schema.CreateRouterT{RouterId: r.id, LoudestSpeakers: byte(speakers)},
		apply: func(*schema.Response) error {
			if err := w.requireOpen(); err != nil {
				return err
			}
			w.routers[r.id] = r
			r.begin(r)
			w.onNewRouter.emit(w.core, r)
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// WebRtcServerOptions say where the transports of a server listen.
type WebRtcServerOptions struct {
	// ListenInfos are 1 to 8.
	ListenInfos []ListenInfo
	AppData     any
}

// CreateWebRtcServer opens sockets that many transports of the worker share.
func (w *Worker) CreateWebRtcServer(ctx context.Context, options WebRtcServerOptions) (*WebRtcServer, error) {
	if err := w.checkOpen(); err != nil {
		return nil, err
	}
	infos, err := encodeListenInfos(options.ListenInfos)
	if err != nil {
		return nil, err
	}
	s := newWebRtcServer(w, options.AppData)
	err = w.core.create(ctx, s.id, request{
		method: schema.RequestBodyCreateWebRtcServer,
		body:   &schema.CreateWebRtcServerT{WebrtcServerId: s.id, ListenInfos: infos},
		apply: func(response *schema.Response) error {
			created, err := bodyOf[schema.WebRtcServerCreated](response, schema.ResponseBodyWebRtcServerCreated)
			if err != nil {
				return err
			}
			if err := w.requireOpen(); err != nil {
				return err
			}
			for i := 0; i < created.PortsLength(); i++ {
				s.ports = append(s.ports, created.Ports(i))
			}
			w.servers[s.id] = s
			w.onNewServer.emit(w.core, s)
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}
