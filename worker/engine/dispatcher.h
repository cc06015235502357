// From a decoded request to the object it is about.
//
// A table by method number; each entry resolves the target, checks everything, and only then
// changes anything, so that a refused request leaves no trace. The entries are grouped by what they
// are about: requests_worker.cc, requests_transport.cc, requests_media.cc, requests_data.cc,
// requests_observing.cc.

#ifndef SLUICE_WORKER_ENGINE_DISPATCHER_H_
#define SLUICE_WORKER_ENGINE_DISPATCHER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "base/time.h"
#include "control-api/request.h"
#include "control-api/response.h"
#include "worker/engine/workspace.h"

namespace sluice::worker {

class Dispatcher {
 public:
  explicit Dispatcher(Workspace& workspace) : workspace_(workspace) {}

  // Answers one frame, whatever it holds.
  void HandleFrame(Timestamp now, ByteView frame);

 private:
  using Result = absl::StatusOr<schema::ResponseBodyUnion>;
  using Entry = Result (Dispatcher::*)(Timestamp, const schema::RequestT&);
  static Entry EntryFor(schema::RequestBody method);

  // requests_worker.cc
  Result GetWorkerStats(Timestamp now, const schema::RequestT& request);
  Result GetResourceUsage(Timestamp now, const schema::RequestT& request);
  Result UpdateSettings(Timestamp now, const schema::RequestT& request);
  Result CreateRouter(Timestamp now, const schema::RequestT& request);
  Result CreateWebRtcServer(Timestamp now, const schema::RequestT& request);
  Result Close(Timestamp now, const schema::RequestT& request);
  Result Dump(Timestamp now, const schema::RequestT& request);

  // requests_transport.cc
  Result CreateWebRtcTransport(Timestamp now, const schema::RequestT& request);
  Result ConnectWebRtcTransport(Timestamp now, const schema::RequestT& request);
  Result RestartIce(Timestamp now, const schema::RequestT& request);
  Result SetMaxIncomingBitrate(Timestamp now, const schema::RequestT& request);

  // requests_links.cc
  Result CreatePlainTransport(Timestamp now, const schema::RequestT& request);
  Result CreatePipeTransport(Timestamp now, const schema::RequestT& request);
  Result ConnectPlainTransport(Timestamp now, const schema::RequestT& request);
  Result CreateDirectTransport(Timestamp now, const schema::RequestT& request);
  Result SendRtp(Timestamp now, const schema::RequestT& request);
  Result SendRtcp(Timestamp now, const schema::RequestT& request);
  // The router that is asked for a transport, if it may have one of this id.
  absl::StatusOr<Handle<Router>> RouterOfNew(const schema::RequestT& request,
                                             const std::string& transport_id) const;
  absl::StatusOr<ListenPoint> ListenOn(const schema::ListenInfoT& info, const std::string& field);
  Handle<Transport> AddTransport(const std::string& id, Handle<Router> router,
                                 std::unique_ptr<Link> link, std::vector<ListenPoint> points);

  // requests_media.cc
  Result GetStats(Timestamp now, const schema::RequestT& request);
  Result Produce(Timestamp now, const schema::RequestT& request);
  Result Consume(Timestamp now, const schema::RequestT& request);
  Result Pause(Timestamp now, const schema::RequestT& request);
  Result Resume(Timestamp now, const schema::RequestT& request);
  Result RequestKeyFrame(Timestamp now, const schema::RequestT& request);

  // requests_layers.cc
  Result SetPreferredLayers(Timestamp now, const schema::RequestT& request);
  Result SetPriority(Timestamp now, const schema::RequestT& request);
  Result SetMaxOutgoingBitrate(Timestamp now, const schema::RequestT& request);
  Result SetMinOutgoingBitrate(Timestamp now, const schema::RequestT& request);
  Result EnableTraceEvents(Timestamp now, const schema::RequestT& request);

  // requests_observing.cc
  Result SubscribeStats(Timestamp now, const schema::RequestT& request);
  Result UnsubscribeStats(Timestamp now, const schema::RequestT& request);
  Result StartPacketTrace(Timestamp now, const schema::RequestT& request);
  Result StopPacketTrace(Timestamp now, const schema::RequestT& request);
  Result EnableDecisionLog(Timestamp now, const schema::RequestT& request);
  Result GetDecisionLog(Timestamp now, const schema::RequestT& request);

  // requests_data.cc
  Result ProduceData(Timestamp now, const schema::RequestT& request);
  Result ConsumeData(Timestamp now, const schema::RequestT& request);
  Result SendData(Timestamp now, const schema::RequestT& request);
  Result GetBufferedAmount(Timestamp now, const schema::RequestT& request);
  Result SetBufferedAmountLowThreshold(Timestamp now, const schema::RequestT& request);
  Result SetSubchannels(Timestamp now, const schema::RequestT& request);
  Result AddSubchannel(Timestamp now, const schema::RequestT& request);
  Result RemoveSubchannel(Timestamp now, const schema::RequestT& request);
  // The target if it has a stream.
  absl::StatusOr<DataConsumer*> OutgoingTarget(const schema::RequestT& request);
  // The data producer of this id, if a consumer on `transport` may hear it.
  absl::StatusOr<Handle<DataProducer>> FindDataProducer(const std::string& id,
                                                        const Transport& transport) const;
  void SetDataPaused(DataProducer& producer, bool paused);
  // Those of the target; none if it is no data consumer.
  std::vector<uint16_t> SubchannelsOf(const schema::RequestT& request) const;
  Result ChangeSubchannels(const schema::RequestT& request, std::vector<uint16_t> subchannels);

  // requests_observers.cc
  Result CreateAudioLevelObserver(Timestamp now, const schema::RequestT& request);
  Result CreateActiveSpeakerObserver(Timestamp now, const schema::RequestT& request);
  Result AddProducer(Timestamp now, const schema::RequestT& request);
  Result RemoveProducer(Timestamp now, const schema::RequestT& request);
  Result AddObserver(const schema::RequestT& request, const std::string& id, Observer::Core core);
  // The producer of this id, if it may be observed.
  absl::StatusOr<Handle<Producer>> FindObserved(const std::string& id,
                                                const Observer& observer) const;

  absl::Status CheckNewId(const std::string& id, absl::string_view field) const;
  const ObjectRef* Find(const std::string& id) const;
  // The target, if it is a T; otherwise NotFound with the id.
  template <typename T>
  absl::StatusOr<Handle<T>> Target(const schema::RequestT& request) const {
    const ObjectRef* object = Find(request.target);
    const auto* handle = object == nullptr ? nullptr : std::get_if<Handle<T>>(object);
    if (handle == nullptr) return NoSuchTarget(request);
    return *handle;
  }
  static absl::Status NoSuchTarget(const schema::RequestT& request);
  static Result Done() { return control::ResponseBody(schema::EmptyT()); }

  absl::Status CheckTransportOptions(const schema::CreateWebRtcTransportT& options) const;
  Result Register(Handle<Transport> handle, Transport& transport,
                  std::vector<std::unique_ptr<schema::IceCandidateT>> candidates);
  // Only those of the protocols that are wanted, of which there must be one.
  absl::StatusOr<std::vector<ListenPoint>> Listen(
      const std::vector<std::unique_ptr<schema::ListenInfoT>>& infos, bool udp = true,
      bool tcp = true);
  // Who is to receive what, as `plan` describes it.
  struct NewConsumer {
    const schema::ConsumeT& options;
    Handle<Transport> transport;
    Handle<Producer> producer;
    const MediaPlan& plan;
    const PayloadMap& payload_map;
  };
  absl::StatusOr<Handle<Consumer>> AddConsumer(const NewConsumer& what);
  // One consumer for each encoding; the first, which is returned, stands for all of them.
  absl::StatusOr<Handle<Consumer>> AddPipeConsumer(Timestamp now, const NewConsumer& what);
  // Calls `visit` for a consumer and those that are parts of it.
  template <typename Visit>
  void ForEachPart(Handle<Consumer> handle, Visit visit) {
    Consumer& consumer = *workspace_.consumers.Find(handle);
    visit(consumer);
    for (Handle<Consumer> part : consumer.parts) {
      if (Consumer* found = workspace_.consumers.Find(part)) visit(*found);
    }
  }
  absl::Status SetPaused(Timestamp now, const schema::RequestT& request, bool paused);

  Workspace& workspace_;
};

}  // namespace sluice::worker

#endif  // SLUICE_WORKER_ENGINE_DISPATCHER_H_
