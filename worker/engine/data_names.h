// Parameters of streams between the schema's words and SCTP's.

#ifndef SLUICE_WORKER_ENGINE_DATA_NAMES_H_
#define SLUICE_WORKER_ENGINE_DATA_NAMES_H_

#include <chrono>
#include <memory>

#include "absl/status/statusor.h"
#include "control-api/schema/message_generated.h"
#include "sctp/association.h"
#include "sctp/message.h"

namespace sluice::worker {

inline std::unique_ptr<schema::SctpStreamParametersT> DescribeStream(
    sctp::StreamId stream, const sctp::Reliability& reliability) {
  auto described = std::make_unique<schema::SctpStreamParametersT>();
  described->stream_id = stream.value();
  described->ordered = reliability.ordered;
  if (reliability.max_retransmits) described->max_retransmits = *reliability.max_retransmits;
  if (reliability.max_lifetime) {
    described->max_packet_life_time = static_cast<uint16_t>(
        std::chrono::floor<std::chrono::milliseconds>(*reliability.max_lifetime).count());
  }
  return described;
}

// InvalidArgument if both limits are set.
inline absl::StatusOr<sctp::Reliability> ReadReliability(
    const schema::SctpStreamParametersT& stream) {
  if (stream.max_packet_life_time && stream.max_retransmits) {
    return absl::InvalidArgumentError(
        "sctpStreamParameters: maxPacketLifeTime and maxRetransmits are both set");
  }
  sctp::Reliability reliability{.ordered = stream.ordered};
  if (stream.max_retransmits) reliability.max_retransmits = *stream.max_retransmits;
  if (stream.max_packet_life_time) {
    reliability.max_lifetime = std::chrono::milliseconds(*stream.max_packet_life_time);
  }
  return reliability;
}

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_DATA_NAMES_H_
