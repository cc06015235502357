// The names of methods and events, for logs, statistics and errors.

#ifndef SLUICE_CONTROL_API_METHOD_NAMES_H_
#define SLUICE_CONTROL_API_METHOD_NAMES_H_

#include <cstddef>
#include <string_view>

#include "control-api/schema/message_generated.h"

namespace sluice::control {

// One more than the highest method number: the size of a table that is indexed by method.
inline constexpr size_t kMethodTableSize = static_cast<size_t>(schema::RequestBody::MAX) + 1;

// "CreateRouter" and so on; "unknown" for a number that the schema does not have.
std::string_view MethodName(schema::RequestBody method);
std::string_view EventName(schema::NotificationBody event);

}  // namespace sluice::control

#endif  // SLUICE_CONTROL_API_METHOD_NAMES_H_
