package sluice

import (
	"strconv"
	"time"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
)

// LogLevel is how much a worker says.
type LogLevel string

// The levels of the log; each includes those before it.
const (
	LogNone  LogLevel = "none"
	LogError LogLevel = "error"
	LogWarn  LogLevel = "warn"
	LogDebug LogLevel = "debug"
)

// LogTag is what lines of a worker's log are about.
type LogTag string

// The tags of the log.
const (
	LogTagInfo      LogTag = "info"
	LogTagICE       LogTag = "ice"
	LogTagDTLS      LogTag = "dtls"
	LogTagRTP       LogTag = "rtp"
	LogTagSRTP      LogTag = "srtp"
	LogTagRTCP      LogTag = "rtcp"
	LogTagRTX       LogTag = "rtx"
	LogTagBWE       LogTag = "bwe"
	LogTagScore     LogTag = "score"
	LogTagSimulcast LogTag = "simulcast"
	LogTagSVC       LogTag = "svc"
	LogTagSCTP      LogTag = "sctp"
	LogTagMessage   LogTag = "message"
)

// In the order of the schema.
var (
	logLevels = []LogLevel{LogNone, LogError, LogWarn, LogDebug}
	logTags   = []LogTag{LogTagInfo, LogTagICE, LogTagDTLS, LogTagRTP, LogTagSRTP, LogTagRTCP, LogTagRTX,
		LogTagBWE, LogTagScore, LogTagSimulcast, LogTagSVC, LogTagSCTP, LogTagMessage}
)

// LogRecord is one line of a worker's log, or of the SDK about the worker.
type LogRecord struct {
	Level LogLevel
	// Tag is empty for lines from standard output and standard error, and for those of the SDK.
	Tag  LogTag
	Text string
}

// WorkerSettings are what a worker is started with. The zero value is good.
type WorkerSettings struct {
	// LogLevel is LogError if empty.
	LogLevel LogLevel
	// LogTags are those whose objects are spoken of, up to LogLevel.
	LogTags []LogTag
	// OnLog is told what the worker logs, and what comes out of its standard error, on the goroutine
	// of its events. Nil: nobody is.
	OnLog func(LogRecord)
	// DtlsCertificateFile and DtlsPrivateKeyFile are paths of PEM files, and go together. Empty: the
	// worker makes a certificate of its own.
	DtlsCertificateFile string
	DtlsPrivateKeyFile  string
	// RtcMinPort and RtcMaxPort bound the ports of transports that name none. 0: the worker's
	// defaults, 10000 and 59999.
	RtcMinPort uint16
	RtcMaxPort uint16
	// WorkerBin is the path of sluice-worker. Empty: as DefaultWorkerBin says.
	WorkerBin string
	// Bandwidth is BandwidthAdapt if empty.
	Bandwidth BandwidthMode
	// MaxHold is for how long a packet may be held back at most so that others leave with it, as load
	// grows: up to 20 ms, in microseconds. 0 takes 2 ms; less than 0 stands for never.
	MaxHold time.Duration
	// SegmentTrains says whether what one peer is owed leaves in one piece (UDP_SEGMENT), with RTP
	// padding where sizes hardly differ, as far as kernel and device allow. Nil stands for true.
	SegmentTrains *bool
	// MaxTCPConnections bounds ICE-TCP connections at one time, up to 20,000, which nil takes.
	MaxTCPConnections *int
	// StunServer says whether STUN Binding requests of anybody are answered on the media ports. To no
	// address go more bytes than came from it, and 500 answers a second in all.
	StunServer bool
	// BweTraceDirectory is an existing directory: what bandwidth estimators are told is written
	// there, a file for each transport.
	BweTraceDirectory string
	// RequestTimeout is how long the worker has for an answer, whatever the caller's context says. 0
	// takes 10 s; less than 0 stands for no timeout.
	RequestTimeout time.Duration
	AppData        any
}

// BandwidthMode is what estimates of paths are for.
type BandwidthMode string

// The uses of estimates.
const (
	// BandwidthAdapt: they bound what is sent.
	BandwidthAdapt BandwidthMode = "adapt"
	// BandwidthObserve: they are only told.
	BandwidthObserve BandwidthMode = "observe"
)

const (
	defaultRequestTimeout = 10 * time.Second
	mostHold              = 20 * time.Millisecond
	mostTCPConnections    = 20000
)

// Ptr is for options that tell nothing from zero: sluice.Ptr(false).
func Ptr[T any](value T) *T { return &value }

func valueOr[T any](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}
	return *value
}

func (s *WorkerSettings) arguments() ([]string, error) {
	level := s.LogLevel
	if level == "" {
		level = LogError
	}
	if _, err := encodeLogLevel(level); err != nil {
		return nil, err
	}
	if _, err := encodeLogTags(s.LogTags); err != nil {
		return nil, err
	}
	args := []string{"--log-level=" + string(level)}
	if (s.DtlsCertificateFile == "") != (s.DtlsPrivateKeyFile == "") {
		return nil, fault.Argument("dtlsCertificateFile",
			"dtlsCertificateFile and dtlsPrivateKeyFile go together")
	}
	add := func(given bool, name, value string) {
		if given {
			args = append(args, name, value)
		}
	}
	add(s.DtlsCertificateFile != "", "--dtls-certificate", s.DtlsCertificateFile)
	add(s.DtlsPrivateKeyFile != "", "--dtls-private-key", s.DtlsPrivateKeyFile)
	add(s.RtcMinPort != 0, "--rtc-min-port", strconv.Itoa(int(s.RtcMinPort)))
	add(s.RtcMaxPort != 0, "--rtc-max-port", strconv.Itoa(int(s.RtcMaxPort)))
	if s.Bandwidth != "" && s.Bandwidth != BandwidthAdapt && s.Bandwidth != BandwidthObserve {
		return nil, fault.Argument("bandwidth", "%q is neither adapt nor observe", s.Bandwidth)
	}
	add(s.Bandwidth != "", "--bandwidth", string(s.Bandwidth))
	hold := s.MaxHold
	if hold < 0 {
		hold = 0
	}
	if hold > mostHold {
		return nil, fault.Argument("maxHold", "%v is more than %v", s.MaxHold, mostHold)
	}
	add(s.MaxHold != 0, "--max-hold-us", strconv.FormatInt(hold.Microseconds(), 10))
	add(s.SegmentTrains != nil, "--segment-trains", onOff(valueOr(s.SegmentTrains, true)))
	connections := valueOr(s.MaxTCPConnections, mostTCPConnections)
	if connections < 0 || connections > mostTCPConnections {
		return nil, fault.Argument("maxTCPConnections", "%d is not 0 to %d", connections, mostTCPConnections)
	}
	add(s.MaxTCPConnections != nil, "--max-tcp-connections", strconv.Itoa(connections))
	add(s.StunServer, "--stun-server", "on")
	add(s.BweTraceDirectory != "", "--bwe-trace", s.BweTraceDirectory)
	return args, nil
}

func (s *WorkerSettings) requestTimeout() time.Duration {
	switch {
	case s.RequestTimeout == 0:
		return defaultRequestTimeout
	case s.RequestTimeout < 0:
		return 0
	}
	return s.RequestTimeout
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func encodeLogLevel(level LogLevel) (schema.LogLevel, error) {
	index, err := indexOf(level, "logLevel", logLevels)
	return schema.LogLevel(index), err
}

func encodeLogTags(tags []LogTag) ([]schema.LogTag, error) {
	encoded := make([]schema.LogTag, 0, len(tags))
	for i, tag := range tags {
		index, err := indexOf(tag, "logTags["+strconv.Itoa(i)+"]", logTags)
		if err != nil {
			return nil, err
		}
		encoded = append(encoded, schema.LogTag(index))
	}
	return encoded, nil
}

// indexOf is the place of value in choices, or an *ArgumentError that names the field.
func indexOf[T ~string](value T, field string, choices []T) (int, error) {
	for i, choice := range choices {
		if choice == value {
			return i, nil
		}
	}
	return 0, fault.Argument(field, "%q is none of %q", value, choices)
}

// nameOf is the choice at a place that a worker told, or the first one if there is none.
func nameOf[T ~string](index int, choices []T) T {
	if index < 0 || index >= len(choices) {
		return choices[0]
	}
	return choices[index]
}
