package ortc

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"sluice.dev/sdk/internal/fault"
	"sluice.dev/sdk/rtp"
)

// fixture is one case of control-api/fixtures/ortc, which the Node SDK's tests read as well.
type fixture struct {
	Name   string
	Call   string
	Args   arguments
	Result json.RawMessage
	Error  *struct{ Class, Field, Message string }
}

type arguments struct {
	Value, MediaCodecs, RtpParameters, RtpCapabilities json.RawMessage

	Kind          rtp.MediaKind
	A, B          Codec
	Text, Mode    string
	Local, Remote rtp.FormatParameters
	Encodings     rtp.List[rtp.EncodingParameters]
	EnableRtx     bool
	SSRC          uint32
	SSRCs         []uint32
	MID           string
}

func (a *arguments) router() (rtp.Capabilities, error) {
	var codecs []rtp.CodecCapability
	if err := json.Unmarshal(a.MediaCodecs, &codecs); err != nil {
		return rtp.Capabilities{}, err
	}
	return RouterCapabilities(codecs)
}

type produced struct {
	Mapping    rtp.Mapping    `json:"mapping"`
	Consumable rtp.Parameters `json:"consumable"`
}

func (a *arguments) produce() (result produced, err error) {
	router, err := a.router()
	if err != nil {
		return result, err
	}
	parameters, err := DecodeParameters(a.RtpParameters)
	if err != nil {
		return result, err
	}
	if parameters, err = ValidateProducerParameters(a.Kind, parameters); err != nil {
		return result, err
	}
	if result.Mapping, err = ProducerMapping(parameters, router); err != nil {
		return result, err
	}
	result.Consumable, err = ConsumableParameters(a.Kind, parameters, router, result.Mapping)
	return result, err
}

func (a *arguments) produceFor() (rtp.Parameters, rtp.Capabilities, error) {
	result, err := a.produce()
	if err != nil {
		return rtp.Parameters{}, rtp.Capabilities{}, err
	}
	var receiver rtp.Capabilities
	err = json.Unmarshal(a.RtpCapabilities, &receiver)
	return result.Consumable, receiver, err
}

func (a *arguments) consume() (rtp.Parameters, rtp.Capabilities, error) {
	consumable, receiver, err := a.produceFor()
	if err != nil {
		return rtp.Parameters{}, receiver, err
	}
	parameters, err := ConsumerParameters(consumable, receiver,
		ConsumerOptions{a.EnableRtx, a.SSRC, a.MID})
	return parameters, receiver, err
}

var calls = map[string]func(*arguments) (any, error){
	"supportedRtpCapabilities": func(*arguments) (any, error) { return SupportedCapabilities(), nil },
	"routerRtpCapabilities":    func(a *arguments) (any, error) { return a.router() },
	"validateRtpParameters":    func(a *arguments) (any, error) { return DecodeParameters(a.Value) },
	"validateRtpCapabilities":  func(a *arguments) (any, error) { return DecodeCapabilities(a.Value) },
	"producerRtpParameters": func(a *arguments) (any, error) {
		parameters, err := DecodeParameters(a.Value)
		if err != nil {
			return nil, err
		}
		return ValidateProducerParameters(a.Kind, parameters)
	},
	"isCompatibleCodec": func(a *arguments) (any, error) { return IsCompatibleCodec(a.A, a.B), nil },
	"parseProfileLevelId": func(a *arguments) (any, error) {
		if profile, isOne := ParseProfileLevelID(a.Text); isOne {
			return profile, nil
		}
		return nil, nil
	},
	"answerProfileLevelId": func(a *arguments) (any, error) {
		return AnswerProfileLevelID(a.Local, a.Remote), nil
	},
	"parseScalabilityMode": func(a *arguments) (any, error) { return ParseScalabilityMode(a.Mode), nil },
	"producerType": func(a *arguments) (any, error) {
		return ProducerType(rtp.Parameters{Encodings: a.Encodings}), nil
	},
	"produce": func(a *arguments) (any, error) { return a.produce() },
	"canConsume": func(a *arguments) (any, error) {
		consumable, receiver, err := a.produceFor()
		if err != nil {
			return nil, err
		}
		return CanConsume(consumable, receiver)
	},
	"consume": func(a *arguments) (any, error) {
		parameters, _, err := a.consume()
		return parameters, err
	},
	"consumeInReceiverNumbers": func(a *arguments) (any, error) {
		parameters, receiver, err := a.consume()
		if err != nil {
			return nil, err
		}
		numbered, mapping, err := InReceiverNumbers(parameters, receiver)
		return map[string]any{"rtpParameters": numbered, "mapping": mapping}, err
	},
	"pipe": func(a *arguments) (any, error) {
		result, err := a.produce()
		if err != nil {
			return nil, err
		}
		sent, err := DecodeParameters(a.RtpParameters)
		if err != nil {
			return nil, err
		}
		return PipeParameters(result.Consumable, sent, PipeOptions{a.EnableRtx, a.SSRCs})
	},
}

func readFixtures(t testing.TB) []fixture {
	t.Helper()
	files, err := filepath.Glob("../../fixtures/ortc/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	var all []fixture
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var cases []fixture
		if err := json.Unmarshal(text, &cases); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, cases...)
	}
	return all
}

func TestBothSDKsGiveTheSameJSON(t *testing.T) {
	for _, each := range readFixtures(t) {
		each := each
		t.Run(each.Name, func(t *testing.T) {
			call := calls[each.Call]
			if call == nil {
				t.Fatalf("there is no call %q", each.Call)
			}
			result, err := call(&each.Args)
			if each.Error != nil {
				checkError(t, &each, err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			checkSame(t, result, each.Result)
		})
	}
}

func checkError(t *testing.T, each *fixture, err error) {
	t.Helper()
	switch each.Error.Class {
	case "argument":
		var argument *fault.ArgumentError
		if !errors.As(err, &argument) || argument.Field != each.Error.Field {
			t.Fatalf("got %v, want an argument error of %s", err, each.Error.Field)
		}
	case "unsupported":
		if !errors.Is(err, fault.ErrUnsupported) || err.Error() != each.Error.Message {
			t.Fatalf("got %v, want %s", err, each.Error.Message)
		}
	default:
		t.Fatalf("there is no class %q", each.Error.Class)
	}
}

func checkSame(t *testing.T, result any, want json.RawMessage) {
	t.Helper()
	text, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	var got, wanted any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(want, &wanted); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, wanted) {
		t.Fatalf("got  %s\nwant %s", text, want)
	}
}
