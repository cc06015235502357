package sluice

import (
	"strconv"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
)

// IceParameters are our ICE credentials (RFC 8445 §5.3), for the client.
type IceParameters struct {
	UsernameFragment string `json:"usernameFragment"`
	Password         string `json:"password"`
	// IceLite is true: the worker is a lite agent (RFC 8445 §2.5).
	IceLite bool `json:"iceLite"`
}

// IceCandidate is an address where the worker listens, for the client.
type IceCandidate struct {
	Foundation string `json:"foundation"`
	Priority   uint32 `json:"priority"`
	Address    string `json:"address"`
	// IP is the same as Address, for clients of before 2023.
	IP       string   `json:"ip"`
	Protocol Protocol `json:"protocol"`
	Port     uint16   `json:"port"`
	// Type is "host".
	Type string `json:"type"`
	// TCPType is "passive" of TCP (RFC 6544 §4.5).
	TCPType string `json:"tcpType,omitempty"`
}

// IceState is the state of ICE as the worker sees it.
type IceState string

// The states of ICE.
const (
	IceNew          IceState = "new"
	IceConnected    IceState = "connected"
	IceCompleted    IceState = "completed"
	IceDisconnected IceState = "disconnected"
	IceClosed       IceState = "closed"
)

// DtlsState is the state of DTLS.
type DtlsState string

// The states of DTLS.
const (
	DtlsNew        DtlsState = "new"
	DtlsConnecting DtlsState = "connecting"
	DtlsConnected  DtlsState = "connected"
	DtlsFailed     DtlsState = "failed"
	DtlsClosed     DtlsState = "closed"
)

// DtlsRole is who begins the handshake: the client does.
type DtlsRole string

// The roles in DTLS.
const (
	DtlsAuto   DtlsRole = "auto"
	DtlsClient DtlsRole = "client"
	DtlsServer DtlsRole = "server"
)

// In the order of the schema.
var dtlsRoles = []DtlsRole{DtlsAuto, DtlsClient, DtlsServer}

// DtlsFingerprint is the hash of a certificate (RFC 8122 §5).
type DtlsFingerprint struct {
	// Algorithm is "sha-256", "sha-384" or "sha-512".
	Algorithm string `json:"algorithm"`
	// Value is hex pairs with colons.
	Value string `json:"value"`
}

// DtlsParameters are what one side of DTLS tells the other.
type DtlsParameters struct {
	// Role is DtlsAuto if empty.
	Role         DtlsRole          `json:"role,omitempty"`
	Fingerprints []DtlsFingerprint `json:"fingerprints"`
}

const maxFingerprints = 8

func decodeIceParameters(parameters *schema.IceParameters) IceParameters {
	if parameters == nil {
		return IceParameters{IceLite: true}
	}
	return IceParameters{
		UsernameFragment: string(parameters.UsernameFragment()),
		Password:         string(parameters.Password()),
		IceLite:          true,
	}
}

func decodeIceCandidate(candidate *schema.IceCandidate) IceCandidate {
	address := string(candidate.Address())
	decoded := IceCandidate{
		Foundation: string(candidate.Foundation()),
		Priority:   candidate.Priority(),
		Address:    address,
		IP:         address,
		Protocol:   nameOf(int(candidate.Protocol()), protocols),
		Port:       candidate.Port(),
		Type:       "host",
	}
	if decoded.Protocol == TCP {
		decoded.TCPType = "passive"
	}
	return decoded
}

func decodeDtlsParameters(created *schema.WebRtcTransportCreated) DtlsParameters {
	parameters := DtlsParameters{Role: nameOf(int(created.DtlsRole()), dtlsRoles)}
	var fingerprint schema.Fingerprint
	for i := 0; i < created.DtlsFingerprintsLength() && created.DtlsFingerprints(&fingerprint, i); i++ {
		parameters.Fingerprints = append(parameters.Fingerprints, DtlsFingerprint{
			Algorithm: string(fingerprint.Algorithm()), Value: string(fingerprint.Value())})
	}
	return parameters
}

func (p *DtlsParameters) encode() (*schema.ConnectWebRtcTransportT, error) {
	role := p.Role
	if role == "" {
		role = DtlsAuto
	}
	index, err := indexOf(role, "dtlsParameters.role", dtlsRoles)
	if err != nil {
		return nil, err
	}
	count := len(p.Fingerprints)
	if count == 0 || count > maxFingerprints {
		return nil, fault.Argument("dtlsParameters.fingerprints", "%d are not 1 to %d", count, maxFingerprints)
	}
	body := &schema.ConnectWebRtcTransportT{Role: schema.DtlsRole(index)}
	for i, fingerprint := range p.Fingerprints {
		field := "dtlsParameters.fingerprints[" + strconv.Itoa(i) + "]"
		if fingerprint.Algorithm == "" {
			return nil, fault.Argument(field+".algorithm", "is empty")
		}
		if fingerprint.Value == "" {
			return nil, fault.Argument(field+".value", "is empty")
		}
		body.Fingerprints = append(body.Fingerprints,
			&schema.FingerprintT{Algorithm: fingerprint.Algorithm, Value: fingerprint.Value})
	}
	return body, nil
}
