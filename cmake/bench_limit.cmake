# The work of forwarding without an SFU around it, and the sink that it and others are measured on.
# The bulk cipher is used where it was there at build time.
find_path(SLUICE_BENCH_IPSEC_MB_INCLUDE intel-ipsec-mb.h)
find_library(SLUICE_BENCH_IPSEC_MB_LIBRARY IPSec_MB)

file(GLOB limit_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/limit/*.cc
     ${CMAKE_SOURCE_DIR}/bench/support/sink_device.cc)
list(FILTER limit_sources EXCLUDE REGEX "_test\\.cc$|/main\\.cc$")
add_library(sluice_limit STATIC ${limit_sources})
target_link_libraries(sluice_limit PUBLIC sluice_io sluice_dtls sluice_base absl::status
                      absl::statusor absl::strings absl::str_format PRIVATE sluice_flags)
if(SLUICE_BENCH_IPSEC_MB_INCLUDE AND SLUICE_BENCH_IPSEC_MB_LIBRARY)
  target_compile_definitions(sluice_limit PRIVATE SLUICE_BENCH_IPSEC_MB)
  target_include_directories(sluice_limit SYSTEM PRIVATE ${SLUICE_BENCH_IPSEC_MB_INCLUDE})
  target_link_libraries(sluice_limit PRIVATE ${SLUICE_BENCH_IPSEC_MB_LIBRARY})
endif()

add_executable(limit ${CMAKE_SOURCE_DIR}/bench/limit/main.cc)
set_target_properties(limit PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
target_link_libraries(limit PRIVATE sluice_limit sluice_flags)
sluice_test(limit bench/limit sluice_limit GTest::gtest_main)
