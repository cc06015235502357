# C++ headers out of the schema, with Debian's flatc.
file(GLOB SCHEMAS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/control-api/schema/*.fbs)
set(SCHEMA_OUT ${CMAKE_BINARY_DIR}/generated/control-api/schema)
set(SCHEMA_HEADERS)
foreach(schema ${SCHEMAS})
  get_filename_component(stem ${schema} NAME_WE)
  list(APPEND SCHEMA_HEADERS ${SCHEMA_OUT}/${stem}_generated.h)
endforeach()
add_custom_command(
  OUTPUT ${SCHEMA_HEADERS}
  COMMAND ${FLATC} --cpp --cpp-std c++17 --scoped-enums --gen-object-api
          -I ${CMAKE_SOURCE_DIR}/control-api/schema -o ${SCHEMA_OUT} ${SCHEMAS}
  DEPENDS ${SCHEMAS}
  COMMENT "flatc: control-api/schema")
add_custom_target(sluice_schema_headers DEPENDS ${SCHEMA_HEADERS})
add_library(sluice_schema INTERFACE)
target_include_directories(sluice_schema SYSTEM INTERFACE ${CMAKE_BINARY_DIR}/generated)
add_dependencies(sluice_schema sluice_schema_headers)

# The generated headers are long, and most of what speaks the control API includes them.
set(SLUICE_PRECOMPILED_CONTROL ${SCHEMA_OUT}/message_generated.h <absl/status/statusor.h>
    <absl/container/flat_hash_map.h> <absl/strings/str_cat.h>)
