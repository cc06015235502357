// One SCTP association of WebRTC (RFC 8831, RFC 9260) with one peer, driven entirely by its owner.
//
// Both sides connect at once from port 5000 to port 5000 (RFC 8841 §9.3); which of the two INITs
// wins makes no difference. Messages are delivered whole. Streams end by RFC 6525 and may be used
// again. Partial reliability is RFC 3758.
//
// The owner gives it what it took out of an established DTLS session, and nothing else: SCTP itself
// keeps nobody out. After any call drain PollTransmit() until it returns zero and PollEvent() until
// it is empty; an owner who does not will see input dropped as kQueueFull. Once Closed has been
// polled it ignores input and asks for nothing.
//
// RFC 8260 (interleaving) is missing: see README.

#ifndef SLUICE_SCTP_ASSOCIATION_H_
#define SLUICE_SCTP_ASSOCIATION_H_

#include <absl/status/status.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/drop_reason.h"
#include "base/protocol_core.h"
#include "base/time.h"
#include "sctp/message.h"
#include "sctp/send_ledger.h"
#include "sctp/send_queue.h"
#include "sctp/stack.h"

union sctp_notification;  // usrsctp's.

namespace sluice::sctp {

class Association {
 public:
  struct Options {
    // RFC 8841 §5.1; the one port WebRTC uses.
    uint16_t port = 5000;
    // How many streams we ask for and how many we allow; the peer has a say in both. usrsctp
    // allocates all of them at once, about 300 bytes for a pair. 1 to 65,535.
    uint16_t outgoing_streams = 1024;
    uint16_t incoming_streams = 1024;
    // Bytes of one message to the peer, and of one from it (RFC 8841 §6).
    size_t max_message_size = 256 * 1024;
    size_t max_receive_message_size = 256 * 1024;
    // Bytes that may be under way, waiting here or in usrsctp; of all streams, and of each.
    size_t send_buffer = 2'000'000;
    size_t stream_send_buffer = 2'000'000;
    // The window that is offered to the peer, never less than one message of its needs; zero takes
    // what 100 ms of 80 Mbit/s and four of its messages need.
    size_t receive_window = 0;
    // The largest packet; fixed, since DTLS below cannot tell what a path carries.
    size_t max_packet = 1200;
  };

  enum class State : uint8_t { kNew, kConnecting, kConnected, kClosed };
  enum class CloseReason : uint8_t {
    kRemoteShutdown,  // gracefully
    kRemoteAborted,   // or it stopped to acknowledge
    kLocalClosed,     // Shutdown() or Abort()
    kTooManyRestarts,
    kNoResources,  // usrsctp would not begin
  };

  struct Connected {
    uint16_t outgoing_streams;
    uint16_t incoming_streams;
  };
  // The peer began anew (RFC 9260 §5.2): what was under way is gone, and all streams are fresh.
  struct Restarted {};
  // The peer will send nothing more on these, all of them if empty; what it sent has been delivered
  // (RFC 6525 §5.2.2). An owner answers in kind (RFC 8831 §6.7).
  struct IncomingReset {
    std::vector<StreamId> streams;
  };
  // ResetStream() is done, for all streams if empty. They may be used again.
  struct OutgoingReset {
    std::vector<StreamId> streams;
  };
  // See SetLowThreshold.
  struct BufferedAmountLow {
    StreamId stream;
  };
  struct Closed {
    CloseReason reason;
  };
  using Event = std::variant<Connected, Message, Restarted, IncomingReset, OutgoingReset,
                             BufferedAmountLow, Closed>;

  struct Counters {
    uint64_t packets_received = 0;
    uint64_t packets_sent = 0;
    uint64_t messages_received = 0;
    uint64_t messages_sent = 0;   // accepted by Send()
    uint64_t bytes_received = 0;  // of messages
    uint64_t bytes_sent = 0;
    uint64_t messages_refused = 0;    // Send() had no room
    uint64_t messages_expired = 0;    // lifetime over before usrsctp had them
    uint64_t messages_lost = 0;       // of usrsctp, which said it could take them, or of a restart
    uint64_t messages_oversized = 0;  // of the peer
    uint64_t messages_cut_off = 0;    // the peer gave up in the middle
    uint64_t inits_ignored = 0;
    uint64_t resets_denied = 0;
    uint64_t restarts = 0;
  };

  // Packets that one call may want to send: a full window and all that is retransmitted. More are
  // lost, as in a network.
  static constexpr size_t kMaxOutgoing = 1024;
  // Small messages cost more than their bytes. As many as 1,024 streams may have sixteen each of.
  static constexpr size_t kMaxQueued = 16 * 1024;
  // Events that wait for PollEvent(); bytes of messages among them are bounded as well.
  static constexpr size_t kMaxEvents = 16 * 1024;
  // A peer sends a few INITs until it hears an answer. Each costs us a cookie.
  static constexpr int kInitsPerSecond = 10;
  // Nobody restarts without having lost everything, and then DTLS as well.
  static constexpr uint64_t kMaxRestarts = 16;

  // `stack` outlives the association.
  Association(Stack& stack, const Options& options);
  ~Association();

  Association(const Association&) = delete;
  Association& operator=(const Association&) = delete;

  // Begins. INITs are repeated, ever more slowly, until the peer answers: it may come to want data
  // channels long after DTLS is up. To be called once.
  void Connect(Timestamp now);

  // `packet` is one SCTP packet. Input before Connect() is dropped.
  void Receive(Timestamp now, ByteView packet);
  void HandleTimeout(Timestamp now);
  std::optional<Timestamp> NextTimeout() const;
  // Writes the next packet into `out` and returns its length, or zero if there is none. One that
  // does not fit is dropped as kTooLarge.
  size_t PollTransmit(Timestamp now, ByteSpan out);
  std::optional<Event> PollEvent();

  // Takes a copy of the payload. An empty one, with kString or kBinary, goes as what stands for it.
  // InvalidArgument: no such stream, too long, both limits. FailedPrecondition: not connected, or
  // the stream is being reset. ResourceExhausted: as much as may be is under way already.
  absl::Status Send(Timestamp now, StreamId stream, Ppid ppid, ByteView payload,
                    const Reliability& reliability);

  // Ends the outgoing side of a stream once all that was accepted for it has been delivered (RFC
  // 6525 §5.1.2). Until OutgoingReset names it nothing can be sent on it.
  absl::Status ResetStream(Timestamp now, StreamId stream);

  // Bytes that were accepted for the stream and that the peer has not acknowledged; of all streams.
  size_t buffered_amount(StreamId stream) const { return ledger_.amount(stream); }
  size_t buffered_amount() const { return ledger_.total(); }
  // BufferedAmountLow tells when the amount falls to `bytes` or below.
  void SetLowThreshold(StreamId stream, size_t bytes) { ledger_.SetLowThreshold(stream, bytes); }
  void ForgetThreshold(StreamId stream) { ledger_.ForgetThreshold(stream); }

  // Ends once all that was accepted has been delivered. Nothing more can be sent.
  void Shutdown(Timestamp now);
  // Ends now; the peer is told.
  void Abort(Timestamp now);

  State state() const { return state_; }
  const Options& options() const { return options_; }
  // As agreed; zero before Connected.
  uint16_t outgoing_streams() const { return outgoing_streams_; }
  uint16_t incoming_streams() const { return incoming_streams_; }
  const Counters& counters() const { return counters_; }
  const DropCounters& drops() const { return drops_; }

 private:
  friend struct Process;

  // What usrsctp has to say. All of these are called from inside of it and only take notes; what
  // follows from them is done in Settle(), when usrsctp has returned.
  void TakePacket(ByteView packet);
  void TakeData(ByteView data, uint16_t stream, uint32_t ppid, bool ends_message);
  void TakeNotification(const union sctp_notification& notification, size_t size);
  void TakeAssociationChange(uint16_t state, uint16_t outgoing, uint16_t incoming);
  void TakeStreamReset(uint16_t flags, std::vector<StreamId> streams);
  void TakeFreeSpace(size_t bytes);

  // Called by every verb, and by the stack after a tick, when usrsctp has returned.
  void Settle(Timestamp now);
  void FinishRestart();
  // Gives usrsctp what it has room for.
  void Refill(Timestamp now);
  struct Outgoing {
    StreamId stream;
    Ppid ppid;
    ByteView payload;
    const Reliability& reliability;
    std::optional<Timestamp> expires;
  };
  enum class Handover : uint8_t { kTaken, kNoRoom, kLost };
  Handover GiveToStack(Timestamp now, const Outgoing& message);
  void RequestResets();
  void ReportLow();
  void End(CloseReason reason);
  void CloseSocket();

  absl::Status CheckSend(StreamId stream, size_t size, const Reliability& reliability) const;
  bool AdmitInit(Timestamp now);
  void Push(Event event);
  void Deliver(Message message);
  bool IsConnected() const { return state_ == State::kConnected; }
  bool HasOutput() const { return !outgoing_.empty() || !events_.empty(); }

  Stack& stack_;
  const Options options_;
  uintptr_t key_ = 0;  // Zero before Connect() and when closed.
  Socket* socket_ = nullptr;

  State state_ = State::kNew;
  bool shutting_down_ = false;
  bool told_to_shut_down_ = false;  // usrsctp was
  bool restarted_ = false;
  std::optional<CloseReason> ending_;
  uint16_t outgoing_streams_ = 0;
  uint16_t incoming_streams_ = 0;

  SendQueue queue_;
  SendLedger ledger_;
  std::optional<size_t> held_;    // What usrsctp said last, until Settle().
  std::set<StreamId> resetting_;  // Wanted, or under way.
  std::set<StreamId> requested_;  // Of these: under way.

  // A message that usrsctp delivers in parts, because it is longer than it would keep.
  std::optional<Message> partial_;
  bool partial_is_too_long_ = false;

  std::deque<std::vector<uint8_t>> outgoing_;
  std::deque<Event> events_;
  size_t event_bytes_ = 0;

  std::optional<Timestamp> init_window_;
  int inits_ = 0;
  bool touched_ = false;

  DropCounters drops_;
  Counters counters_;
};

static_assert(ProtocolCore<Association>);

// "remoteShutdown", for statistics and logs.
std::string_view CloseReasonName(Association::CloseReason reason);

}  // namespace sluice::sctp

#endif  // SLUICE_SCTP_ASSOCIATION_H_
