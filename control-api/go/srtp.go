package sluice

import (
	"encoding/base64"

	"sluice.dev/sdk/internal/fault"
	schema "sluice.dev/sdk/internal/generated"
)

// SrtpCryptoSuite is how SRTP encrypts and authenticates (RFC 4568 §6.2, RFC 7714 §14.2).
type SrtpCryptoSuite string

// The suites that workers know.
const (
	AeadAes128Gcm       SrtpCryptoSuite = "AEAD_AES_128_GCM"
	AeadAes256Gcm       SrtpCryptoSuite = "AEAD_AES_256_GCM"
	AesCm128HmacSha1_80 SrtpCryptoSuite = "AES_CM_128_HMAC_SHA1_80"
	// AesCm128HmacSha1_32 is of plain transports only.
	AesCm128HmacSha1_32 SrtpCryptoSuite = "AES_CM_128_HMAC_SHA1_32"
)

// In the order of the schema.
var (
	srtpSuites   = []SrtpCryptoSuite{AeadAes128Gcm, AeadAes256Gcm, AesCm128HmacSha1_80, AesCm128HmacSha1_32}
	srtpKeySizes = []int{28, 44, 30, 30}
)

// SrtpParameters are what one side sends with.
type SrtpParameters struct {
	CryptoSuite SrtpCryptoSuite `json:"cryptoSuite"`
	// KeyBase64 is master key and salt in base64: 28, 44 and 30 bytes.
	KeyBase64 string `json:"keyBase64"`
}

// Check tells what a worker would not take: an *ArgumentError about "srtpParameters.cryptoSuite", or
// about "srtpParameters.keyBase64", whose length depends on the suite.
func (p *SrtpParameters) Check() error {
	_, err := p.encode()
	return err
}

func (p *SrtpParameters) encode() (*schema.SrtpParametersT, error) {
	if p == nil {
		return nil, nil
	}
	suite, err := indexOf(p.CryptoSuite, "srtpParameters.cryptoSuite", srtpSuites)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(p.KeyBase64)
	if err != nil || len(key) != srtpKeySizes[suite] {
		return nil, fault.Argument("srtpParameters.keyBase64", "is not %d bytes in base64", srtpKeySizes[suite])
	}
	return &schema.SrtpParametersT{Suite: schema.SrtpSuite(suite), KeyBase64: p.KeyBase64}, nil
}

func decodeSrtp(parameters *schema.SrtpParameters) *SrtpParameters {
	if parameters == nil {
		return nil
	}
	return &SrtpParameters{
		CryptoSuite: nameOf(int(parameters.Suite()), srtpSuites),
		KeyBase64:   string(parameters.KeyBase64()),
	}
}

func copySrtp(parameters *SrtpParameters) *SrtpParameters {
	if parameters == nil {
		return nil
	}
	copied := *parameters
	return &copied
}
