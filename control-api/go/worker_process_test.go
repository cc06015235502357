package sluice

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	schema "sluice.dev/sdk/internal/generated"
)

// The test binary is its own fake worker: started with this in its environment it behaves badly.
const behaviour = "SLUICE_FAKE_WORKER"

func TestMain(m *testing.M) {
	if how := os.Getenv(behaviour); how != "" {
		os.Exit(misbehave(how))
	}
	// Examples cannot be skipped one by one.
	flag.Parse()
	if run := flag.Lookup("test.run"); !hasWorker() && os.Getenv("CI") == "" && run.Value.String() == "" {
		fmt.Println("no worker is built: the examples are left out")
		_ = flag.Set("test.run", "^(Test|Fuzz)")
	}
	os.Exit(m.Run())
}

func misbehave(how string) int {
	requests, messages := os.NewFile(3, "requests"), os.NewFile(4, "messages")
	running := func(version uint32) {
		_, _ = messages.Write(messageFrame(schema.MessageBodyNotification, &schema.NotificationT{
			Body: &schema.NotificationBodyT{Type: schema.NotificationBodyWorkerRunning,
				Value: &schema.WorkerRunningT{Version: "fake", SchemaVersion: version}}}))
	}
	switch how {
	case "wrong options":
		fmt.Fprintln(os.Stderr, "--log-level: unknown level")
		return 2
	case "ends at once":
		fmt.Fprintln(os.Stderr, "no sockets today")
		return 7
	case "other schema":
		running(schemaVersion + 1)
		_, _ = readFrame(requests)
		return 0
	case "dies":
		running(schemaVersion)
		_, _ = readFrame(requests)
		fmt.Fprintln(os.Stderr, "assertion failed: sky is blue")
		return 3
	case "closes its channel":
		running(schemaVersion)
		_, _ = readFrame(requests)
		_ = messages.Close()
		hang()
	case "talks nonsense":
		running(schemaVersion)
		_, _ = readFrame(requests)
		_, _ = messages.Write([]byte("this is no frame at all"))
		hang()
	case "does not end":
		signal.Ignore(syscall.SIGTERM)
		running(schemaVersion)
		hang()
	case "prints":
		fmt.Println(strings.Repeat("x", 3*maxLine))
		fmt.Println("short")
		running(schemaVersion)
		_, _ = readFrame(requests)
		return 0
	}
	return 99
}

// hang is no deadlock that the runtime would end.
func hang() {
	never := make(chan os.Signal, 1)
	signal.Notify(never, syscall.SIGUSR1)
	<-never
}

func startFake(t *testing.T, how string, settings WorkerSettings) (*Worker, error) {
	t.Helper()
	t.Setenv(behaviour, how)
	settings.WorkerBin = os.Args[0]
	worker, err := NewWorker(within(t), settings)
	if worker != nil {
		t.Cleanup(func() {
			worker.Close()
			<-worker.Done()
		})
	}
	return worker, err
}

func TestAWorkerThatDoesNotStartSaysWhy(t *testing.T) {
	var argument *ArgumentError
	if _, err := startFake(t, "wrong options", WorkerSettings{}); !errors.As(err, &argument) ||
		!strings.Contains(err.Error(), "unknown level") {
		t.Errorf("got %v", err)
	}
	if _, err := startFake(t, "ends at once", WorkerSettings{}); !errors.Is(err, ErrWorker) ||
		!strings.Contains(err.Error(), "exit status 7: no sockets today") {
		t.Errorf("got %v", err)
	}
	if _, err := startFake(t, "other schema", WorkerSettings{}); !errors.Is(err, ErrWorker) ||
		!strings.Contains(err.Error(), "schema 2") {
		t.Errorf("got %v", err)
	}
}

func TestAWorkerThatIsNotThereIsAnErrorThatHelps(t *testing.T) {
	directory := t.TempDir()
	file := filepath.Join(directory, "file")
	check(t, os.WriteFile(file, nil, 0o600))
	for bin, want := range map[string]string{
		filepath.Join(directory, "nothing"): "SLUICE_WORKER_BIN",
		"no-such-worker-anywhere":           "SLUICE_WORKER_BIN",
		file:                                "is not executable",
	} {
		_, err := NewWorker(within(t), WorkerSettings{WorkerBin: bin})
		if !errors.Is(err, ErrWorker) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", bin, err)
		}
	}
}

func TestWrongSettingsAreNamed(t *testing.T) {
	for field, settings := range map[string]WorkerSettings{
		"logLevel":            {LogLevel: "loud"},
		"logTags[0]":          {LogTags: []LogTag{"gossip"}},
		"dtlsCertificateFile": {DtlsPrivateKeyFile: "key.pem"},
		"bandwidth":           {Bandwidth: "guess"},
		"maxHold":             {MaxHold: time.Second},
		"maxTCPConnections":   {MaxTCPConnections: Ptr(-1)},
	} {
		var argument *ArgumentError
		if _, err := NewWorker(within(t), settings); !errors.As(err, &argument) || argument.Field != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
}

func TestSettingsBecomeOptionsOfTheWorker(t *testing.T) {
	settings := WorkerSettings{LogLevel: LogWarn, RtcMinPort: 40000, RtcMaxPort: 40100, MaxHold: -1,
		SegmentTrains: Ptr(false), MaxTCPConnections: Ptr(0), StunServer: true, Bandwidth: BandwidthObserve,
		DtlsCertificateFile: "c.pem", DtlsPrivateKeyFile: "k.pem", BweTraceDirectory: "traces"}
	args, err := settings.arguments()
	check(t, err)
	want := "--log-level=warn --dtls-certificate c.pem --dtls-private-key k.pem --rtc-min-port 40000 " +
		"--rtc-max-port 40100 --bandwidth observe --max-hold-us 0 --segment-trains off " +
		"--max-tcp-connections 0 --stun-server on --bwe-trace traces"
	if got := strings.Join(args, " "); got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
}

func TestADeathEndsEverythingAndSaysWhy(t *testing.T) {
	for how, want := range map[string]string{
		"dies":               "assertion failed: sky is blue",
		"closes its channel": "closed its channel",
		"talks nonsense":     "exceeds the limit",
	} {
		t.Run(how, func(t *testing.T) {
			before := openFiles(t)
			worker, err := startFake(t, how, WorkerSettings{})
			check(t, err)
			died, closed := make(chan error, 2), make(chan CloseReason, 2)
			worker.OnDied(func(err error) { died <- err })
			worker.OnClose(func(why CloseReason) { closed <- why })
			if _, err := worker.CreateRouter(within(t), RouterOptions{}); !errors.Is(err, ErrWorker) {
				t.Errorf("got %v", err)
			}
			if err := soon(t, died); !errors.Is(err, ErrWorker) || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v", err)
			}
			if why := soon(t, closed); why != ClosedWithWorker || worker.Died() == nil {
				t.Errorf("got %v", why)
			}
			<-worker.Done()
			// Whoever comes later is told as well.
			worker.OnDied(func(err error) { died <- err })
			soon(t, died)
			if _, err := worker.CreateRouter(within(t), RouterOptions{}); !errors.Is(err, ErrInvalidState) {
				t.Errorf("got %v", err)
			}
			if after := openFiles(t); after > before {
				t.Errorf("%d files are open, %d were", after, before)
			}
		})
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	check(t, err)
	return len(files)
}

func TestAWorkerThatDoesNotEndIsMadeTo(t *testing.T) {
	worker, err := startFake(t, "does not end", WorkerSettings{})
	check(t, err)
	worker.Close()
	worker.Close()
	<-worker.Done()
	if err := worker.Died(); err != nil {
		t.Fatalf("nobody died: %v", err)
	}
	if err := syscall.Kill(worker.PID(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Fatalf("it is still there: %v", err)
	}
}

func TestWhatAWorkerPrintsIsLogged(t *testing.T) {
	lines := make(chan LogRecord, 16)
	_, err := startFake(t, "prints", WorkerSettings{OnLog: func(record LogRecord) { lines <- record }})
	check(t, err)
	if long := soon(t, lines); len(long.Text) != maxLine || long.Level != LogDebug {
		t.Fatalf("got %d characters", len(long.Text))
	}
	if short := soon(t, lines); short.Text != "short" {
		t.Fatalf("got %+v", short)
	}
}

func TestAStartCanBeCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := NewWorker(ctx, WorkerSettings{WorkerBin: os.Args[0]}); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}
