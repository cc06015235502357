package ortc

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"sluice.dev/sdk/internal/fault"
	"sluice.dev/sdk/rtp"
)

func camera() rtp.Parameters {
	return rtp.Parameters{
		MID: "1",
		Codecs: rtp.List[rtp.CodecParameters]{
			{MimeType: "video/VP8", PayloadType: 96, ClockRate: 90000,
				RtcpFeedback: rtp.List[rtp.RtcpFeedback]{{Type: "nack"}}},
			{MimeType: "video/rtx", PayloadType: 97, ClockRate: 90000,
				Parameters: rtp.FormatParameters{"apt": 96}},
		},
		HeaderExtensions: rtp.List[rtp.HeaderExtensionParameters]{{URI: midURI, ID: 4}},
		Encodings:        rtp.List[rtp.EncodingParameters]{{SSRC: 1, RTX: &rtp.RtxParameters{SSRC: 2}}},
	}
}

func routerOf(t testing.TB) rtp.Capabilities {
	t.Helper()
	router, err := RouterCapabilities([]rtp.CodecCapability{
		{MimeType: "audio/opus", ClockRate: 48000, Channels: 2},
		{MimeType: "video/VP8", ClockRate: 90000},
	})
	if err != nil {
		t.Fatal(err)
	}
	return router
}

func consumableOf(t testing.TB, sent rtp.Parameters) rtp.Parameters {
	t.Helper()
	parameters, err := ValidateProducerParameters(rtp.Video, sent)
	if err != nil {
		t.Fatal(err)
	}
	mapping, err := ProducerMapping(parameters, routerOf(t))
	if err != nil {
		t.Fatal(err)
	}
	consumable, err := ConsumableParameters(rtp.Video, parameters, routerOf(t), mapping)
	if err != nil {
		t.Fatal(err)
	}
	return consumable
}

func textOfJSON(t testing.TB, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func fieldOf(err error) string {
	var argument *fault.ArgumentError
	if errors.As(err, &argument) {
		return argument.Field
	}
	return ""
}

func TestParametersMayBeNumbersOfAnyType(t *testing.T) {
	type level int16
	for _, apt := range []any{96, int8(96), uint16(96), float32(96), level(96)} {
		sent := camera()
		sent.Codecs[1].Parameters["apt"] = apt
		if codecs := consumableOf(t, sent).Codecs; len(codecs) != 2 {
			t.Fatalf("%T: got %d codecs", apt, len(codecs))
		}
	}
}

func TestParametersThatJSONCouldNotSayAreRefused(t *testing.T) {
	for _, value := range []any{math.NaN(), math.Inf(1), true, []int{1}, struct{}{}, func() {}} {
		sent := camera()
		sent.Codecs[0].Parameters = rtp.FormatParameters{"x": value}
		_, err := ValidateParameters(sent)
		if fieldOf(err) != "rtpParameters.codecs[0].parameters.x" {
			t.Fatalf("%v: got %v", value, err)
		}
	}
	for _, value := range []float64{math.NaN(), math.Inf(-1), -1} {
		sent := camera()
		sent.Encodings[0].ScaleResolutionDownBy = value
		_, err := ValidateParameters(sent)
		if fieldOf(err) != "rtpParameters.encodings[0].scaleResolutionDownBy" {
			t.Fatalf("%v: got %v", value, err)
		}
	}
}

func TestNothingThatIsGivenIsChangedOrShared(t *testing.T) {
	sent, router := camera(), routerOf(t)
	before := textOfJSON(t, []any{sent, router})
	consumable := consumableOf(t, sent)
	consumableBefore := textOfJSON(t, consumable)
	consumer, err := ConsumerParameters(consumable, router, ConsumerOptions{EnableRtx: true, SSRC: 5, MID: "m"})
	if err != nil {
		t.Fatal(err)
	}
	piped, err := PipeParameters(consumable, sent, PipeOptions{EnableRtx: true, SSRCs: []uint32{9}})
	if err != nil {
		t.Fatal(err)
	}
	for _, parameters := range []rtp.Parameters{consumer, piped} {
		for index := range parameters.Codecs {
			parameters.Codecs[index].Parameters["spoiled"] = 1
			if feedback := parameters.Codecs[index].RtcpFeedback; len(feedback) > 0 {
				feedback[0].Type = "spoiled"
			}
		}
		*parameters.Rtcp.ReducedSize = false
	}
	if after := textOfJSON(t, consumable); after != consumableBefore {
		t.Fatalf("got  %s\nwant %s", after, consumableBefore)
	}
	consumable.Codecs[0].Parameters["spoiled"] = 1
	SupportedCapabilities().Codecs[0].RtcpFeedback[0].Type = "spoiled"
	if after := textOfJSON(t, []any{sent, routerOf(t)}); after != before {
		t.Fatalf("got  %s\nwant %s", after, before)
	}
}

func TestAPipeNeedsAnSSRCForEachEncoding(t *testing.T) {
	_, err := PipeParameters(consumableOf(t, camera()), camera(), PipeOptions{})
	if fieldOf(err) != "ssrcs" {
		t.Fatalf("got %v", err)
	}
}

func TestARouterWithoutNumbersIsAnErrorAndNoCrash(t *testing.T) {
	router := rtp.Capabilities{Codecs: rtp.List[rtp.CodecCapability]{
		{MimeType: "video/VP8", ClockRate: 90000},
	}}
	if _, err := ProducerMapping(camera(), router); !errors.Is(err, fault.ErrUnsupported) {
		t.Fatalf("got %v", err)
	}
	router.Codecs[0].ClockRate = 0
	if _, err := ProducerMapping(camera(), router); fieldOf(err) != "router.rtpCapabilities.codecs[0].clockRate" {
		t.Fatalf("got %v", err)
	}
}

func TestNothingInCommonWithNothing(t *testing.T) {
	if can, err := CanConsume(rtp.Parameters{}, rtp.Capabilities{}); can || err != nil {
		t.Fatalf("got %v, %v", can, err)
	}
	_, err := ConsumerParameters(rtp.Parameters{}, rtp.Capabilities{}, ConsumerOptions{})
	if !errors.Is(err, fault.ErrUnsupported) {
		t.Fatalf("got %v", err)
	}
}

// Whatever a client sends is either refused, or goes the whole way to a consumer without a crash.
func FuzzParametersOfClients(f *testing.F) {
	for _, each := range readFixtures(f) {
		for _, text := range []json.RawMessage{each.Args.Value, each.Args.RtpParameters} {
			if text != nil {
				f.Add([]byte(text), []byte(each.Args.RtpCapabilities))
			}
		}
	}
	f.Fuzz(func(t *testing.T, sent, received []byte) {
		receiver, err := DecodeCapabilities(received)
		if err != nil {
			receiver = routerOf(t)
		}
		parameters, err := DecodeParameters(sent)
		if err != nil {
			var argument *fault.ArgumentError
			if !errors.As(err, &argument) || argument.Field == "" {
				t.Fatalf("an error that names no field: %v", err)
			}
			return
		}
		again, err := ValidateParameters(parameters)
		if err != nil || textOfJSON(t, again) != textOfJSON(t, parameters) {
			t.Fatalf("what is valid is not valid again: %v", err)
		}
		for _, kind := range []rtp.MediaKind{rtp.Audio, rtp.Video} {
			playThrough(t, kind, parameters, receiver)
		}
	})
}

func playThrough(t *testing.T, kind rtp.MediaKind, sent rtp.Parameters, receiver rtp.Capabilities) {
	router := routerOf(t)
	parameters, err := ValidateProducerParameters(kind, sent)
	if err != nil {
		return
	}
	mapping, err := ProducerMapping(parameters, router)
	if err != nil {
		return
	}
	consumable, err := ConsumableParameters(kind, parameters, router, mapping)
	if err != nil {
		t.Fatal(err)
	}
	can, err := CanConsume(consumable, receiver)
	if err != nil {
		t.Fatal(err)
	}
	_, err = ConsumerParameters(consumable, receiver, ConsumerOptions{EnableRtx: true, SSRC: 1, MID: "0"})
	if can != (err == nil) {
		t.Fatalf("can consume: %v, but consuming gives %v", can, err)
	}
}
