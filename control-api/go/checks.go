package sluice

import (
	"math"
	"time"

	"sluice.dev/sdk/internal/fault"
)

const maxUint32 = math.MaxUint32

// What the worker takes as an id, in bytes of printable ASCII.
const maxIDSize = 64

func inRange[T ~int | ~int64 | ~uint8 | ~uint16 | ~uint32](value T, field string, least, most T) (T, error) {
	if value < least || value > most {
		return 0, fault.Argument(field, "%v is not %v to %v", value, least, most)
	}
	return value, nil
}

// inRangeOr takes otherwise for 0.
func inRangeOr[T ~int | ~int64 | ~uint8 | ~uint16 | ~uint32](value T, field string, otherwise, least, most T) (T, error) {
	if value == 0 {
		return otherwise, nil
	}
	return inRange(value, field, least, most)
}

// milliseconds is a duration as the schema has it. 0 takes otherwise.
func milliseconds(value time.Duration, field string, otherwise, least, most time.Duration) (uint32, error) {
	checked, err := inRangeOr(value, field, otherwise, least, most)
	if err != nil {
		return 0, err
	}
	if checked%time.Millisecond != 0 {
		return 0, fault.Argument(field, "%v is no whole number of milliseconds", value)
	}
	return uint32(checked / time.Millisecond), nil
}

// checkID makes an id if there is none.
func checkID(id string) (string, error) {
	if id == "" {
		return newID(), nil
	}
	if len(id) > maxIDSize {
		return "", fault.Argument("id", "has more than %d characters", maxIDSize)
	}
	for _, character := range []byte(id) {
		if character <= ' ' || character > '~' {
			return "", fault.Argument("id", "has something else than printable ASCII characters without spaces")
		}
	}
	return id, nil
}
