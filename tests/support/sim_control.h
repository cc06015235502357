// The application's end of an engine's control channel: asks, reads the answer, keeps the news.
//
// The engine answers within the call, so there is no waiting; what was queued before the answer is
// kept as news.

#ifndef SLUICE_TESTS_SUPPORT_SIM_CONTROL_H_
#define SLUICE_TESTS_SUPPORT_SIM_CONTROL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/drop_reason.h"
#include "base/time.h"
#include "control-api/request.h"
#include "control-api/response.h"
#include "worker/engine/engine.h"

namespace sluice::test {

class SimControl {
 public:
  struct Answer {
    uint32_t id = 0;
    schema::ResultCode code = schema::ResultCode::Internal;
    std::string message;
    schema::ResponseBodyUnion body;

    bool ok() const { return code == schema::ResultCode::Ok; }
  };

  explicit SimControl(worker::Engine& engine) : engine_(engine) {}

  // `body` is schema::CreateRouterT and the like.
  template <typename Body>
  Answer Ask(Timestamp now, std::string_view target, Body body) {
    schema::RequestT request;
    request.id = ++last_id_;
    request.target = std::string(target);
    request.body.Set(std::move(body));
    return Ask(now, request);
  }
  Answer Ask(Timestamp now, const schema::RequestT& request);
  // Any bytes as a frame. There is exactly one answer to each.
  Answer AskRaw(Timestamp now, ByteView frame);

  // Takes what the engine tells of its own accord.
  void Drain();

  const std::vector<schema::NotificationT>& news() const { return news_; }
  // The states that `target` has told of, in order: "connected", "completed", ...
  std::vector<std::string> IceStates(std::string_view target) const;
  std::vector<std::string> DtlsStates(std::string_view target) const;
  // The latest of this kind that `target` told, or null.
  template <typename News>
  const News* Last(std::string_view target) const {
    const News* last = nullptr;
    for (const schema::NotificationT& news : news_) {
      const bool fits = news.body.type == schema::NotificationBodyUnionTraits<News>::enum_value;
      if (fits && news.target == target) last = static_cast<const News*>(news.body.value);
    }
    return last;
  }
  // How often `target` told of this.
  size_t Count(std::string_view target, schema::NotificationBody what) const;

 private:
  // One message. True if it was an answer.
  bool Read(ByteView message, Answer& answer);

  worker::Engine& engine_;
  uint32_t last_id_ = 0;
  std::vector<schema::NotificationT> news_;
};

// The counter of that name in a list of statistics; zero if it is not there.
uint64_t CountOf(const std::vector<std::unique_ptr<schema::DropCountT>>& drops, DropReason reason);

}  // namespace sluice::test

#endif  // SLUICE_TESTS_SUPPORT_SIM_CONTROL_H_
