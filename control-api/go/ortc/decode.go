package ortc

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"sluice.dev/sdk/internal/fault"
	"sluice.dev/sdk/rtp"
)

// DecodeParameters reads and validates what a client says that it sends. What json.Unmarshal would
// complain about is an *ArgumentError as well, with the place of the field.
func DecodeParameters(text []byte) (rtp.Parameters, error) {
	var parameters rtp.Parameters
	if err := decode(text, "rtpParameters", &parameters); err != nil {
		return rtp.Parameters{}, err
	}
	return ValidateParameters(parameters)
}

// DecodeCapabilities reads and validates what a client says that it can receive.
func DecodeCapabilities(text []byte) (rtp.Capabilities, error) {
	var capabilities rtp.Capabilities
	if err := decode(text, "rtpCapabilities", &capabilities); err != nil {
		return rtp.Capabilities{}, err
	}
	return ValidateCapabilities(capabilities)
}

func decode(text []byte, where string, into any) error {
	reader := json.NewDecoder(bytes.NewReader(text))
	reader.UseNumber()
	var value any
	if err := reader.Decode(&value); err != nil {
		return fault.Argument(where, "is no JSON: %v", err)
	}
	if err := checkShape(value, reflect.TypeOf(into).Elem(), where); err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fault.Argument(where, "is no JSON of its kind: %v", err)
	}
	return nil
}

// checkShape tells where value, which is as the JSON decoder made it, is not of shape. The decoder's
// own errors leave out which entry of a list it was. Null counts as missing, as JSON writers like to
// send it.
func checkShape(value any, shape reflect.Type, where string) error {
	switch shape.Kind() {
	case reflect.Pointer:
		return checkShape(value, shape.Elem(), where)
	case reflect.Struct:
		return checkFields(value, shape, where)
	case reflect.Slice:
		list, isList := value.([]any)
		if !isList {
			return fault.Argument(where, "is not an array")
		}
		for index, each := range list {
			if err := checkShape(each, shape.Elem(), entry(where, index)); err != nil {
				return err
			}
		}
		return nil
	case reflect.Map:
		if _, isObject := value.(map[string]any); !isObject {
			return fault.Argument(where, "is not an object")
		}
		return nil
	}
	return checkScalar(value, shape, where)
}

func checkFields(value any, shape reflect.Type, where string) error {
	object, isObject := value.(map[string]any)
	if !isObject {
		return fault.Argument(where, "is not an object")
	}
	for index := 0; index < shape.NumField(); index++ {
		field := shape.Field(index)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if inner := object[name]; inner != nil {
			if err := checkShape(inner, field.Type, where+"."+name); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkScalar(value any, shape reflect.Type, where string) error {
	number, isNumber := value.(json.Number)
	switch shape.Kind() {
	case reflect.String:
		if _, isText := value.(string); !isText {
			return fault.Argument(where, "is not a string")
		}
	case reflect.Bool:
		if _, isBool := value.(bool); !isBool {
			return fault.Argument(where, "is not a boolean")
		}
	case reflect.Float64:
		if !isNumber {
			return fault.Argument(where, "is not a number")
		}
	case reflect.Uint8, reflect.Uint32:
		if _, err := strconv.ParseUint(string(number), 10, shape.Bits()); err != nil {
			return fault.Argument(where, "is not an integer from 0 to %d",
				uint64(1)<<shape.Bits()-1)
		}
	}
	return nil
}
