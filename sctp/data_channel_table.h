// Which streams of an association are data channels, whose they are and in which state (RFC 8831
// §6, RFC 8832).
//
// The table sends nothing. It is told what happens, answers with what must be sent because of it,
// and its owner sends it. A channel is there because either side opened it by DCEP, or because an
// application says so (`negotiated` in the API of browsers).

#ifndef SLUICE_SCTP_DATA_CHANNEL_TABLE_H_
#define SLUICE_SCTP_DATA_CHANNEL_TABLE_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "sctp/dcep.h"
#include "sctp/message.h"

namespace sluice::sctp {

// RFC 8832 §6: the client of the DTLS handshake opens channels on even streams, the server on odd
// ones, so that both may open at once.
enum class Parity : uint8_t { kEven = 0, kOdd = 1 };

class DataChannelTable {
 public:
  enum class Origin : uint8_t { kNegotiated, kLocal, kRemote };
  enum class State : uint8_t {
    kOpening,  // DATA_CHANNEL_OPEN has gone, its answer has not come
    kOpen,
    kClosing,  // one side has reset its stream, the other has not
  };

  struct Channel {
    Origin origin = Origin::kNegotiated;
    State state = State::kOpen;
    DataChannelOpen properties = {};
    bool incoming_reset = false;
    bool outgoing_reset = false;
  };

  // What a message of DCEP came to.
  struct Opened {  // the peer opened it; `answer` is to be sent on the stream, ordered and reliable
    std::vector<uint8_t> answer;
  };
  struct Acknowledged {};
  using Outcome = std::variant<Opened, Acknowledged>;

  // What labels and protocols of all channels may take. One of each may be as long as RFC 8832
  // allows; 1,024 channels with names that people give take 64 KiB.
  static constexpr size_t kMaxTextBytes = 512 * 1024;

  // `streams` is what both directions have.
  DataChannelTable(Parity ours, uint16_t streams) : ours_(ours), streams_(streams) {}
  // Once DTLS has decided; channels that are there stay.
  void set_parity(Parity ours) { ours_ = ours; }

  // A channel that both applications know of. AlreadyExists if the stream is one, InvalidArgument
  // if there is no such stream, ResourceExhausted if its texts are too long.
  absl::Status AddNegotiated(StreamId stream, DataChannelOpen properties);

  // Opens a channel on the lowest free stream of our parity, or on `stream`. The stream, on which
  // WriteDcep(properties) is to be sent, ordered and reliable. ResourceExhausted if none is free.
  absl::StatusOr<StreamId> Open(DataChannelOpen properties,
                                std::optional<StreamId> stream = std::nullopt);

  // A message with Ppid::kDcep came on `stream`. InvalidArgument: not DCEP; FailedPrecondition: it
  // makes no sense now (a stream in use, the wrong parity, an answer to nothing). RFC 8832 §7: the
  // stream of an OPEN that was refused is to be reset.
  absl::StatusOr<Outcome> Receive(StreamId stream, ByteView message);

  // Anything else came on `stream`. RFC 8832 §6: that answers an OPEN just as well.
  void RecordMessage(StreamId stream);

  // We want it gone: our side of the stream is to be reset. False if there is nothing to do.
  bool Close(StreamId stream);
  // The peer reset its side; of all streams if empty. To be reset in turn (RFC 8831 §6.7) are the
  // streams of channels that we have not begun to close; gone are those that we had.
  struct IncomingReset {
    std::vector<StreamId> to_reset;
    std::vector<StreamId> gone;
  };
  IncomingReset RecordIncomingReset(const std::vector<StreamId>& streams);
  // Our side has been reset. The channels that are gone now, from both sides.
  std::vector<StreamId> RecordOutgoingReset(const std::vector<StreamId>& streams);
  // Forgets one whose streams need no reset, because there is no association.
  void Remove(StreamId stream);
  // Nothing is left of any channel, which is what a restart means.
  void Clear();

  const Channel* Find(StreamId stream) const;
  size_t size() const { return channels_.size(); }
  // True if DCEP lets the peer open a channel there.
  bool IsPeers(StreamId stream) const { return stream.value() % 2 != static_cast<uint16_t>(ours_); }

 private:
  absl::Status Add(StreamId stream, Channel channel);
  absl::StatusOr<Outcome> ReceiveOpen(StreamId stream, DataChannelOpen open);
  // `visit(StreamId, Channel&)` for those of `streams` that are channels; for all if it is empty.
  template <typename Visit>
  void VisitChannels(const std::vector<StreamId>& streams, Visit visit);

  Parity ours_;
  const uint16_t streams_;
  std::map<StreamId, Channel> channels_;
  size_t text_bytes_ = 0;
};

}  // namespace sluice::sctp

#endif  // SLUICE_SCTP_DATA_CHANNEL_TABLE_H_
