package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/sdp"
)

type limits struct{ rooms, people int }

var (
	errFull     = errors.New("the room is full")
	errTooMany  = errors.New("there are too many rooms")
	errNoPerson = errors.New("nobody has this key (any more)")
)

// For whatever the server asks of the worker by itself.
const patience = 10 * time.Second

// house has all rooms of one worker.
type house struct {
	worker *sluice.Worker
	rtc    *sluice.WebRtcServer
	limits limits

	mu     sync.Mutex
	rooms  map[string]*room
	people map[string]*person
	closed bool
}

// room is a router, and those who are on it. It exists while somebody is in it.
type room struct {
	name     string
	router   *sluice.Router
	speakers *sluice.ActiveSpeakerObserver
	// house.mu guards it.
	people map[string]*person
}

func newHouse(worker *sluice.Worker, rtc *sluice.WebRtcServer, limits limits) *house {
	return &house{worker: worker, rtc: rtc, limits: limits,
		rooms: map[string]*room{}, people: map[string]*person{}}
}

// newKey is one that nobody guesses.
func newKey(bytes int) string {
	key := make([]byte, bytes)
	if _, err := rand.Read(key); err != nil {
		panic("the system has no random numbers: " + err.Error())
	}
	return hex.EncodeToString(key)
}

// join lets somebody into a room, which begins with the first.
func (h *house) join(ctx context.Context, roomName, name string) (*person, error) {
	p := &person{house: h, id: newKey(8), key: newKey(16), name: name, outbox: newOutbox(),
		sendings: map[string]*sdp.Sending{}}
	entered, err := h.enter(ctx, roomName, p)
	if err != nil {
		return nil, err
	}
	p.room = entered
	if err := p.connect(ctx); err != nil {
		p.leave()
		return nil, err
	}
	if err := p.meetOthers(ctx); err != nil {
		p.leave()
		return nil, err
	}
	return p, nil
}

// enter holds h.mu while a router is made, so that there is one for all who come at once.
func (h *house) enter(ctx context.Context, roomName string, p *person) (*room, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, errors.New("the server is closing")
	}
	found := h.rooms[roomName]
	if found == nil {
		if len(h.rooms) >= h.limits.rooms {
			return nil, errTooMany
		}
		made, err := h.newRoom(ctx, roomName)
		if err != nil {
			return nil, err
		}
		h.rooms[roomName], found = made, made
	}
	if len(found.people) >= h.limits.people {
		return nil, errFull
	}
	found.people[p.id] = p
	h.people[p.key] = p
	return found, nil
}

func (h *house) newRoom(ctx context.Context, name string) (*room, error) {
	router, err := h.worker.CreateRouter(ctx, sluice.RouterOptions{MediaCodecs: []sluice.RtpCodecCapability{
		{MimeType: "audio/opus", ClockRate: 48000, Channels: 2},
		{MimeType: "video/VP8", ClockRate: 90000},
	}})
	if err != nil {
		return nil, err
	}
	speakers, err := router.CreateActiveSpeakerObserver(ctx, sluice.ActiveSpeakerObserverOptions{})
	if err != nil {
		router.Close()
		return nil, err
	}
	made := &room{name: name, router: router, speakers: speakers, people: map[string]*person{}}
	speakers.OnDominantSpeaker(func(producer *sluice.Producer) {
		if speaker, isPerson := producer.Transport().AppData().(*person); isPerson {
			h.tell(made, nil, "speaker", map[string]any{"id": speaker.id})
		}
	})
	return made, nil
}

// othersOf is everybody who is in a room but one.
func (h *house) othersOf(r *room, one *person) []*person {
	h.mu.Lock()
	defer h.mu.Unlock()
	var others []*person
	for _, each := range r.people {
		if each != one {
			others = append(others, each)
		}
	}
	return others
}

// introduce tells everybody in the room of somebody who came, and the other way round. While h.mu is
// held nobody leaves, so that nobody is said to have left before he is said to have come.
func (h *house) introduce(p *person) []*person {
	h.mu.Lock()
	defer h.mu.Unlock()
	var others []*person
	for _, each := range p.room.people {
		if each != p {
			each.outbox.push("joined", map[string]any{"id": p.id, "name": p.name})
			p.outbox.push("joined", map[string]any{"id": each.id, "name": each.name})
			others = append(others, each)
		}
	}
	return others
}

// tell tells everybody in a room something, but one.
func (h *house) tell(r *room, one *person, kind string, body map[string]any) {
	for _, each := range h.othersOf(r, one) {
		each.outbox.push(kind, body)
	}
}

func (h *house) find(key string) (*person, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if found := h.people[key]; found != nil {
		return found, nil
	}
	return nil, errNoPerson
}

// forget reports whether the person was there. The last one closes the room.
func (h *house) forget(p *person) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.people[p.key] != p {
		return false
	}
	delete(h.people, p.key)
	for name, each := range h.rooms {
		if each.people[p.id] != p {
			continue
		}
		delete(each.people, p.id)
		if len(each.people) == 0 {
			delete(h.rooms, name)
			each.router.Close()
		}
	}
	return true
}

// close sends everybody home, and lets nobody in any more.
func (h *house) close() {
	h.mu.Lock()
	h.closed = true
	var all []*person
	for _, each := range h.people {
		all = append(all, each)
	}
	h.mu.Unlock()
	for _, each := range all {
		each.outbox.push("bye", map[string]any{"reason": "the server is closing"})
		each.leave()
	}
}

func (h *house) health() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return fmt.Sprintf(`{"rooms":%d,"people":%d}`, len(h.rooms), len(h.people))
}
