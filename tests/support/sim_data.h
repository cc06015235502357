// The data channels of a simulated browser: an association over its DTLS, channels by DCEP or by
// agreement, and what was heard on them.

#ifndef SLUICE_TESTS_SUPPORT_SIM_DATA_H_
#define SLUICE_TESTS_SUPPORT_SIM_DATA_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "dtls/session.h"
#include "sctp/association.h"
#include "sctp/data_channel_table.h"
#include "tests/support/sctp_forger.h"

namespace sluice::test {

class SimData {
 public:
  explicit SimData(dtls::Role role)
      : association_(stack_, {.max_packet = dtls::Session::kMaxApplicationData}),
        channels_(role == dtls::Role::kClient ? sctp::Parity::kEven : sctp::Parity::kOdd, 1024) {}

  // DTLS is up.
  void Connect(Timestamp now) { association_.Connect(now); }
  void Receive(Timestamp now, ByteView packet);
  void HandleTimeout(Timestamp now);
  std::optional<Timestamp> NextTimeout() const { return association_.NextTimeout(); }
  size_t PollTransmit(Timestamp now, ByteSpan out);

  // Speaks in the name of this browser; what it makes goes out with the next Inject().
  SctpForger& forger() { return forger_; }
  void Inject(std::vector<uint8_t> packet) { injected_.push_back(std::move(packet)); }
  // From now on only the forger speaks, and nobody hears: an association ends when it gets
  // acknowledgements of what it never sent.
  void TakeOver() { taken_over_ = true; }

  bool connected() const { return association_.state() == sctp::Association::State::kConnected; }
  sctp::Association& association() { return association_; }

  // As createDataChannel(): opens a channel on a stream of ours, once connected.
  sctp::StreamId Open(Timestamp now, const sctp::DataChannelOpen& properties);
  void Close(Timestamp now, sctp::StreamId stream);
  void Send(Timestamp now, sctp::StreamId stream, const std::string& text,
            const sctp::Reliability& reliability = {});

  const std::vector<sctp::Message>& heard() const { return heard_; }
  // The texts that were heard on `stream`, in order.
  std::vector<std::string> TextsOn(sctp::StreamId stream) const;
  // Channels that the other side opened.
  const std::vector<std::string>& opened() const { return opened_; }
  // Null if there is no such channel.
  const sctp::DataChannelTable::Channel* channel(sctp::StreamId stream) const {
    return channels_.Find(stream);
  }

 private:
  void TakeEvents(Timestamp now);
  void TakeMessage(Timestamp now, sctp::Message message);

  sctp::Stack stack_;
  sctp::Association association_;
  sctp::DataChannelTable channels_;
  SctpForger forger_;
  std::deque<std::vector<uint8_t>> injected_;
  bool taken_over_ = false;
  std::vector<sctp::Message> heard_;
  std::vector<std::string> opened_;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_SIM_DATA_H_
