# Traffic as browsers make it: traces, the player, the recorder.
file(GLOB traffic_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/traffic/*.cc)
list(FILTER traffic_sources EXCLUDE REGEX "_test\\.cc$")
add_library(sluice_traffic STATIC ${traffic_sources})
target_link_libraries(sluice_traffic PUBLIC sluice_rtp sluice_base PRIVATE sluice_flags)

file(GLOB record_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/traffic/record/*.cc)
list(FILTER record_sources EXCLUDE REGEX "_test\\.cc$|/record_trace\\.cc$")
add_library(sluice_record STATIC ${record_sources})
target_link_libraries(sluice_record PUBLIC sluice_traffic sluice_io sluice_engine absl::statusor
                      absl::strings PRIVATE sluice_flags)
add_executable(record_trace ${CMAKE_SOURCE_DIR}/bench/traffic/record/record_trace.cc)
set_target_properties(record_trace PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
target_link_libraries(record_trace PRIVATE sluice_record sluice_flags)

sluice_test(traffic bench/traffic sluice_record sluice_traffic GTest::gtest_main)
target_compile_definitions(traffic_test PRIVATE SLUICE_TRACES="${CMAKE_SOURCE_DIR}/bench/traffic/traces")
