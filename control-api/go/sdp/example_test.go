package sdp_test

import (
	"fmt"
	"strings"

	"sluice.dev/sdk/sdp"
)

func ExampleParse() {
	description, err := sdp.Parse(strings.Join([]string{
		"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0",
		"m=video 9 UDP/TLS/RTP/SAVPF 96 97", "a=mid:0", "a=sendonly",
		"a=rtpmap:96 VP8/90000", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96",
		"a=rid:q send", "a=rid:f send", "a=simulcast:send q;f",
	}, "\r\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	section := description.Sections[0]
	fmt.Println(section.Kind, section.Direction, section.Codecs[0].Name, len(section.Simulcast.Send))
	// Output: video sendonly VP8 2
}

func ExampleError() {
	_, err := sdp.Parse("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\nm=video 9 UDP/TLS/RTP/SAVPF 200\r\n")
	fmt.Println(err)
	// Output: SDP section 0: format '200' is no payload type
}
