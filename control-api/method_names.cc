#include "control-api/method_names.h"

namespace sluice::control {

// The generated EnumName functions give an empty text for a number out of range and "NONE" for
// zero; neither tells a reader of a log anything.
std::string_view MethodName(schema::RequestBody method) {
  if (method == schema::RequestBody::NONE || method > schema::RequestBody::MAX) return "unknown";
  return schema::EnumNameRequestBody(method);
}

std::string_view EventName(schema::NotificationBody event) {
  if (event == schema::NotificationBody::NONE || event > schema::NotificationBody::MAX) {
    return "unknown";
  }
  return schema::EnumNameNotificationBody(event);
}

}  // namespace sluice::control
