package sluice

import (
	"strconv"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
)

// Protocol is "udp" or "tcp".
type Protocol string

// The protocols under ICE and RTP.
const (
	UDP Protocol = "udp"
	TCP Protocol = "tcp"
)

var protocols = []Protocol{UDP, TCP}

// ListenInfo says where a socket is opened.
type ListenInfo struct {
	Protocol Protocol
	// IP is an IPv4 or IPv6 literal.
	IP string
	// AnnouncedAddress is the IP or host name that candidates carry instead.
	AnnouncedAddress string
	// ExposeInternalIP also announces IP when AnnouncedAddress is set.
	ExposeInternalIP bool
	// Port 0 takes any port of the range.
	Port uint16
	// PortRange is the worker's if both are 0.
	PortRange PortRange
	// IPv6Only keeps IPv4 off an IPv6 socket.
	IPv6Only bool
	// UDPReusePort shares a port of UDP with others who ask for it, too (SO_REUSEPORT).
	UDPReusePort bool
	// SendBufferSize and RecvBufferSize are in bytes; of TCP, for each connection. 0 takes the
	// worker's default.
	SendBufferSize uint32
	RecvBufferSize uint32
}

// PortRange includes both ends.
type PortRange struct{ Min, Max uint16 }

const maxListenInfos = 8

func encodeListenInfos(infos []ListenInfo) ([]*schema.ListenInfoT, error) {
	if len(infos) == 0 || len(infos) > maxListenInfos {
		return nil, fault.Argument("listenInfos", "%d are not 1 to %d", len(infos), maxListenInfos)
	}
	encoded := make([]*schema.ListenInfoT, 0, len(infos))
	for i := range infos {
		info, err := encodeListenInfo(&infos[i], "listenInfos["+strconv.Itoa(i)+"]")
		if err != nil {
			return nil, err
		}
		encoded = append(encoded, info)
	}
	return encoded, nil
}

func encodeListenInfo(info *ListenInfo, field string) (*schema.ListenInfoT, error) {
	protocol, err := indexOf(info.Protocol, field+".protocol", protocols)
	if err != nil {
		return nil, err
	}
	if info.IP == "" {
		return nil, fault.Argument(field+".ip", "is empty")
	}
	return &schema.ListenInfoT{
		Protocol:         schema.Protocol(protocol),
		Ip:               info.IP,
		AnnouncedAddress: info.AnnouncedAddress,
		ExposeInternalIp: info.ExposeInternalIP,
		Port:             info.Port,
		PortMin:          info.PortRange.Min,
		PortMax:          info.PortRange.Max,
		Ipv6Only:         info.IPv6Only,
		UdpReusePort:     info.UDPReusePort,
		SendBufferSize:   info.SendBufferSize,
		RecvBufferSize:   info.RecvBufferSize,
	}, nil
}

// TransportTuple is the two ends of the path in use.
type TransportTuple struct {
	LocalAddress string `json:"localAddress"`
	LocalPort    uint16 `json:"localPort"`
	// RemoteIP and RemotePort are empty until the peer is known.
	RemoteIP   string   `json:"remoteIp,omitempty"`
	RemotePort uint16   `json:"remotePort,omitempty"`
	Protocol   Protocol `json:"protocol"`
}

func decodeTuple(tuple *schema.TransportTuple) *TransportTuple {
	if tuple == nil {
		return nil
	}
	return &TransportTuple{
		LocalAddress: string(tuple.LocalAddress()),
		LocalPort:    tuple.LocalPort(),
		RemoteIP:     string(tuple.RemoteIp()),
		RemotePort:   tuple.RemotePort(),
		Protocol:     nameOf(int(tuple.Protocol()), protocols),
	}
}

func copyTuple(tuple *TransportTuple) *TransportTuple {
	if tuple == nil {
		return nil
	}
	copied := *tuple
	return &copied
}
