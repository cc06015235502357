package ortc

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"sluice.dev/sdk/rtp"
)

// plain gives a parameter of any Go type as what JSON would make of it: a string or a float64.
func plain(value any) (any, bool) {
	switch typed := value.(type) {
	case nil:
		return "", true
	case string:
		return typed, true
	case float64:
		return typed, true
	}
	number := reflect.ValueOf(value)
	switch {
	case number.CanInt():
		return float64(number.Int()), true
	case number.CanUint():
		return float64(number.Uint()), true
	case number.CanFloat():
		return number.Float(), true
	case number.Kind() == reflect.String:
		return number.String(), true
	}
	return nil, false
}

// numberOf reads a parameter as a number: SDP knows only text, so one side may say "1" where the
// other says 1. What is no number is NaN, which equals nothing.
func numberOf(parameters rtp.FormatParameters, name string, missing float64) float64 {
	value, known := parameters[name]
	if !known {
		return missing
	}
	simple, _ := plain(value)
	switch typed := simple.(type) {
	case float64:
		return typed
	case string:
		text := strings.TrimSpace(typed)
		if text == "" {
			return 0
		}
		if number, err := strconv.ParseFloat(text, 64); err == nil {
			return number
		}
	}
	return math.NaN()
}

func textOf(parameters rtp.FormatParameters, name, missing string) string {
	value, known := parameters[name]
	if !known {
		return missing
	}
	simple, _ := plain(value)
	return fmt.Sprint(simple)
}

// aptOf is the payload type that an RTX codec repeats (RFC 4588 §8.1), or -1 if it names none.
func aptOf(parameters rtp.FormatParameters) int {
	simple, _ := plain(parameters["apt"])
	if apt, isNumber := simple.(float64); isNumber && apt >= 0 && apt <= maxPayloadType {
		return int(apt)
	}
	return -1
}

func cloneParameters(parameters rtp.FormatParameters) rtp.FormatParameters {
	clone := make(rtp.FormatParameters, len(parameters))
	for name, value := range parameters {
		clone[name] = value
	}
	return clone
}

func cloneFeedback(feedback rtp.List[rtp.RtcpFeedback]) rtp.List[rtp.RtcpFeedback] {
	return append(rtp.List[rtp.RtcpFeedback]{}, feedback...)
}
