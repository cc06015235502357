#include "worker/engine/sctp_parameters.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "dtls/session.h"
#include "worker/engine/limits.h"
#include "worker/engine/pipe_link.h"

namespace sluice::worker {
namespace {

// What any link carries.
constexpr size_t kMaxSctpPacket = std::min(dtls::Session::kMaxApplicationData, PipeLink::kMaxData);

uint32_t ReceiveSize(const schema::SctpParametersT& options) {
  const uint32_t size = options.max_receive_message_size;
  return size != 0 ? size : options.max_message_size;
}

}  // namespace

absl::Status CheckSctp(const schema::SctpParametersT& options) {
  if (options.port != 5000) return absl::InvalidArgumentError("sctpParameters.port: not 5000");
  if (options.os == 0 || options.mis == 0) {
    return absl::InvalidArgumentError("numSctpStreams: OS or MIS is 0");
  }
  if (options.max_message_size == 0 || options.max_message_size > kMaxSctpMessage) {
    return absl::InvalidArgumentError(
        absl::StrCat("maxSendMessageSize: neither 1 nor up to ", kMaxSctpMessage));
  }
  if (options.max_receive_message_size > kMaxSctpMessage) {
    return absl::InvalidArgumentError(
        absl::StrCat("maxReceiveMessageSize: above ", kMaxSctpMessage));
  }
  if (options.send_buffer_size < options.max_message_size ||
      options.send_buffer_size > kMaxSctpSendBuffer) {
    return absl::InvalidArgumentError(absl::StrCat(
        "sctpSendBufferSize: neither maxSendMessageSize nor up to ", kMaxSctpSendBuffer));
  }
  const uint32_t of_stream = options.per_stream_send_queue_limit;
  if (of_stream != 0 && of_stream < options.max_message_size) {
    return absl::InvalidArgumentError(
        "sctpPerStreamSendQueueLimit: neither 0 nor at least maxSendMessageSize");
  }
  const uint32_t window = options.max_receiver_window_buffer_size;
  if (window != 0 && (window < ReceiveSize(options) || window > kMaxSctpWindow)) {
    return absl::InvalidArgumentError(
        absl::StrCat("sctpMaxReceiverWindowBufferSize: neither 0 nor maxReceiveMessageSize nor up "
                     "to ",
                     kMaxSctpWindow));
  }
  return absl::OkStatus();
}

void AddDataPath(Workspace& workspace, Handle<Transport> handle,
                 const schema::SctpParametersT& options) {
  Transport& transport = *workspace.transports.Find(handle);
  const uint32_t of_stream = options.per_stream_send_queue_limit;
  transport.data = std::make_unique<DataPath>(
      workspace.sctp,
      sctp::Association::Options{
          .port = options.port,
          .outgoing_streams = options.os,
          .incoming_streams = options.mis,
          .max_message_size = options.max_message_size,
          .max_receive_message_size = ReceiveSize(options),
          .send_buffer = options.send_buffer_size,
          .stream_send_buffer = of_stream != 0 ? of_stream : options.send_buffer_size,
          .receive_window = options.max_receiver_window_buffer_size,
          .max_packet = kMaxSctpPacket});
  workspace.associations.emplace(&transport.data->association(), handle);
}

std::unique_ptr<schema::SctpParametersT> DescribeSctp(const sctp::Association& association) {
  const sctp::Association::Options& options = association.options();
  auto described = std::make_unique<schema::SctpParametersT>();
  described->port = options.port;
  described->os = options.outgoing_streams;
  described->mis = options.incoming_streams;
  described->max_message_size = static_cast<uint32_t>(options.max_message_size);
  described->send_buffer_size = static_cast<uint32_t>(options.send_buffer);
  described->max_receive_message_size = static_cast<uint32_t>(options.max_receive_message_size);
  described->per_stream_send_queue_limit = static_cast<uint32_t>(options.stream_send_buffer);
  described->max_receiver_window_buffer_size = static_cast<uint32_t>(options.receive_window);
  return described;
}

}  // namespace sluice::worker
