// Package ortc matches media capabilities, as pure functions: nothing here knows a worker.
//
// Three descriptions of one stream exist: the producer's own (its payload types and extension ids),
// the consumable one (the router's numbers), and the consumer's (the router's numbers, cut down to
// what the receiver can do). The rules are those of the Node SDK, and control-api/fixtures/ortc
// holds both to the same JSON.
//
// Functions change nothing of what they are given, and what they return shares no memory with it.
// Whoever is asked for something that makes no sense gets a *sluice.ArgumentError that names the
// field; for what makes sense but cannot be had, errors.Is finds sluice.ErrUnsupported.
package ortc
