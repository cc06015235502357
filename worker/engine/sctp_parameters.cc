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

}  // namespace

absl::Status CheckSctp(const schema::SctpParametersT& options) {
  if (options.port != 5000) return absl::InvalidArgumentError("sctpParameters.port: not 5000");
  if (options.os == 0 || options.mis == 0) {
    return absl::InvalidArgumentError("numSctpStreams: OS or MIS is 0");
  }
  if (options.max_message_size == 0 || options.max_message_size > kMaxSctpMessage) {
    return absl::InvalidArgumentError(
        absl::StrCat("maxSctpMessageSize: neither 1 nor up to ", kMaxSctpMessage));
  }
  if (options.send_buffer_size < options.max_message_size ||
      options.send_buffer_size > kMaxSctpSendBuffer) {
    return absl::InvalidArgumentError(absl::StrCat(
        "sctpSendBufferSize: neither maxSctpMessageSize nor up to ", kMaxSctpSendBuffer));
  }
  return absl::OkStatus();
}

void AddDataPath(Workspace& workspace, Handle<Transport> handle,
                 const schema::SctpParametersT& options) {
  Transport& transport = *workspace.transports.Find(handle);
  transport.data = std::make_unique<DataPath>(
      workspace.sctp, sctp::Association::Options{.port = options.port,
                                                 .outgoing_streams = options.os,
                                                 .incoming_streams = options.mis,
                                                 .max_message_size = options.max_message_size,
                                                 .send_buffer = options.send_buffer_size,
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
  return described;
}

}  // namespace sluice::worker
