// Package fault holds the classes of errors that all packages of the SDK share. Applications see
// them as sluice.ErrNotFound, *sluice.ArgumentError and so on.
package fault

import (
	"errors"
	"fmt"
)

// Classes of errors, for errors.Is.
var (
	// ErrInvalidState says that the object is closed, or not in a state that allows the call.
	ErrInvalidState = errors.New("invalid state")
	// ErrUnsupported says that what was asked for is valid and that nobody here can do it.
	ErrUnsupported = errors.New("not supported")
	// ErrNotFound says that something that was named does not exist, or no more.
	ErrNotFound = errors.New("not found")
	// ErrTimeout says that no answer came in time.
	ErrTimeout = errors.New("timed out")
	// ErrResourceExhausted says that a bound was reached.
	ErrResourceExhausted = errors.New("resource exhausted")
	// ErrWorker says that the worker failed at something that was asked of it.
	ErrWorker = errors.New("worker failed")
)

// ArgumentError says that an argument makes no sense, and which one.
type ArgumentError struct {
	// Field is where it is wrong, as the path of a field in JSON: "codecs[1].clockRate". Empty if
	// the complaint is about no field in particular.
	Field string
	// Problem is what is wrong with it: "must be a positive number".
	Problem string
}

// Error implements error.
func (e *ArgumentError) Error() string {
	if e.Field == "" {
		return e.Problem
	}
	return e.Field + ": " + e.Problem
}

// Argument makes an *ArgumentError.
func Argument(field, format string, args ...any) error {
	return &ArgumentError{Field: field, Problem: fmt.Sprintf(format, args...)}
}

// classified is an error with a sentence of its own that belongs to one of the classes above.
type classified struct {
	class error
	text  string
}

func (e *classified) Error() string { return e.text }
func (e *classified) Unwrap() error { return e.class }

// Errorf makes an error that errors.Is finds to be of class.
func Errorf(class error, format string, args ...any) error {
	return &classified{class: class, text: fmt.Sprintf(format, args...)}
}
