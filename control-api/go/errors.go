package sluice

import "sluice.dev/sdk/internal/fault"

// Classes of errors, for errors.Is. Whatever the SDK returns is of one of them, an *ArgumentError, or
// wraps the error of the caller's context; what ran into the deadline of a context is ErrTimeout and
// context.DeadlineExceeded.
var (
	// ErrInvalidState: the object is closed, or not in a state in which this can be done.
	ErrInvalidState = fault.ErrInvalidState
	// ErrUnsupported: a codec or a feature that this router or this worker does not have.
	ErrUnsupported = fault.ErrUnsupported
	// ErrNotFound: no object has this id, or none any more.
	ErrNotFound = fault.ErrNotFound
	// ErrTimeout: the worker did not answer in time. What it still grants afterwards is undone if it
	// made something, and taken note of otherwise.
	ErrTimeout = fault.ErrTimeout
	// ErrResourceExhausted: a bound was reached: ports, objects, requests under way, buffers.
	ErrResourceExhausted = fault.ErrResourceExhausted
	// ErrWorker: the worker failed, or could not be started.
	ErrWorker = fault.ErrWorker
)

// ArgumentError is the error for an argument that makes no sense, for errors.As. Its Field names it
// as in JSON; what the worker complains about is named in the words of the control protocol.
type ArgumentError = fault.ArgumentError
