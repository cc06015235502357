package sluice

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"sluice.dev/sdk/rtp"
)

// realWorker starts sluice-worker. Where none is built the test is skipped, but for CI.
func realWorker(t testing.TB, settings WorkerSettings) *Worker {
	t.Helper()
	if !hasWorker() && os.Getenv("CI") == "" {
		t.Skip("no worker is built: set SLUICE_WORKER_BIN")
	}
	settings.OnLog = func(record LogRecord) {
		if record.Level == LogError {
			t.Log(record.Text)
		}
	}
	worker, err := NewWorker(within(t), settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		worker.Close()
		<-worker.Done()
	})
	return worker
}

func hasWorker() bool {
	_, err := exec.LookPath(DefaultWorkerBin())
	return err == nil
}

// within is a context that ends a test that hangs.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func must[T any](t testing.TB) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func someCodecs() []RtpCodecCapability {
	return []RtpCodecCapability{
		{Kind: rtp.Audio, MimeType: "audio/opus", ClockRate: 48000, Channels: 2},
		{Kind: rtp.Video, MimeType: "video/VP8", ClockRate: 90000},
	}
}

func opus(ssrc uint32) RtpParameters {
	return RtpParameters{
		Codecs: []RtpCodecParameters{{MimeType: "audio/opus", PayloadType: 111, ClockRate: 48000, Channels: 2}},
		HeaderExtensions: []rtp.HeaderExtensionParameters{
			{URI: "urn:ietf:params:rtp-hdrext:ssrc-audio-level", ID: 1}},
		Encodings: []RtpEncodingParameters{{SSRC: ssrc}},
		Rtcp:      rtp.RtcpParameters{CNAME: "somebody"},
	}
}

func vp8(ssrc uint32) RtpParameters {
	return RtpParameters{
		Codecs:    []RtpCodecParameters{{MimeType: "video/VP8", PayloadType: 96, ClockRate: 90000}},
		Encodings: []RtpEncodingParameters{{SSRC: ssrc}},
	}
}

var loopback = ListenInfo{Protocol: UDP, IP: "127.0.0.1"}

// opusPacket is RTP (RFC 3550 §5.1) with an audio level (RFC 6464) of -10 dBov.
func opusPacket(ssrc uint32, sequence uint16) []byte {
	timestamp := uint32(sequence) * 960
	return []byte{0x90, 111, byte(sequence >> 8), byte(sequence),
		byte(timestamp >> 24), byte(timestamp >> 16), byte(timestamp >> 8), byte(timestamp),
		byte(ssrc >> 24), byte(ssrc >> 16), byte(ssrc >> 8), byte(ssrc),
		0xbe, 0xde, 0, 1, 0x10, 0x80 | 10, 0, 0,
		0xfc, 1, 2, 3, 4, 5}
}
