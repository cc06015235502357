// The data channels of one transport: an association, and who has which of its streams.
//
// A stream may be one peer's mouth (a data producer) and its ear (a data consumer) at once, as the
// channels of browsers are. What the peer opens by DCEP waits, with the first that is said on it,
// until the application claims it.

#ifndef SLUICE_WORKER_ENGINE_DATA_PATH_H_
#define SLUICE_WORKER_ENGINE_DATA_PATH_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "base/ids.h"
#include "base/time.h"
#include "dtls/context.h"
#include "sctp/association.h"
#include "sctp/data_channel_table.h"
#include "worker/engine/objects.h"

namespace sluice::worker {

class DataPath {
 public:
  // What is said before somebody hears it: a browser may speak as soon as it has opened a channel,
  // and the application's answer takes a few trips to it and back.
  static constexpr Duration kMaxEarlyAge = std::chrono::seconds(5);
  static constexpr size_t kMaxEarlyMessages = 256;
  static constexpr size_t kMaxEarlyBytes = 256 * 1024;

  DataPath(sctp::Stack& stack, const sctp::Association::Options& options);

  // DTLS is up, and this is our role in it.
  void Connect(Timestamp now, dtls::Role role);

  sctp::Association& association() { return association_; }
  const sctp::Association& association() const { return association_; }

  // Claim a direction of a stream. AlreadyExists if somebody has it; InvalidArgument if there is no
  // such stream.
  absl::Status ClaimIncoming(sctp::StreamId stream, Handle<DataProducer> producer,
                             sctp::DataChannelOpen properties);
  // The peer's application knows of the channel, or opened it.
  absl::Status ClaimOutgoing(sctp::StreamId stream, Handle<DataConsumer> consumer,
                             sctp::DataChannelOpen properties);
  // The same for a channel that the peer is told of by DCEP as soon as there is an association.
  // Only on streams that are ours to open (InvalidArgument), which is known once DTLS roles are.
  absl::Status OpenOutgoing(Timestamp now, sctp::StreamId stream, Handle<DataConsumer> consumer,
                            sctp::DataChannelOpen properties);
  // Give it back. A stream that nobody has any more is reset.
  void ReleaseIncoming(Timestamp now, sctp::StreamId stream);
  void ReleaseOutgoing(Timestamp now, sctp::StreamId stream);

  Handle<DataProducer> ProducerOn(sctp::StreamId stream) const;
  Handle<DataConsumer> ConsumerOn(sctp::StreamId stream) const;
  bool HasChannel(sctp::StreamId stream) const { return channels_.Find(stream) != nullptr; }
  bool IsOpenedByPeer(sctp::StreamId stream) const;

  // RFC 8832 §6: until a channel that we open has been answered, its messages are ordered, or they
  // could overtake its DATA_CHANNEL_OPEN.
  absl::Status Send(Timestamp now, sctp::StreamId stream, sctp::Ppid ppid, ByteView payload,
                    sctp::Reliability reliability);

  // What follows from events of the association.
  void RecordConnected(Timestamp now);
  void RecordRestarted(Timestamp now);
  // A message of DCEP. The channel, if the peer has opened one.
  const sctp::DataChannelOpen* ReceiveDcep(Timestamp now, const sctp::Message& message);
  void RecordMessage(sctp::StreamId stream) { channels_.RecordMessage(stream); }
  // Keeps what came on a channel of the peer's before anybody could hear it, or counts it.
  void KeepEarly(Timestamp now, sctp::Message message);
  // What was kept for `stream`, in order.
  std::vector<sctp::Message> TakeEarly(Timestamp now, sctp::StreamId stream);
  // The channels that are gone.
  std::vector<sctp::StreamId> RecordIncomingReset(Timestamp now,
                                                  const std::vector<sctp::StreamId>& streams);
  std::vector<sctp::StreamId> RecordOutgoingReset(const std::vector<sctp::StreamId>& streams);

  uint64_t unclaimed() const { return unclaimed_; }
  uint64_t dcep_refused() const { return dcep_refused_; }

 private:
  bool IsConnected() const { return association_.state() == sctp::Association::State::kConnected; }
  bool IsClaimed(sctp::StreamId stream) const {
    return incoming_.contains(stream.value()) || outgoing_.contains(stream.value());
  }
  absl::Status AddChannel(sctp::StreamId stream, sctp::DataChannelOpen properties);
  void SendOpen(Timestamp now, sctp::StreamId stream);
  void CloseIfUnclaimed(Timestamp now, sctp::StreamId stream);
  void ForgetOldEarly(Timestamp now);
  // Takes out and returns what was kept for `stream`.
  std::vector<sctp::Message> SplitEarly(sctp::StreamId stream);

  struct Early {
    Timestamp since;
    sctp::Message message;
  };

  sctp::Association association_;
  sctp::DataChannelTable channels_;
  // Of those who open: told to the peer once there is an association.
  std::vector<sctp::StreamId> to_open_;
  absl::flat_hash_map<uint16_t, Handle<DataProducer>> incoming_;
  absl::flat_hash_map<uint16_t, Handle<DataConsumer>> outgoing_;
  std::deque<Early> early_;  // oldest first
  size_t early_bytes_ = 0;
  uint64_t unclaimed_ = 0;
  uint64_t dcep_refused_ = 0;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_DATA_PATH_H_
