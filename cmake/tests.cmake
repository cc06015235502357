# Every test of the project is a ctest test.
find_package(GTest REQUIRED)
find_package(Threads REQUIRED)
# What our own SRTP is compared with, byte for byte.
pkg_check_modules(SRTP REQUIRED IMPORTED_TARGET libsrtp2)

# What tests share: builders, simulated peers and networks, clocks. Knows every folder.
file(GLOB support_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/support/*.cc)
list(FILTER support_sources EXCLUDE REGEX "_test\\.cc$")
add_library(sluice_test_support STATIC ${support_sources})
target_link_libraries(sluice_test_support
  PRIVATE sluice_flags
  PUBLIC sluice_engine sluice_control sluice_rtp sluice_ice sluice_dtls sluice_sctp sluice_base
         OpenSSL::SSL OpenSSL::Crypto PkgConfig::SRTP GTest::gmock GTest::gtest)
target_precompile_headers(sluice_test_support PRIVATE ${SLUICE_PRECOMPILED}
                          ${SLUICE_PRECOMPILED_CONTROL} <gmock/gmock.h> <gtest/gtest.h>)
if(SLUICE_SANITIZE)
  # Elsewhere each is compiled by itself, which shows that its header stands alone
  # (tests/architecture) for less than a check of it.
  sluice_compile_together(sluice_test_support)
endif()

# The same headers for the tests themselves: a precompiled header serves one set of flags.
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/test_headers.cc CONTENT "")
add_library(sluice_test_headers OBJECT ${CMAKE_BINARY_DIR}/generated/test_headers.cc)
target_link_libraries(sluice_test_headers PRIVATE sluice_test_support sluice_flags sluice_test_flags)
target_precompile_headers(sluice_test_headers PRIVATE ${SLUICE_PRECOMPILED}
                          ${SLUICE_PRECOMPILED_CONTROL} <gmock/gmock.h> <gtest/gtest.h>)

sluice_test(base base sluice_base GTest::gtest_main)
# These go through all pairs of 16-bit numbers, whole rounds of packets, long random histories.
set_source_files_properties(base/seq_no_test.cc dtls/srtp_libsrtp2_test.cc
                            rtp/forward/allocator_model_test.cc
                            PROPERTIES COMPILE_OPTIONS -O2 SKIP_PRECOMPILE_HEADERS ON)
if(SLUICE_UNIT_TESTS)
  sluice_test(rtp rtp sluice_rtp GTest::gtest_main)
  sluice_test(ice ice sluice_ice GTest::gtest_main)
  sluice_test(dtls dtls sluice_dtls GTest::gtest_main)
  sluice_test(sctp sctp sluice_sctp GTest::gtest_main)
  sluice_test(control control-api sluice_control GTest::gtest_main)
  sluice_test(engine worker/engine sluice_engine GTest::gtest_main)
  sluice_test(io worker/io sluice_io PkgConfig::UV GTest::gtest_main)
  sluice_test(support tests/support GTest::gtest_main)
endif()
# Whole calls go through it, and inline functions of the engine with them.
sluice_test(sim tests/sim OPTIMISED GTest::gtest_main)
# In every tree: where ctest runs several, the last one to name a test decides for all of that name.
set_tests_properties(sim_test PROPERTIES TIMEOUT 600)
set(SLUICE_LONG_SIMULATIONS
  Seeds/Rfc8867*
  LateSubscriberTest.SeesPictureWithinThreeRoundTripsInSpiteOfLoss
  LossBurstsTest.*
  Engines/SpreadTest.*
  Engines/LostEngineTest.*/4
  WrapTest.HalfAnHourOfSound
  ConsentTest.SilentPeerWithoutMediaKeepsConsentByChecksAlone)
if(SLUICE_SANITIZE)
  # Figures (RFC 8867's, medians over many calls) and half hours in which nothing new happens; the
  # release build judges them.
  list(JOIN SLUICE_LONG_SIMULATIONS ":" long_simulations)
  set_tests_properties(sim_test PROPERTIES ENVIRONMENT "GTEST_FILTER=-${long_simulations}")
endif()

# A real worker process, abused through its control channel. Not under the sanitizers, whose allocator
# keeps what is freed: the test would see memory that grows.
if(NOT SLUICE_SANITIZE)
  sluice_test(control_channel tests/interop GTest::gtest_main)
  set_tests_properties(control_channel_test PROPERTIES
    ENVIRONMENT "SLUICE_WORKER_BIN=$<TARGET_FILE:sluice-worker>")
  add_dependencies(control_channel_test sluice-worker)
endif()

# The bad network of the browser tests.
add_executable(link_emulator tests/interop/link_emulator.cc tests/interop/link_settings.cc
               tests/support/sim_link.cc)
set_target_properties(link_emulator PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(link_emulator PRIVATE sluice_base sluice_flags)

if(SLUICE_SANITIZE)
  file(GLOB fuzz_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/*_fuzz.cc)
  foreach(source ${fuzz_sources})
    get_filename_component(stem ${source} NAME_WE)
    string(REGEX REPLACE "_fuzz$" "" name ${stem})
    sluice_fuzz(${name})
  endforeach()
else()
  include(cmake/bench.cmake)
  # These ask the same of every build; one tree runs them: the one that a user runs.
  include(tests/architecture/architecture.cmake)
  include(cmake/node_tests.cmake)
  include(cmake/go_tests.cmake)
endif()
