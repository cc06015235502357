package sluice

import (
	"fmt"
	"time"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
)

// end closes everything in the worker. False if it was closed before.
func (w *Worker) end(reason CloseReason, why error) bool {
	w.core.channel.ShutDown(why)
	w.core.mu.Lock()
	defer w.core.mu.Unlock()
	if w.reason != NotClosed {
		return false
	}
	for _, router := range w.routers {
		router.end(ClosedWithWorker)
	}
	for _, server := range w.servers {
		server.end(ClosedWithWorker)
	}
	if reason != ClosedByApplication && w.running {
		w.died = why
		w.onDied.emitEnd(w.core, why)
	}
	return w.finish(reason)
}

// watch waits for the end of the process.
func (w *Worker) watch(process *workerProcess) {
	<-process.gone
	exit := process.exit
	// Its pipes are ours to close.
	process.end()
	w.core.mu.Lock()
	broken, running := w.broken, w.running
	w.core.mu.Unlock()
	if !running {
		w.tellStart(explainFailedStart(exit, broken))
	}
	w.end(ClosedWithWorker, fault.Errorf(ErrWorker, "the worker died [pid: %d]: %s", w.pid, exit.explain(broken)))
	close(w.done)
}

// Without its channel a worker is of no use to anybody. Most often it is dead already, and its exit tells
// why; if it is not, it is made to end.
func (w *Worker) handleBreak(err error) {
	w.core.mu.Lock()
	w.broken = err
	running := w.running
	w.core.mu.Unlock()
	if !running {
		w.tellStart(err)
	}
	w.process.end()
}

// A dying worker ends its stream first. One that closes it and lives on has to be told.
func (w *Worker) handleEnd() {
	go func() {
		timer := time.NewTimer(endDelay)
		defer timer.Stop()
		select {
		case <-w.done:
		case <-timer.C:
			w.core.channel.Fail(fault.Errorf(ErrWorker, "the worker closed its channel"))
		}
	}()
}

// tellStart tells NewWorker, which listens to the first only.
func (w *Worker) tellStart(err error) {
	select {
	case w.started <- err:
	default:
	}
}

// handle takes what concerns the worker itself. With core.mu held.
func (w *Worker) handle(notification *schema.Notification) {
	if w.stats.handle(w.core, notification) {
		return
	}
	switch notification.BodyType() {
	case schema.NotificationBodyWorkerRunning:
		running := newsOf[schema.WorkerRunning](notification)
		if version := running.SchemaVersion(); version != schemaVersion {
			w.tellStart(fault.Errorf(ErrWorker,
				"the worker does not fit this SDK: it speaks schema %d, this SDK %d", version, schemaVersion))
			return
		}
		w.running = true
		w.tellStart(nil)
	case schema.NotificationBodyLog:
		line := newsOf[schema.Log](notification)
		w.log(LogRecord{
			Level: nameOf(int(line.Level()), logLevels),
			Tag:   nameOf(int(line.Tag()), logTags),
			Text:  string(line.Text()),
		})
	}
}

func (w *Worker) logLine(line string, isError bool) {
	level := LogDebug
	if isError {
		level = LogError
	}
	w.log(LogRecord{Level: level, Text: line})
}

// The listener of the log never changes, so this needs no lock.
func (w *Worker) log(record LogRecord) {
	if w.onLog != nil {
		w.core.events.push(func() { w.onLog(record) }, true)
	}
}

func explainFailedStart(exit processExit, broken error) error {
	text := fmt.Sprintf("the worker ended before it was ready, %s", exit.explain(broken))
	if exit.state.ExitCode() == wrongOptions {
		return fault.Argument("", "%s", text)
	}
	return fault.Errorf(ErrWorker, "%s", text)
}
