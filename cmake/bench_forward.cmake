# What forwarding costs: into a sink, by time, next to the bare work; and by instructions.
file(GLOB forward_sink_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/forward_sink/*.cc)
list(FILTER forward_sink_sources EXCLUDE REGEX "_test\\.cc$|/main\\.cc$")
add_library(sluice_forward_sink STATIC ${forward_sink_sources})
target_link_libraries(sluice_forward_sink PRIVATE sluice_flags
                      PUBLIC sluice_bench_support sluice_limit sluice_io)
add_executable(forward_sink bench/forward_sink/main.cc)
set_target_properties(forward_sink PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
target_link_libraries(forward_sink PRIVATE sluice_forward_sink sluice_flags)
# That it works; figures come from running it by hand.
add_test(NAME forward_sink COMMAND forward_sink --ciphers gcm128,cm80 --receivers 10 --trains 1,8
         --passes 1 --batches 2)
set_tests_properties(forward_sink PROPERTIES SKIP_RETURN_CODE 77)
sluice_test(forward_sink bench/forward_sink sluice_forward_sink GTest::gtest_main)

find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter)
add_executable(instructions bench/instructions.cc)
set_target_properties(instructions PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
target_link_libraries(instructions PRIVATE sluice_bench_support sluice_flags)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  # The record is of what a user runs. It takes two processors at a time.
  add_test(NAME instructions COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/bench/instructions.py
           --program $<TARGET_FILE:instructions>)
  set_tests_properties(instructions PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300 PROCESSORS 2)
endif()
add_test(NAME instructions_self_test
         COMMAND ${Python3_EXECUTABLE} -m unittest discover
                 --start-directory ${CMAKE_SOURCE_DIR}/bench --pattern *_test.py)
