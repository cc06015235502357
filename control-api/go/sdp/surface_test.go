package sdp

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// What the Node SDK calls something, and what it is here. README.md has the differences.
var (
	functionsOfNode = map[string]any{
		"parseSdp": Parse, "SdpParseBounds": ParseBounds{}, "examineOffer": ExamineOffer,
		"ExamineOptions": ExamineOptions{}, "SdpVerdict": Verdict{}, "stringifySdp": (*Description).String,
		"parseSdpFragment": ParseFragment, "writeSdpFragment": (*Fragment).String,
		"parseCandidate": ParseCandidate, "writeCandidate": Candidate.String, "sdpCandidate": CandidateOf,
		"capabilitiesOf": CapabilitiesOf, "capabilitiesOfAll": CapabilitiesOf, "acceptCodecs": AcceptCodecs,
		"senderParameters": SenderParametersOf, "requireFingerprint": (*Section).CheckFingerprint,
		"writeSdp": WriteMedia, "describeForReceiver": DescribeForReceiver,
		"SdpError": Error{}, "SdpConnection": Connection{}, "SdpSender": Sending{},
		"AcceptedCodecs": AcceptedCodecs{}, "SenderParameters": SenderParameters{},
		"SdpFragment": Fragment{}, "SdpFragmentSection": FragmentSection{},
		"SdpIncoming": Offered{}, "SdpAnswerOptions": Options{}.AcceptProducer,
		"SdpCandidateMessage": Message{}, "SdpMessage": Message{},
		"SdpConnectionEvents": Options{}, "SdpConnectionLimits": Options{}, "SdpConnectionOptions": Options{},
		"SdpServeOptions": Options{}, "SdpMakers": Makers{}, "SdpSignalingState": SignalingStable,
		"SdpSenderEvents": SendOptions{}, "SdpSenderState": (*Sending).Ended, "SdpSendOptions": SendOptions{},
		"SdpSource": SendOptions{}.Producer, "SdpSectionStatus": SectionStatus{},
	}
	membersOfConnection = map[string]any{
		"create": NewConnection, "serve": Serve, "close": (*Connection).Close, "closed": (*Connection).Closed,
		"signalingState": (*Connection).SignalingState, "sections": (*Connection).Sections,
		"senders": (*Connection).Sendings, "refusedDataChannels": (*Connection).RefusedDataChannels,
		"answer": (*Connection).Answer, "offer": (*Connection).Offer, "acceptAnswer": (*Connection).AcceptAnswer,
		"rollback": (*Connection).Rollback, "handle": (*Connection).Handle,
		"addRemoteCandidate": (*Connection).AddRemoteCandidate, "restartIce": (*Connection).RestartIce,
		"takeFragment": (*Connection).TakeFragment, "send": (*Connection).Send,
		"stopSending": (*Sending).Stop, "sendData": (*Connection).SendData,
	}
)

func namesIn(t *testing.T, file, pattern string) []string {
	t.Helper()
	text, err := os.ReadFile("../../node/src/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
		for _, name := range regexp.MustCompile(`[A-Za-z]\w*`).FindAllString(match[1], -1) {
			if name != "type" && name != "constructor" {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		t.Fatalf("%s has no names", file)
	}
	return names
}

func TestWhateverTheNodeSDKHasForSDPIsHereAsWell(t *testing.T) {
	exports := namesIn(t, "sdp/index.ts", `(?s)export (?:type )?\{(.*?)\}`)
	exports = append(exports, namesIn(t, "sdp.ts", `export function (\w+)`)...)
	for _, name := range exports {
		if _, isHere := functionsOfNode[name]; !isHere {
			t.Errorf("%s is missing", name)
		}
	}
	members := namesIn(t, "sdp/connection.ts", `(?m)^  (?:static |async |get )*([a-z]\w*)(?:<[^(]*>)?\(`)
	for _, name := range members {
		if _, isHere := membersOfConnection[name]; !isHere {
			t.Errorf("SdpConnection.%s is missing", name)
		}
	}
	if len(members) < len(membersOfConnection) {
		t.Errorf("only %s are seen", strings.Join(members, ", "))
	}
}
