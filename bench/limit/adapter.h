// What bench/load asks of a peer, answered by the bare forwarder.

#ifndef SLUICE_BENCH_LIMIT_ADAPTER_H_
#define SLUICE_BENCH_LIMIT_ADAPTER_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "bench/limit/media_server.h"
#include "bench/limit/options.h"
#include "bench/limit/request_line.h"

namespace sluice::bench {

class Adapter {
 public:
  explicit Adapter(const LimitOptions& options) : options_(options) {}

  RequestLine Answer(std::string_view request);
  bool stopped() const { return stopped_; }
  // Null before "start".
  MediaServer* server() { return server_.get(); }

 private:
  using Answered = absl::StatusOr<RequestLine>;

  Answered AnswerLine(const RequestLine& request);
  Answered Start(const RequestLine& request);
  Answered Send(const RequestLine& request);
  Answered Receive(const RequestLine& request);
  Answered Close(const RequestLine& request);
  RequestLine Counters() const;

  const LimitOptions options_;
  std::unique_ptr<MediaServer> server_;
  // Of a room and a name, which transport sends.
  std::map<std::string, size_t, std::less<>> senders_;
  bool stopped_ = false;
};

// Serves lines from `in` to `out` until "stop" or the end of `in`.
int RunAdapter(const LimitOptions& options, int in, int out);

}  // namespace sluice::bench

#endif  // SLUICE_BENCH_LIMIT_ADAPTER_H_
