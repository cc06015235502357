#include "worker/engine/plain_link.h"

#include <memory>
#include <utility>

namespace sluice::worker {

PlainLink::PlainLink(LinkKind kind, const Options& options)
    : Link(kind, options.srtp ? Protection::kSrtp : Protection::kNone),
      socket_(options.socket),
      rtcp_socket_(options.rtcp_socket),
      comedia_(options.comedia),
      cipher_(options.cipher),
      entropy_(options.entropy) {
  Follow(path_);
  if (rtcp_socket_) FollowForRtcp(rtcp_path_);
  if (options.srtp) local_srtp_ = dtls::SrtpMaster::Generate(*options.srtp, entropy_);
}

absl::Status PlainLink::Check(const Remote& remote) const {
  if (connected_) return absl::FailedPreconditionError("connect: has been called before");
  if (comedia_ && (remote.rtp || remote.rtcp)) {
    return absl::InvalidArgumentError("ip, port: with comedia the peer shows them itself");
  }
  if (!comedia_ && !remote.rtp) {
    return absl::InvalidArgumentError("ip, port: needed without comedia");
  }
  if (!comedia_ && rtcp_mux() == remote.rtcp.has_value()) {
    return absl::InvalidArgumentError(rtcp_mux() ? "rtcpPort: RTCP shares the port of RTP"
                                                 : "rtcpPort: needed without rtcpMux");
  }
  if (local_srtp_.has_value() != remote.srtp.has_value()) {
    return absl::InvalidArgumentError(local_srtp_ ? "srtpParameters: needed with enableSrtp"
                                                  : "srtpParameters: only with enableSrtp");
  }
  return absl::OkStatus();
}

absl::Status PlainLink::Connect(const Remote& remote) {
  if (absl::Status status = Check(remote); !status.ok()) return status;
  if (remote.srtp) {
    const dtls::SrtpProfile profile = remote.srtp->profile();
    if (local_srtp_->profile() != profile) {
      local_srtp_ = dtls::SrtpMaster::Generate(profile, entropy_);
    }
    const auto keys =
        dtls::SrtpKeys::FromHalves(profile, local_srtp_->bytes(), remote.srtp->bytes());
    auto srtp = dtls::SrtpSession::Create(*keys, cipher_);
    if (!srtp.ok()) return srtp.status();
    set_srtp(*std::move(srtp));
  }
  connected_ = true;
  if (remote.rtp) path_ = Path{socket_, *remote.rtp};
  if (remote.rtcp) rtcp_path_ = Path{*rtcp_socket_, *remote.rtcp};
  return absl::OkStatus();
}

bool PlainLink::SendData(ByteView data) {
  if (data.empty() || !CanSendData()) return false;
  data_.assign(data.begin(), data.end());
  return true;
}

bool PlainLink::PollTransmit(Timestamp /*now*/, TransmitBatch& batch) {
  if (data_.empty()) return false;
  const ByteSpan room = batch.Room();
  if (room.empty()) return true;
  ByteWriter out(room);
  out.Bytes(data_);
  data_.clear();
  if (out.ok() && path_) batch.Commit(*path_, out.size());
  return false;
}

bool PlainLink::MayShow(const Path& path, bool rtcp) const {
  if (!comedia_) return false;
  if (!is_rtcp_path(rtcp)) return path.socket == socket_ && !path_;
  // RTCP comes from the host of RTP, where that is known, from whatever port.
  const bool same_host = !path_ || path_->remote.address == path.remote.address;
  return path.socket == *rtcp_socket_ && !rtcp_path_ && same_host;
}

}  // namespace sluice::worker
