// A pair of pipe transports between two engines, and what an application does with them: what is
// carried over becomes a producer of the far router, under the same id.

#ifndef SLUICE_TESTS_SUPPORT_SIM_PIPE_H_
#define SLUICE_TESTS_SUPPORT_SIM_PIPE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/endpoint.h"
#include "control-api/response.h"
#include "dtls/srtp_master.h"
#include "sctp/message.h"
#include "tests/support/sim_link.h"
#include "tests/support/sim_member.h"

namespace sluice::test {

class SimPipe {
 public:
  struct Options {
    size_t near = 0;
    size_t far = 1;
    bool rtx = true;
    bool srtp = false;
    bool on_demand = true;
    bool data_channels = false;
    LinkOptions link = {};
  };

  SimPipe(Simulation& sim, const Options& options);

  // Makes the far router hear `publication`, which the near one must.
  void Carry(const Publication& publication);
  // The same for a data producer, over `stream` of the pipe.
  void CarryData(const std::string& producer, sctp::StreamId stream,
                 const sctp::Reliability& reliability = {});
  // Does what the near end's news about what it carries ask for: pauses, resumes and closes at the
  // far end what was paused, resumed and closed at the near one.
  void Follow();

  // Of the consumer that carries a publication.
  static std::string ConsumerOf(const Publication& publication, const SimPipe& pipe);
  schema::TransportStatsT NearStats();
  // What has come over the pipe in all, in bytes.
  uint64_t bytes_received();
  SimControl::Answer CloseNear();
  SimControl::Answer CloseFar();
  size_t near() const { return options_.near; }
  size_t far() const { return options_.far; }
  const std::string& near_transport() const { return near_; }
  const std::string& far_transport() const { return far_; }

 private:
  struct End {
    std::string address;
    uint16_t port = 0;
    std::unique_ptr<schema::SrtpParametersT> srtp;
  };
  End Create(size_t engine, const std::string& transport, const IpAddress& address);
  void Connect(size_t engine, const std::string& transport, const End& to);

  Simulation& sim_;
  const Options options_;
  const std::string near_;
  const std::string far_;
  std::vector<std::string> carried_;
  size_t news_seen_ = 0;
};

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_SIM_PIPE_H_
