# The load generator, and its unit tests. With the tests it runs for a moment against our own worker,
# and everything must arrive. Without feedback, because on a busy machine an estimator may find the
# path too narrow, rightly, and leave something out.
file(GLOB load_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/load/*.cc)
list(FILTER load_sources EXCLUDE REGEX "_test\\.cc$|/main\\.cc$")
add_library(sluice_load STATIC ${load_sources})
target_link_libraries(sluice_load PRIVATE sluice_flags PUBLIC sluice_test_support sluice_traffic sluice_io)
add_executable(load bench/load/main.cc)
set_target_properties(load PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
target_compile_definitions(sluice_load PRIVATE SLUICE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
target_compile_definitions(load PRIVATE SLUICE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
target_link_libraries(load PRIVATE sluice_load sluice_flags)
add_dependencies(load sluice-worker)
add_test(NAME load COMMAND load --profile broadcast --receivers 20 --seconds 2 --rounds 1
         --twcc 0 --check)
set_tests_properties(load PROPERTIES TIMEOUT 120)
sluice_test(load bench/load sluice_load GTest::gtest_main)
