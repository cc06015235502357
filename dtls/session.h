// One DTLS association with one peer (RFC 6347), driven entirely by its owner.
//
// Feed Receive() the datagrams whose first byte is in [20, 63] (RFC 7983 §7), and only those that
// came over a path ICE has validated: there is no cookie exchange here, because ICE has already
// shown that the peer receives what we send. Call HandleTimeout() once `now` reaches NextTimeout().
// After either, drain PollTransmit() until it returns zero, then PollEvent() until it is empty.
//
// The handshake has 30 s, counted from the first Receive() or PollTransmit(): call neither before
// there is a path to the peer.
//
// The session holds no socket, no timer and no clock of its own. It is not thread-safe. Once Closed
// has been polled it ignores input and asks for nothing.

#ifndef SLUICE_DTLS_SESSION_H_
#define SLUICE_DTLS_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/drop_reason.h"
#include "base/protocol_core.h"
#include "base/time.h"
#include "dtls/context.h"
#include "dtls/datagram_bio.h"
#include "dtls/fingerprint.h"
#include "dtls/openssl_deleter.h"
#include "dtls/record_guard.h"
#include "dtls/srtp_keys.h"

namespace sluice::dtls {

class Session {
 public:
  enum class CloseReason : uint8_t {
    kRemoteClosed,         // close_notify or a fatal alert, authenticated
    kLocalClosed,          // Close()
    kFingerprintMismatch,  // the certificate is not the one that was signalled
    kNoCertificate,        // the peer showed none
    kNoSrtpProfile,        // no use_srtp, or no profile in common
    kHandshakeFailed,      // what the peer sent can never become a handshake
    kHandshakeTimeout,
  };

  struct Connected {
    SrtpKeys keys;  // RFC 5764 §4.2, already split into local and remote halves.
    std::string remote_certificate_pem;
  };
  // What the peer sent over the association, one record. Only if KeepApplicationData() was called.
  struct ApplicationData {
    std::vector<uint8_t> bytes;
  };
  struct Closed {
    CloseReason reason;
  };
  using Event = std::variant<Connected, ApplicationData, Closed>;

  // What one handshake may take, from the first datagram of either side.
  static constexpr Duration kHandshakeLimit = std::chrono::seconds(30);

  // The largest datagram the session sends: fits every path WebRTC is expected to work over,
  // tunnels and IPv6 (1,280 bytes less headers) included.
  static constexpr size_t kMaxDatagram = 1200;
  // What of it Send() can fill: less the header of a record, and nonce and tag of AES-GCM.
  static constexpr size_t kMaxApplicationData = kMaxDatagram - 13 - 8 - 16;

  // `expected` is the certificate fingerprint the peer signalled; a peer that presents another one
  // is closed with kFingerprintMismatch before any key leaves this class.
  Session(const Context& context, Role role, const Fingerprint& expected);
  ~Session();

  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void Receive(Timestamp now, ByteView datagram);
  void HandleTimeout(Timestamp now);
  std::optional<Timestamp> NextTimeout() const;

  // Writes the next outgoing datagram into `out` and returns its length, or zero if there is none.
  // `out` should hold kMaxDatagram bytes; a datagram that does not fit is dropped and counted.
  // In the client role the first call begins the handshake.
  size_t PollTransmit(Timestamp now, ByteSpan out);
  std::optional<Event> PollEvent();

  // Hands out application data, which is dropped otherwise. The session then keeps OpenSSL's
  // buffers of 33 KiB, which one without data gives back.
  void KeepApplicationData() { keeps_application_data_ = true; }
  // Sends up to kMaxApplicationData bytes as one record. False if there is no connection yet, or no
  // more, or the record could not be made; nothing is sent then.
  bool Send(ByteView data);

  // Sends close_notify if there is a connection, and ends with kLocalClosed.
  void Close(Timestamp now);

  bool connected() const { return state_ == State::kConnected; }
  bool closed() const { return state_ == State::kClosed; }
  const DropCounters& drops() const { return drops_; }

 private:
  enum class State : uint8_t { kHandshake, kConnected, kClosed };

  // What one call of OpenSSL came to.
  enum class Progress : uint8_t { kDone, kWaiting, kRemoteClosed, kFailed };

  void Begin(Timestamp now);
  void NewHandshake();
  void Accept(Timestamp now, const Record& record);
  Expecting Expected() const;
  bool IsTooEarly(const Record& record);
  ByteView Renumbered(const Record& record);
  void Advance(Timestamp now);
  void FailHandshake(Timestamp now, Expecting before);
  void FinishHandshake();
  std::optional<CloseReason> CheckPeer(const x509_st* certificate) const;
  std::optional<SrtpKeys> ExportKeys() const;
  void ReadApplicationData();
  void ReleaseBuffers();
  void Retransmit(Timestamp now);
  void RetransmitByOurClock(Timestamp now);
  void UpdateDeadline(Timestamp now);
  Progress Judge(int result) const;
  void End(CloseReason reason);

  const Context& context_;
  const Role role_;
  const Fingerprint expected_;

  DropCounters drops_;
  DatagramQueue wire_;  // Before ssl_, whose BIO points here.
  SslPtr ssl_;

  State state_ = State::kHandshake;
  std::optional<Timestamp> give_up_at_;     // End of the handshake's 30 s.
  std::optional<Timestamp> retransmit_at_;  // When the last flight is due again.
  Duration repeat_interval_{};              // In use while OpenSSL's clock is behind.
  int attempts_ = 0;                        // Handshakes ruined by bytes that were not authentic.
  int early_records_ = 0;                   // Encrypted ones OpenSSL has to keep for later.
  uint32_t clear_records_ = 0;              // Given to OpenSSL in this handshake.
  std::vector<uint8_t> renumbered_;         // The last of them; empty once connected.
  bool keeps_application_data_ = false;
  std::vector<Event> events_;  // At most Connected, Closed, and the data of one datagram.
};

static_assert(ProtocolCore<Session>);

// "remoteClosed", for statistics and logs.
std::string_view CloseReasonName(Session::CloseReason reason);

}  // namespace sluice::dtls

#endif  // SLUICE_DTLS_SESSION_H_
