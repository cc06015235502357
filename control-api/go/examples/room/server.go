package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	sluice "sluice.dev/sdk"
)

//go:embed page
var page embed.FS

const (
	// A description of a full room has some 200,000 bytes.
	maxBody = 512 << 10
	maxName = 40
	// Proxies close what is silent for a minute.
	beatTime = 20 * time.Second
)

var roomPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// handler serves:
//
//	GET    /                      the page
//	POST   /rooms/ROOM            {"name"} -> {"id", "key"}: comes in
//	GET    /people/KEY/events     server-sent events: joined, left, offer, answer, speaker, bye
//	POST   /people/KEY/offer      {"sdp"}: the answer comes as an event
//	POST   /people/KEY/answer     {"sdp"}
//	POST   /people/KEY/leave      leaves; also what navigator.sendBeacon() sends
//	GET    /health                {"rooms", "people"}
//
// Errors are {"error"} with a sentence.
func (h *house) handler() http.Handler {
	files, err := fs.Sub(page, "page")
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.FS(files)))
	mux.HandleFunc("/rooms/", h.serveRoom)
	mux.HandleFunc("/people/", h.servePerson)
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintln(w, h.health())
	})
	return mux
}

func (h *house) serveRoom(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, http.StatusMethodNotAllowed, "only POST comes into a room")
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/rooms/")
	if !roomPattern.MatchString(name) {
		refuse(w, http.StatusBadRequest, "a room has a name of 1 to 64 letters, digits, - and _")
		return
	}
	var body struct{ Name string }
	if !read(w, r, &body) {
		return
	}
	who := cleanName(body.Name)
	if who == "" || utf8.RuneCountInString(who) > maxName {
		refuse(w, http.StatusBadRequest, fmt.Sprintf("name is not 1 to %d characters", maxName))
		return
	}
	p, err := h.join(r.Context(), name, who)
	switch {
	case errors.Is(err, errFull), errors.Is(err, errTooMany), errors.Is(err, sluice.ErrResourceExhausted):
		w.Header().Set("Retry-After", "30")
		refuse(w, http.StatusServiceUnavailable, err.Error())
	case err != nil:
		refuse(w, http.StatusInternalServerError, err.Error())
	default:
		reply(w, map[string]any{"id": p.id, "key": p.key})
	}
}

// cleanName leaves out what is not to be seen.
func cleanName(name string) string {
	return strings.TrimSpace(strings.Map(func(char rune) rune {
		if !unicode.IsPrint(char) {
			return -1
		}
		return char
	}, name))
}

func (h *house) servePerson(w http.ResponseWriter, r *http.Request) {
	key, action, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/people/"), "/")
	methods := map[string]string{"events": http.MethodGet, "offer": http.MethodPost,
		"answer": http.MethodPost, "leave": http.MethodPost}
	switch method := methods[action]; {
	case method == "":
		refuse(w, http.StatusNotFound, "there is nothing here")
		return
	case method != r.Method:
		w.Header().Set("Allow", method)
		refuse(w, http.StatusMethodNotAllowed, "only "+method+" does this")
		return
	}
	p, err := h.find(key)
	if err != nil {
		refuse(w, http.StatusNotFound, err.Error())
		return
	}
	switch action {
	case "events":
		p.serveEvents(w, r)
	case "leave":
		p.leave()
		w.WriteHeader(http.StatusNoContent)
	case "offer":
		negotiate(w, r, p.answer)
	case "answer":
		negotiate(w, r, p.connection.AcceptAnswer)
	}
}

func negotiate(w http.ResponseWriter, r *http.Request, take func(context.Context, string) error) {
	var body struct{ SDP string }
	if !read(w, r, &body) {
		return
	}
	var argument *sluice.ArgumentError
	switch err := take(r.Context(), body.SDP); {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.As(err, &argument), errors.Is(err, sluice.ErrUnsupported):
		refuse(w, http.StatusBadRequest, err.Error())
	case errors.Is(err, sluice.ErrInvalidState):
		// The page was too late, or has gone.
		refuse(w, http.StatusConflict, err.Error())
	default:
		refuse(w, http.StatusInternalServerError, err.Error())
	}
}

// serveEvents goes on until the page or the person leaves.
func (p *person) serveEvents(w http.ResponseWriter, r *http.Request) {
	flusher, canFlush := w.(http.Flusher)
	if !canFlush {
		refuse(w, http.StatusInternalServerError, "events cannot be served here")
		return
	}
	// Nothing was got before the first message, whose number is 1.
	last, err := strconv.ParseUint(r.Header.Get("Last-Event-ID"), 10, 64)
	if err != nil {
		last = 0
	}
	defer p.attend()()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	beat := time.NewTicker(beatTime)
	defer beat.Stop()
	for {
		messages, news, whole, closed := p.outbox.after(last)
		if !whole {
			fmt.Fprint(w, "data: {\"type\":\"bye\",\"reason\":\"the connection was lost for too long\"}\n\n")
			return
		}
		for _, each := range messages {
			fmt.Fprintf(w, "id: %d\ndata: %s\n\n", each.id, each.text)
			last = each.id
		}
		flusher.Flush()
		if len(messages) > 0 {
			continue
		}
		if closed {
			return
		}
		select {
		case <-news:
		case <-beat.C:
			fmt.Fprint(w, ": still here\n\n")
		case <-r.Context().Done():
			return
		}
	}
}

func read(w http.ResponseWriter, r *http.Request, into any) bool {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is longer than %d bytes", maxBody))
		return false
	}
	if err := json.Unmarshal(text, into); err != nil {
		refuse(w, http.StatusBadRequest, "the body is not the JSON that is expected")
		return false
	}
	return true
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	// Whoever does not read the answer has gone.
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, status int, reason string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": reason})
}
