#include "control-api/notification.h"

namespace sluice::control {

FrameBytes EncodeNotification(flatbuffers::FlatBufferBuilder& builder, std::string_view target,
                              const schema::NotificationBodyUnion& body) {
  builder.Clear();
  flatbuffers::Offset<flatbuffers::String> target_text;
  if (!target.empty()) target_text = builder.CreateString(target);
  const auto packed = body.Pack(builder);
  const auto notification = schema::CreateNotification(builder, target_text, body.type, packed);
  builder.Finish(
      schema::CreateMessage(builder, schema::MessageBody::Notification, notification.Union()));
  return {builder.GetBufferPointer(), builder.GetSize()};
}

}  // namespace sluice::control
