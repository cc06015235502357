# Micro-benchmarks: one question per file, always built, run for a moment as tests so that they keep
# working. Their figures come from running them by hand, on a quiet machine.
find_package(benchmark REQUIRED)
file(GLOB bench_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*_bench.cc)
foreach(source ${bench_sources})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  target_link_libraries(${name} PRIVATE sluice_test_support sluice_flags benchmark::benchmark)
  add_test(NAME ${name} COMMAND ${name} --benchmark_min_time=0.001)
endforeach()

# The bandwidth estimator's proof: experiments in virtual time, with a table, JSON and pictures; and
# what it decides when it is told a trace.
add_executable(bwe_report bench/bwe_report.cc bench/bwe_plot.cc)
add_executable(bwe_replay bench/bwe_replay.cc)
foreach(name bwe_report bwe_replay)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  target_link_libraries(${name} PRIVATE sluice_test_support sluice_flags)
endforeach()
add_test(NAME bwe_report COMMAND bwe_report --quick --out ${CMAKE_BINARY_DIR}/bench/bwe_quick)
add_test(NAME bwe_replay COMMAND sh -c
         "$<TARGET_FILE:bwe_report> --quick --trace quick.trace && $<TARGET_FILE:bwe_replay> quick.trace"
         WORKING_DIRECTORY ${CMAKE_BINARY_DIR}/bench)

# The load generator, and its unit tests. With the tests it runs for a moment against our own worker,
# and everything must arrive.
file(GLOB load_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/load/*.cc)
list(FILTER load_sources EXCLUDE REGEX "_test\\.cc$|/main\\.cc$")
add_library(sluice_load STATIC ${load_sources})
target_link_libraries(sluice_load PRIVATE sluice_flags PUBLIC sluice_test_support sluice_io)
add_executable(load bench/load/main.cc)
set_target_properties(load PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
target_compile_definitions(load PRIVATE SLUICE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
target_link_libraries(load PRIVATE sluice_load sluice_flags)
add_dependencies(load sluice-worker)
add_test(NAME load COMMAND load --profile broadcast --receivers 20 --seconds 2 --rounds 1 --check)
set_tests_properties(load PROPERTIES TIMEOUT 120)
sluice_test(load bench/load sluice_load GTest::gtest_main)
