# Traffic as browsers make it: traces, the player, the recorder.
file(GLOB traffic_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/traffic/trace*.cc)
list(FILTER traffic_sources EXCLUDE REGEX "_test\\.cc$")
add_library(sluice_traffic STATIC ${traffic_sources})
target_link_libraries(sluice_traffic PUBLIC sluice_rtp sluice_base PRIVATE sluice_flags)
sluice_test(traffic bench/traffic sluice_traffic GTest::gtest_main)
