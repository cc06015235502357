# Micro-benchmarks: one question per file, always built, run for a moment as tests so that they keep
# working. Their figures come from running them by hand, on a quiet machine.
find_package(benchmark REQUIRED)

# What benches share.
file(GLOB bench_support_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/support/*.cc)
list(FILTER bench_support_sources EXCLUDE REGEX "_test\\.cc$|/sink_device\\.cc$")
add_library(sluice_bench_support STATIC ${bench_support_sources})
target_link_libraries(sluice_bench_support PRIVATE sluice_flags PUBLIC sluice_test_support)
sluice_test(bench_support bench/support sluice_bench_support GTest::gtest_main)

file(GLOB bench_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*_bench.cc)
foreach(source ${bench_sources})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  target_link_libraries(${name} PRIVATE sluice_bench_support sluice_flags benchmark::benchmark)
  # Connecting hundreds of receivers takes seconds, and shows nothing that ten do not.
  add_test(NAME ${name} COMMAND ${name} --benchmark_min_time=0.001
           "--benchmark_filter=-receivers:(200|300|500)")
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

include(cmake/bench_traffic.cmake)
include(cmake/bench_limit.cmake)
include(cmake/bench_forward.cmake)
include(cmake/bench_report.cmake)
include(cmake/bench_load.cmake)
