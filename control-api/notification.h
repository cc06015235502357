// What the worker tells without being asked, as the bytes of a frame.

#ifndef SLUICE_CONTROL_API_NOTIFICATION_H_
#define SLUICE_CONTROL_API_NOTIFICATION_H_

#include <string_view>
#include <utility>

#include "control-api/frame.h"
#include "control-api/schema/message_generated.h"

namespace sluice::control {

// What WorkerRunning announces. Grows when a change of the schema breaks old readers; an
// application that expects another number must not talk to this worker.
inline constexpr uint32_t kSchemaVersion = 1;

// Writes one frame, without its length, into `builder`, which is cleared first and meant to be
// reused. `target` is the id of the object that the news is about, empty for the worker itself.
FrameBytes EncodeNotification(flatbuffers::FlatBufferBuilder& builder, std::string_view target,
                              const schema::NotificationBodyUnion& body);

// Puts `native` (schema::IceStateChangeT, schema::ProducerPausedT, ...) into a body.
template <typename Native>
schema::NotificationBodyUnion NotificationBody(Native native) {
  schema::NotificationBodyUnion body;
  body.Set(std::move(native));
  return body;
}

}  // namespace sluice::control

#endif  // SLUICE_CONTROL_API_NOTIFICATION_H_
