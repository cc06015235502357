package main

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	sluice "sluice.dev/sdk"
	"sluice.dev/sdk/rtp"
	"sluice.dev/sdk/sdp"
)

type site struct {
	t     testing.TB
	ctx   context.Context
	house *house
	url   string
}

func open(t testing.TB, limits limits) *site {
	t.Helper()
	if _, err := exec.LookPath(sluice.DefaultWorkerBin()); err != nil && os.Getenv("CI") == "" {
		t.Skip("no worker is built: set SLUICE_WORKER_BIN")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	worker, err := sluice.NewWorker(ctx, sluice.WorkerSettings{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		worker.Close()
		<-worker.Done()
	})
	rtc, err := worker.CreateWebRtcServer(ctx, sluice.WebRtcServerOptions{
		ListenInfos: []sluice.ListenInfo{{Protocol: sluice.UDP, IP: "127.0.0.1"}}})
	if err != nil {
		t.Fatal(err)
	}
	house := newHouse(worker, rtc, limits)
	server := httptest.NewServer(house.handler())
	t.Cleanup(server.Close)
	t.Cleanup(house.close)
	return &site{t: t, ctx: ctx, house: house, url: server.URL}
}

func (s *site) ask(method, path, body string) (int, map[string]any) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	told := map[string]any{}
	_ = json.NewDecoder(response.Body).Decode(&told)
	return response.StatusCode, told
}

type guest struct {
	*site
	id, key string
	events  chan map[string]any
	stop    context.CancelFunc
}

func (s *site) guest(room, name string) *guest {
	s.t.Helper()
	body, err := json.Marshal(map[string]string{"name": name})
	if err != nil {
		s.t.Fatal(err)
	}
	status, told := s.ask("POST", "/rooms/"+room, string(body))
	if status != http.StatusOK {
		s.t.Fatalf("got %d, %v", status, told)
	}
	g := &guest{site: s, id: told["id"].(string), key: told["key"].(string)}
	g.listen("")
	return g
}

// listen begins an event stream behind what was heard already.
func (g *guest) listen(last string) {
	g.t.Helper()
	ctx, stop := context.WithCancel(g.ctx)
	g.t.Cleanup(stop)
	request, err := http.NewRequestWithContext(ctx, "GET", g.url+"/people/"+g.key+"/events", nil)
	if err != nil {
		g.t.Fatal(err)
	}
	request.Header.Set("Last-Event-ID", last)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		g.t.Fatal(err)
	}
	events := make(chan map[string]any, 100)
	g.events, g.stop = events, stop
	go func() {
		defer close(events)
		defer response.Body.Close()
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			event := map[string]any{}
			if data := strings.TrimPrefix(lines.Text(), "data: "); json.Unmarshal([]byte(data), &event) == nil {
				events <- event
			}
		}
	}()
}

// hears waits for an event of a kind; those of speakers come when they like.
func (g *guest) hears(kind string) map[string]any {
	g.t.Helper()
	for {
		select {
		case event, isOpen := <-g.events:
			if isOpen && event["type"] == "speaker" && kind != "speaker" {
				continue
			}
			if !isOpen || event["type"] != kind {
				g.t.Fatalf("got %v, want %s", event, kind)
			}
			return event
		case <-g.ctx.Done():
			g.t.Fatalf("%s was not told", kind)
		}
	}
}

func (g *guest) says(what string, body map[string]string) (int, map[string]any) {
	g.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		g.t.Fatal(err)
	}
	return g.ask("POST", "/people/"+g.key+"/"+what, string(text))
}

func browserOffer(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../../fixtures/sdp/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var fixture struct{ Offer string }
	if err := json.Unmarshal(text, &fixture); err != nil {
		t.Fatal(err)
	}
	return fixture.Offer
}

func TestPeopleAreToldWhoComesAndWhoGoes(t *testing.T) {
	s := open(t, limits{rooms: 2, people: 3})
	ann := s.guest("lobby", "Ann")
	bob := s.guest("lobby", " Bo\x00b ")
	if event := ann.hears("joined"); event["id"] != bob.id || event["name"] != "Bob" {
		t.Fatalf("got %v", event)
	}
	if event := bob.hears("joined"); event["id"] != ann.id {
		t.Fatalf("got %v", event)
	}
	if status, _ := bob.says("leave", nil); status != http.StatusNoContent {
		t.Fatalf("got %d", status)
	}
	if event := ann.hears("left"); event["id"] != bob.id {
		t.Fatalf("got %v", event)
	}
	if _, isOpen := <-bob.events; isOpen {
		t.Fatal("the events of somebody who left go on")
	}
	if status, told := bob.says("offer", nil); status != http.StatusNotFound {
		t.Fatalf("got %d, %v", status, told)
	}
	ann.says("leave", nil)
	if _, told := s.ask("GET", "/health", ""); told["rooms"] != 0.0 || told["people"] != 0.0 {
		t.Fatalf("got %v", told)
	}
}

func TestWhatSomebodyPublishesIsOfferedToTheOthers(t *testing.T) {
	s := open(t, limits{rooms: 1, people: 3})
	ann := s.guest("lobby", "Ann")
	if status, told := ann.says("offer", map[string]string{"sdp": browserOffer(t, "chromium_publish_simulcast")}); status != http.StatusNoContent {
		t.Fatalf("got %d, %v", status, told)
	}
	ann.hears("answer")
	// Bob comes when she is there already.
	bob := s.guest("lobby", "Bob")
	bob.hears("joined")
	// Her streams are known one after the other: they come in one offer, or in two.
	kinds := map[string]bool{}
	for len(kinds) < 2 {
		offer, err := sdp.Parse(bob.hears("offer")["sdp"].(string))
		if err != nil {
			t.Fatal(err)
		}
		for _, section := range offer.Sections {
			if section.Msids[0].Stream != ann.id {
				t.Fatalf("got a stream of %s, want %s", section.Msids[0].Stream, ann.id)
			}
			kinds[section.Kind] = true
		}
		if status, told := bob.says("answer", map[string]string{"sdp": agreeTo(offer)}); status != http.StatusNoContent {
			t.Fatalf("got %d, %v", status, told)
		}
	}
}

// agreeTo is the answer of a browser that takes whatever it is offered.
func agreeTo(offer *sdp.Description) string {
	fingerprint := sdp.Fingerprint{Algorithm: "sha-256", Value: strings.TrimSuffix(strings.Repeat("AB:", 32), ":")}
	offer.IceLite = false
	for index := range offer.Sections {
		section := &offer.Sections[index]
		section.Direction, section.Setup = rtp.RecvOnly, sdp.Active
		section.Ice = &sdp.IceParameters{UsernameFragment: "abcd", Password: "0123456789012345678901"}
		section.Fingerprints = rtp.List[sdp.Fingerprint]{fingerprint}
		section.Candidates, section.Sources, section.SourceGroups, section.Msids = nil, nil, nil, nil
	}
	return offer.String()
}

func TestARoomIsBounded(t *testing.T) {
	s := open(t, limits{rooms: 1, people: 1})
	s.guest("lobby", "Ann")
	for _, room := range []string{"lobby", "attic"} {
		if status, told := s.ask("POST", "/rooms/"+room, `{"name":"Bob"}`); status != http.StatusServiceUnavailable {
			t.Fatalf("%s: got %d, %v", room, status, told)
		}
	}
}

func TestWhatMakesNoSenseIsRefusedWithASentence(t *testing.T) {
	s := open(t, limits{rooms: 2, people: 2})
	ann := s.guest("lobby", "Ann")
	for _, each := range []struct {
		method, path, body string
		status             int
		reason             string
	}{
		{"GET", "/rooms/lobby", "", 405, "only POST"},
		{"POST", "/rooms/a%20b", `{"name":"Bob"}`, 400, "1 to 64 letters"},
		{"POST", "/rooms/", `{"name":"Bob"}`, 400, "1 to 64 letters"},
		{"POST", "/rooms/lobby", `{"name":"` + strings.Repeat("é", 41) + `"}`, 400, "1 to 40 characters"},
		{"POST", "/rooms/lobby", `{"name":"\u0000"}`, 400, "1 to 40 characters"},
		{"POST", "/rooms/lobby", `{"name":7}`, 400, "not the JSON"},
		{"POST", "/rooms/lobby", strings.Repeat(" ", maxBody+1), 413, "longer than"},
		{"GET", "/people/nobody/events", "", 404, "nobody has this key"},
		{"POST", "/people/" + ann.key + "/events", "", 405, "only GET"},
		{"POST", "/people/" + ann.key + "/dance", "", 404, "nothing here"},
		{"POST", "/people/" + ann.key + "/offer", `{"sdp":"v=1"}`, 400, "SDP line 1: it does not begin with v=0"},
		{"POST", "/people/" + ann.key + "/answer", `{"sdp":"v=0\r\no=- 1 1 IN IP4 0.0.0.0"}`, 409, "no offer to be answered"},
	} {
		status, told := s.ask(each.method, each.path, each.body)
		reason, _ := told["error"].(string)
		if status != each.status || !strings.Contains(reason, each.reason) {
			t.Errorf("%s %s: got %d, %v", each.method, each.path, status, told)
		}
	}
}

func TestAnEventStreamGoesOnWhereItWasLost(t *testing.T) {
	s := open(t, limits{rooms: 1, people: 3})
	ann := s.guest("lobby", "Ann")
	bob := s.guest("lobby", "Bob")
	ann.hears("joined")
	ann.stop()
	bob.says("leave", nil)
	ann.listen("1")
	if event := ann.hears("left"); event["id"] != bob.id {
		t.Fatalf("got %v", event)
	}
	ann.listen("77")
	ann.hears("bye")
}

func TestAnOutboxKeepsTheLastAndTellsWhatIsMissing(t *testing.T) {
	box := newOutbox()
	_, news, whole, _ := box.after(0)
	if !whole {
		t.Fatal("an empty outbox lacks something")
	}
	for count := 0; count < maxKept+5; count++ {
		box.push("left", nil)
	}
	<-news
	if _, _, whole, _ := box.after(4); whole {
		t.Fatal("nothing is missing behind the fourth")
	}
	messages, _, whole, _ := box.after(5)
	if !whole || len(messages) != maxKept || messages[0].id != 6 {
		t.Fatalf("got %d, %v", len(messages), whole)
	}
	box.close()
	box.push("left", nil)
	if messages, _, whole, closed := box.after(maxKept + 5); !closed || !whole || len(messages) != 0 {
		t.Fatalf("got %d, %v, %v", len(messages), whole, closed)
	}
}

func TestWrongSettingsAreNamed(t *testing.T) {
	good := settings{limits: limits{rooms: 1, people: 1}}
	if err := good.check(); err != nil {
		t.Fatal(err)
	}
	for field, bad := range map[string]settings{
		"-rtc-port":   {rtcPort: 65536, limits: good.limits},
		"-max-rooms":  {limits: limits{rooms: 0, people: 1}},
		"-max-people": {limits: limits{rooms: 1, people: 51}},
	} {
		if err := bad.check(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: got %v", field, err)
		}
	}
}

// The program as it is started: it serves its page, and ends when it is told to.
func TestTheProgramServesItsPageAndEnds(t *testing.T) {
	open(t, limits{rooms: 1, people: 1}) // Skips where there is no worker.
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	s := settings{listen: "127.0.0.1:0", rtcIP: "127.0.0.1", limits: limits{rooms: 1, people: 1},
		ready: func(url string) {
			response, err := http.Get(url)
			if err != nil || response.StatusCode != http.StatusOK {
				t.Errorf("got %v, %v", response, err)
			} else {
				response.Body.Close()
			}
			cancel()
		}}
	go func() { ended <- run(ctx, s) }()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}
