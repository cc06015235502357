// Package sdp is the front door for everybody who speaks offer and answer: a plain
// RTCPeerConnection, WHIP, WHEP.
//
// Parse and Description.String are between text and data, ParseFragment and Fragment.String the same
// for what trickles; CapabilitiesOf, AcceptCodecs and SenderParametersOf are between data and the
// dictionaries of ORTC; WriteMedia tells media tools what they are going to get. All of these are
// pure functions. Connection serves one RTCPeerConnection with one WebRtcTransport.
//
// What comes from elsewhere may be hostile: it is either understood or an *Error, which names the
// line or the section and says why.
package sdp
