#include "sctp/association.h"

#include <absl/strings/str_cat.h>
#include <usrsctp.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "sctp/packet_check.h"

namespace sluice::sctp {
namespace {

// Room for two messages of the largest size, so that one is acknowledged while the next is sent;
// at least this, so that small messages fill 50 ms of 80 Mbit/s.
constexpr size_t kMinStackSpace = 512 * 1024;
// usrsctp counts bytes only, but a message costs it some 600 on top of its own.
constexpr size_t kMaxStackMessages = 2048;
// A window for 100 ms of 80 Mbit/s. A message that fills half of it is delivered in parts.
constexpr size_t kMinReceiveSpace = 1024 * 1024;
// As many streams in one request as fit a packet twice over.
constexpr size_t kMaxResetsAtOnce = 128;

size_t StackSpace(const Association::Options& options) {
  return std::max(2 * options.max_message_size, kMinStackSpace);
}

size_t ReceiveSpace(const Association::Options& options) {
  if (options.receive_window == 0) {
    return std::max(4 * options.max_receive_message_size, kMinReceiveSpace);
  }
  // usrsctp delivers a message in parts that fills half of it.
  return std::max(options.receive_window, 2 * options.max_receive_message_size);
}

void SetPolicy(sctp_sendv_spa& info, const Reliability& reliability,
               std::optional<Duration> remaining) {
  if (reliability.max_retransmits) {
    info.sendv_prinfo.pr_policy = SCTP_PR_SCTP_RTX;
    info.sendv_prinfo.pr_value = *reliability.max_retransmits;
  } else if (remaining) {
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(*remaining).count();
    info.sendv_prinfo.pr_policy = SCTP_PR_SCTP_TTL;
    info.sendv_prinfo.pr_value = static_cast<uint32_t>(std::max<int64_t>(ms, 1));
  } else {
    return;
  }
  info.sendv_flags |= SCTP_SEND_PRINFO_VALID;
}

}  // namespace

Association::Association(Stack& stack, const Options& options) : stack_(stack), options_(options) {}

Association::~Association() {
  CloseSocket();
  stack_.ForgetWoken(*this);
}

void Association::Connect(Timestamp now) {
  if (state_ != State::kNew) return;
  state_ = State::kConnecting;
  key_ = stack_.Attach(now, *this);
  stack_.HandleTimeout(now);
  Stack::RecordTraffic(now);
  socket_ = Stack::Open(key_, {.port = options_.port,
                               .outgoing_streams = options_.outgoing_streams,
                               .incoming_streams = options_.incoming_streams,
                               .max_packet = options_.max_packet,
                               .send_space = StackSpace(options_),
                               .receive_space = ReceiveSpace(options_),
                               .partial_delivery_point = options_.max_receive_message_size + 1});
  if (socket_ == nullptr) ending_ = CloseReason::kNoResources;
  Settle(now);
}

void Association::Receive(Timestamp now, ByteView packet) {
  if (socket_ == nullptr) {
    drops_.Count(DropReason::kSctpUnexpected);
    return;
  }
  ++counters_.packets_received;
  const std::optional<PacketContents> contents = CheckPacket(packet, options_.port);
  if (!contents) {
    drops_.Count(DropReason::kSctpMalformed);
    return;
  }
  if (contents->init && !AdmitInit(now)) return;
  if (events_.size() >= kMaxEvents || event_bytes_ >= ReceiveSpace(options_)) {
    drops_.Count(DropReason::kQueueFull);
    return;
  }
  stack_.HandleTimeout(now);
  Stack::RecordTraffic(now);
  usrsctp_conninput(reinterpret_cast<void*>(key_), packet.data(), packet.size(), 0);
  Settle(now);
}

// An INIT costs its sender nothing and us a signed cookie of some hundred bytes.
bool Association::AdmitInit(Timestamp now) {
  if (!init_window_ || now - *init_window_ >= std::chrono::seconds(1)) {
    init_window_ = now;
    inits_ = 0;
  }
  if (++inits_ <= kInitsPerSecond) return true;
  ++counters_.inits_ignored;
  return false;
}

void Association::HandleTimeout(Timestamp now) { stack_.HandleTimeout(now); }

std::optional<Timestamp> Association::NextTimeout() const {
  if (socket_ == nullptr) return std::nullopt;
  return HasOutput() ? Stack::told() : Stack::NextTick();
}

size_t Association::PollTransmit(Timestamp, ByteSpan out) {
  while (!outgoing_.empty()) {
    const std::vector<uint8_t> packet = std::move(outgoing_.front());
    outgoing_.pop_front();
    if (packet.size() <= out.size()) {
      std::memcpy(out.data(), packet.data(), packet.size());
      ++counters_.packets_sent;
      return packet.size();
    }
    drops_.Count(DropReason::kTooLarge);
  }
  return 0;
}

std::optional<Association::Event> Association::PollEvent() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  if (const auto* message = std::get_if<Message>(&event)) event_bytes_ -= message->payload.size();
  return event;
}

absl::Status Association::CheckSend(StreamId stream, size_t size,
                                    const Reliability& reliability) const {
  if (!IsConnected() || shutting_down_) {
    return absl::FailedPreconditionError("the association is not connected");
  }
  if (stream.value() >= outgoing_streams_) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no stream ", stream.value(), " of ", outgoing_streams_));
  }
  if (size > options_.max_message_size) {
    return absl::InvalidArgumentError(
        absl::StrCat("a message of ", size, " bytes is longer than ", options_.max_message_size));
  }
  if (reliability.max_retransmits && reliability.max_lifetime) {
    return absl::InvalidArgumentError("both limits of partial reliability are set");
  }
  if (resetting_.contains(stream)) {
    return absl::FailedPreconditionError(
        absl::StrCat("stream ", stream.value(), " is being reset"));
  }
  return absl::OkStatus();
}

absl::Status Association::Send(Timestamp now, StreamId stream, Ppid ppid, ByteView payload,
                               const Reliability& reliability) {
  if (absl::Status status = CheckSend(stream, payload.size(), reliability); !status.ok()) {
    return status;
  }
  static constexpr uint8_t kNothing[1] = {0};
  if (payload.empty()) {
    payload = kNothing;
    if (ppid == Ppid::kString) ppid = Ppid::kStringEmpty;
    if (ppid == Ppid::kBinary) ppid = Ppid::kBinaryEmpty;
  }
  const bool room =
      ledger_.total() == 0 || ledger_.total() + payload.size() <= options_.send_buffer;
  if (!room || queue_.size() >= kMaxQueued) {
    ++counters_.messages_refused;
    return absl::ResourceExhaustedError("the send buffer is full");
  }
  const size_t waiting = ledger_.amount(stream);
  if (waiting != 0 && waiting + payload.size() > options_.stream_send_buffer) {
    ++counters_.messages_refused;
    return absl::ResourceExhaustedError("the send buffer of the stream is full");
  }
  ++counters_.messages_sent;
  counters_.bytes_sent += payload.size();
  ledger_.RecordAccepted(stream, payload.size());

  stack_.HandleTimeout(now);
  Stack::RecordTraffic(now);
  std::optional<Timestamp> expires;
  if (reliability.max_lifetime) expires = now + *reliability.max_lifetime;
  const Outgoing message{stream, ppid, payload, reliability, expires};
  if (!queue_.empty() || GiveToStack(now, message) == Handover::kNoRoom) {
    queue_.Push(stream, {ppid, reliability, expires, {payload.begin(), payload.end()}});
  }
  Settle(now);
  return absl::OkStatus();
}

Association::Handover Association::GiveToStack(Timestamp now, const Outgoing& message) {
  if (ledger_.held_messages() >= kMaxStackMessages) return Handover::kNoRoom;
  sctp_sendv_spa info{};
  info.sendv_flags = SCTP_SEND_SNDINFO_VALID;
  info.sendv_sndinfo.snd_sid = message.stream.value();
  info.sendv_sndinfo.snd_ppid = htonl(static_cast<uint32_t>(message.ppid));
  info.sendv_sndinfo.snd_flags =
      static_cast<uint16_t>(SCTP_EOR | (message.reliability.ordered ? 0 : SCTP_UNORDERED));
  std::optional<Duration> remaining;
  if (message.expires) remaining = *message.expires - now;
  SetPolicy(info, message.reliability, remaining);

  const size_t size = message.payload.size();
  const ssize_t sent = usrsctp_sendv(socket_, message.payload.data(), size, nullptr, 0, &info,
                                     sizeof(info), SCTP_SENDV_SPA, 0);
  if (sent < 0 && (errno == EWOULDBLOCK || errno == EAGAIN)) return Handover::kNoRoom;
  if (sent != static_cast<ssize_t>(size)) {
    // Nothing is wrong with the message; the association is about to end.
    ++counters_.messages_lost;
    ledger_.RecordDropped(message.stream, size);
    return Handover::kLost;
  }
  ledger_.RecordHandedOver(message.stream, size);
  return Handover::kTaken;
}

void Association::Refill(Timestamp now) {
  queue_.DropExpired(now, [this](StreamId stream, const SendQueue::Entry& entry) {
    ++counters_.messages_expired;
    ledger_.RecordDropped(stream, entry.payload.size());
  });
  while (const std::optional<SendQueue::Head> head = queue_.Front()) {
    const SendQueue::Entry& entry = head->entry;
    const Outgoing message{head->stream, entry.ppid, entry.payload, entry.reliability,
                           entry.expires};
    if (GiveToStack(now, message) == Handover::kNoRoom) return;
    queue_.PopFront();
  }
}

absl::Status Association::ResetStream(Timestamp now, StreamId stream) {
  if (!IsConnected()) return absl::FailedPreconditionError("the association is not connected");
  if (stream.value() >= outgoing_streams_) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no stream ", stream.value(), " of ", outgoing_streams_));
  }
  resetting_.insert(stream);
  stack_.HandleTimeout(now);
  Stack::RecordTraffic(now);
  Settle(now);
  return absl::OkStatus();
}

// usrsctp sends one request at a time, and each only when the streams in it have nothing more to
// send; it keeps the others for later. What waits here is not known to it yet.
void Association::RequestResets() {
  std::vector<StreamId> wanted;
  for (const StreamId stream : resetting_) {
    if (wanted.size() == kMaxResetsAtOnce) break;
    if (!requested_.contains(stream) && !queue_.Has(stream)) wanted.push_back(stream);
  }
  if (wanted.empty()) return;
  std::vector<uint8_t> bytes(sizeof(sctp_reset_streams) + wanted.size() * sizeof(uint16_t));
  sctp_reset_streams request{};
  request.srs_flags = SCTP_STREAM_RESET_OUTGOING;
  request.srs_number_streams = static_cast<uint16_t>(wanted.size());
  std::memcpy(bytes.data(), &request, sizeof(request));
  for (size_t i = 0; i < wanted.size(); ++i) {
    const uint16_t stream = wanted[i].value();
    std::memcpy(&bytes[sizeof(request) + i * sizeof(stream)], &stream, sizeof(stream));
  }
  const int result = usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_RESET_STREAMS, bytes.data(),
                                        static_cast<socklen_t>(bytes.size()));
  // EALREADY: it is behind another one. Anything else is tried again with the next tick.
  if (result == 0 || errno == EALREADY) requested_.insert(wanted.begin(), wanted.end());
}

void Association::Shutdown(Timestamp now) {
  if (!IsConnected()) {
    Abort(now);
    return;
  }
  shutting_down_ = true;
  stack_.HandleTimeout(now);
  Stack::RecordTraffic(now);
  Settle(now);
}

void Association::Abort(Timestamp now) {
  if (state_ == State::kClosed) return;
  stack_.HandleTimeout(now);
  if (state_ != State::kClosed) End(CloseReason::kLocalClosed);
}

void Association::TakePacket(ByteView packet) {
  if (outgoing_.size() >= kMaxOutgoing) {
    drops_.Count(DropReason::kQueueFull);
    return;
  }
  outgoing_.emplace_back(packet.begin(), packet.end());
}

void Association::TakeFreeSpace(size_t bytes) {
  const size_t space = StackSpace(options_);
  held_ = space - std::min(bytes, space);
}

void Association::TakeData(ByteView data, uint16_t stream, uint32_t ppid, bool ends_message) {
  if (partial_ && partial_->stream != StreamId(stream)) {
    // usrsctp was told not to mix messages, so the one before has been cut off.
    ++counters_.messages_cut_off;
    partial_.reset();
  }
  if (!partial_) {
    partial_ = Message{StreamId(stream), static_cast<Ppid>(ppid), {}};
    partial_is_too_long_ = false;
  }
  std::vector<uint8_t>& payload = partial_->payload;
  if (data.size() > options_.max_receive_message_size - payload.size()) {
    // The rest of it is on its way and has to be taken, but need not be kept.
    partial_is_too_long_ = true;
    payload = {};
  } else if (!partial_is_too_long_) {
    payload.insert(payload.end(), data.begin(), data.end());
  }
  if (!ends_message) return;
  if (partial_is_too_long_) {
    ++counters_.messages_oversized;
  } else {
    Deliver(std::move(*partial_));
  }
  partial_.reset();
}

void Association::Deliver(Message message) {
  if (StandsForNothing(message.ppid)) message.payload = {};
  ++counters_.messages_received;
  counters_.bytes_received += message.payload.size();
  event_bytes_ += message.payload.size();
  Push(std::move(message));
}

void Association::TakeNotification(const union sctp_notification& notification, size_t size) {
  if (size < sizeof(notification.sn_header)) return;
  switch (notification.sn_header.sn_type) {
    case SCTP_ASSOC_CHANGE: {
      const sctp_assoc_change& change = notification.sn_assoc_change;
      TakeAssociationChange(change.sac_state, change.sac_outbound_streams,
                            change.sac_inbound_streams);
      break;
    }
    case SCTP_PARTIAL_DELIVERY_EVENT:
      if (std::exchange(partial_, std::nullopt)) ++counters_.messages_cut_off;
      break;
    case SCTP_STREAM_RESET_EVENT: {
      const sctp_stream_reset_event& reset = notification.sn_strreset_event;
      std::vector<StreamId> streams((size - sizeof(reset)) / sizeof(uint16_t));
      for (size_t i = 0; i < streams.size(); ++i) {
        streams[i] = StreamId(reset.strreset_stream_list[i]);
      }
      TakeStreamReset(reset.strreset_flags, std::move(streams));
      break;
    }
    default:
      break;
  }
}

void Association::TakeAssociationChange(uint16_t state, uint16_t outgoing, uint16_t incoming) {
  switch (state) {
    case SCTP_RESTART:
    case SCTP_COMM_UP:
      outgoing_streams_ = outgoing;
      incoming_streams_ = incoming;
      if (IsConnected()) {
        restarted_ = true;
      } else {
        state_ = State::kConnected;
        Push(Connected{outgoing, incoming});
      }
      break;
    case SCTP_COMM_LOST:
    case SCTP_CANT_STR_ASSOC:
      ending_ = CloseReason::kRemoteAborted;
      break;
    case SCTP_SHUTDOWN_COMP:
      ending_ = shutting_down_ ? CloseReason::kLocalClosed : CloseReason::kRemoteShutdown;
      break;
    default:
      break;
  }
}

void Association::TakeStreamReset(uint16_t flags, std::vector<StreamId> streams) {
  if (flags & SCTP_STREAM_RESET_INCOMING_SSN) {
    Push(IncomingReset{std::move(streams)});
    return;
  }
  if (!(flags & SCTP_STREAM_RESET_OUTGOING_SSN)) return;
  // A peer that denies goes on counting where it was, and so do we. The stream is as good as new
  // to those who use it.
  if (flags & (SCTP_STREAM_RESET_DENIED | SCTP_STREAM_RESET_FAILED)) ++counters_.resets_denied;
  if (streams.empty()) {
    resetting_.clear();
    requested_.clear();
  }
  for (const StreamId stream : streams) {
    resetting_.erase(stream);
    requested_.erase(stream);
  }
  Push(OutgoingReset{std::move(streams)});
}

void Association::FinishRestart() {
  restarted_ = false;
  counters_.messages_lost += queue_.size();
  queue_.Clear();
  ledger_.Clear();
  held_.reset();
  resetting_.clear();
  requested_.clear();
  partial_.reset();
  Push(Restarted{});
  if (++counters_.restarts > kMaxRestarts) ending_ = CloseReason::kTooManyRestarts;
}

void Association::Settle(Timestamp now) {
  if (socket_ == nullptr && !ending_) return;
  if (restarted_) FinishRestart();
  if (held_) ledger_.RecordHeld(*std::exchange(held_, std::nullopt));
  if (!ending_ && IsConnected()) {
    Refill(now);
    RequestResets();
    if (shutting_down_ && queue_.empty() && !std::exchange(told_to_shut_down_, true)) {
      usrsctp_shutdown(socket_, SHUT_WR);
    }
  }
  ReportLow();
  if (ending_) End(*ending_);
}

void Association::ReportLow() {
  while (const std::optional<StreamId> stream = ledger_.PollLow()) {
    Push(BufferedAmountLow{*stream});
  }
}

void Association::End(CloseReason reason) {
  counters_.messages_lost += queue_.size();
  queue_.Clear();
  ledger_.Clear();
  resetting_.clear();
  requested_.clear();
  partial_.reset();
  ending_.reset();
  CloseSocket();
  state_ = State::kClosed;
  Push(Closed{reason});
}

// Its last packet, which tells the peer, still finds us.
void Association::CloseSocket() {
  if (socket_ != nullptr) usrsctp_close(std::exchange(socket_, nullptr));
  if (key_ != 0) stack_.Detach(std::exchange(key_, 0));
}

void Association::Push(Event event) { events_.push_back(std::move(event)); }

std::string_view CloseReasonName(Association::CloseReason reason) {
  switch (reason) {
    case Association::CloseReason::kRemoteShutdown:
      return "remoteShutdown";
    case Association::CloseReason::kRemoteAborted:
      return "remoteAborted";
    case Association::CloseReason::kLocalClosed:
      return "localClosed";
    case Association::CloseReason::kTooManyRestarts:
      return "tooManyRestarts";
    case Association::CloseReason::kNoResources:
      return "noResources";
  }
  return "";
}

}  // namespace sluice::sctp
