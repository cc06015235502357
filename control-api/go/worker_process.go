package sluice

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"sluice.dev/sdk/internal/fault"
)

const (
	// How long a worker may take to end by itself after SIGTERM.
	killDelay = 2 * time.Second
	// How much of standard error is kept to explain a death.
	keptStderr = 4096
	// Lines longer than this are cut in the log.
	maxLine = 4096
	// What a worker exits with when its options are wrong.
	wrongOptions = 2
)

// DefaultWorkerBin is where the worker is looked for: the environment variable SLUICE_WORKER_BIN; else a
// release build in the repository that this source lies in; else sluice-worker of the PATH.
func DefaultWorkerBin() string {
	if bin := os.Getenv("SLUICE_WORKER_BIN"); bin != "" {
		return bin
	}
	if _, source, _, ok := runtime.Caller(0); ok {
		root := filepath.Join(filepath.Dir(source), "..", "..")
		built := filepath.Join(root, "build", "release", "worker", "sluice-worker")
		if info, err := os.Stat(built); err == nil && info.Mode()&0o111 != 0 {
			return built
		}
	}
	return "sluice-worker"
}

// workerProcess is a worker as a child process: started, watched, ended. It knows nothing of what is
// said to it.
type workerProcess struct {
	command  *exec.Cmd
	requests io.WriteCloser
	messages io.ReadCloser
	// Closed when the process is gone and all it has said has been read.
	gone chan struct{}
	// How it ended; valid once gone is closed.
	exit processExit

	mu     sync.Mutex
	ending bool
}

type processExit struct {
	state *os.ProcessState
	// What it said last on standard error.
	stderr string
	// The signal that ended it is one that we sent.
	signalIsOurs bool
}

// startProcess has the worker read descriptor 3 and write descriptor 4. onLine is told each line that
// it prints, and whether it came from standard error, from two goroutines.
func startProcess(bin string, args []string, onLine func(line string, isError bool)) (*workerProcess, error) {
	requestsOut, requests, err := os.Pipe()
	if err != nil {
		return nil, fault.Errorf(ErrResourceExhausted, "no pipe for the worker: %v", err)
	}
	messages, messagesIn, err := os.Pipe()
	if err != nil {
		closeAll(requestsOut, requests)
		return nil, fault.Errorf(ErrResourceExhausted, "no pipe for the worker: %v", err)
	}
	command := exec.Command(bin, args...)
	command.ExtraFiles = []*os.File{requestsOut, messagesIn}
	// A Ctrl-C in the terminal goes to the whole group. The application decides when its workers end.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdout, outErr := command.StdoutPipe()
	stderr, errErr := command.StderrPipe()
	err = firstError(outErr, errErr)
	if err == nil {
		err = command.Start()
	}
	// The child has its own.
	closeAll(requestsOut, messagesIn)
	if err != nil {
		closeAll(requests, messages)
		return nil, explainStartError(bin, err)
	}
	p := &workerProcess{command: command, requests: requests, messages: messages, gone: make(chan struct{})}
	go p.watch(stdout, stderr, onLine)
	return p, nil
}

func (p *workerProcess) pid() int { return p.command.Process.Pid }

// end closes the channel, asks the process to end, and makes it end.
func (p *workerProcess) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ending {
		return
	}
	p.ending = true
	closeAll(p.requests, p.messages)
	// It may be gone already, which is as good.
	_ = p.command.Process.Signal(syscall.SIGTERM)
	go func() {
		timer := time.NewTimer(killDelay)
		defer timer.Stop()
		select {
		case <-p.gone:
		case <-timer.C:
			_ = p.command.Process.Kill()
		}
	}()
}

func (p *workerProcess) watch(stdout, stderr io.Reader, onLine func(string, bool)) {
	var reading sync.WaitGroup
	var kept string
	reading.Add(2)
	go func() {
		defer reading.Done()
		eachLine(stdout, func(line string) { onLine(line, false) })
	}()
	go func() {
		defer reading.Done()
		eachLine(stderr, func(line string) {
			kept += line + "\n"
			if len(kept) > keptStderr {
				kept = kept[len(kept)-keptStderr:]
			}
			onLine(line, true)
		})
	}()
	// Wait closes what has not been read.
	reading.Wait()
	_ = p.command.Wait()
	state := p.command.ProcessState
	p.mu.Lock()
	p.exit = processExit{state: state, stderr: strings.TrimSpace(kept)}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		signal := status.Signal()
		p.exit.signalIsOurs = p.ending && (signal == syscall.SIGTERM || signal == syscall.SIGKILL)
	}
	p.mu.Unlock()
	close(p.gone)
}

// eachLine cuts what is longer than a log can bear, and reads on to the end whatever comes.
func eachLine(stream io.Reader, call func(string)) {
	reader := bufio.NewReaderSize(stream, maxLine)
	for {
		line, isCut, err := reader.ReadLine()
		if err != nil {
			return
		}
		if len(line) > 0 {
			call(string(line))
		}
		for isCut && err == nil {
			_, isCut, err = reader.ReadLine()
		}
	}
}

func (e processExit) String() string {
	how := e.state.String()
	if e.stderr == "" {
		return how
	}
	return how + ": " + e.stderr
}

// explain tells why a worker died whose channel broke with broken, if it did. A signal from elsewhere
// is the cause and the broken channel its effect; otherwise the process ended because the channel broke.
func (e processExit) explain(broken error) string {
	if broken == nil {
		return e.String()
	}
	status, ok := e.state.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() && !e.signalIsOurs {
		return fmt.Sprintf("%v (%v)", e, broken)
	}
	return fmt.Sprintf("%v (%v)", broken, e)
}

func explainStartError(bin string, err error) error {
	const hint = "build it, or name it with the setting WorkerBin or the environment variable SLUICE_WORKER_BIN"
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, exec.ErrNotFound):
		return fault.Errorf(ErrWorker, "there is no worker at %s: %s", bin, hint)
	case errors.Is(err, fs.ErrPermission):
		return fault.Errorf(ErrWorker, "the worker at %s is not executable: %s", bin, hint)
	}
	return fault.Errorf(ErrWorker, "the worker at %s could not be started: %v", bin, err)
}

func closeAll(closers ...io.Closer) {
	for _, closer := range closers {
		_ = closer.Close()
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
