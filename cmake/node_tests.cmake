# The tests that run in Node.js: the SDK, the conference, real browsers against a real worker, and
# the adapters for other SFUs.
find_program(NPM npm REQUIRED)

foreach(package control-api/node apps/conference bench/peers)
  string(REPLACE "/" "_" name ${package})
  add_test(NAME ${name} COMMAND ${NPM} --silent test
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/${package})
  set_tests_properties(${name} PROPERTIES TIMEOUT 600
    ENVIRONMENT "SLUICE_WORKER_BIN=$<TARGET_FILE:sluice-worker>")
endforeach()

# A room on several workers, for a moment: what arrives is judged, and not how busy this machine is.
find_program(NODE node REQUIRED)
add_test(NAME bench_spread
         COMMAND ${NODE} bench/spread/run.mjs --people 6 --speakers 2 --workers 2 --seconds 1
                 --content-only
         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(bench_spread PROPERTIES TIMEOUT 120
  ENVIRONMENT "SLUICE_WORKER_BIN=$<TARGET_FILE:sluice-worker>")

# The same of the SDK: answers and growth.
add_test(NAME bench_sdk
         COMMAND ${NODE} bench/sdk/run.mjs --rounds 3 --seconds 1 --consumers 1500 --receivers 20
                 --content-only
         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(bench_sdk PROPERTIES TIMEOUT 300
  ENVIRONMENT "SLUICE_WORKER_BIN=$<TARGET_FILE:sluice-worker>")

# A thousand consumers in small, scraped: what metrics say is judged, and not how long it takes here.
add_test(NAME bench_scrape
         COMMAND ${NODE} bench/scrape/run.mjs --rooms 2 --people 6 --talking 2 --seconds 2
                 --rounds 1 --content-only
         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(bench_scrape PROPERTIES TIMEOUT 120
  ENVIRONMENT "SLUICE_WORKER_BIN=$<TARGET_FILE:sluice-worker>")

# Real browsers. They get the machine for themselves: they are judged by time, and people wait for
# them. Two tests, so that one can be run without the other.
foreach(group timed rooms)
  add_test(NAME tests_interop_${group} COMMAND ${NPM} --silent test
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/tests/interop)
  set_tests_properties(tests_interop_${group} PROPERTIES TIMEOUT 600 RUN_SERIAL ON
    ENVIRONMENT "SLUICE_WORKER_BIN=$<TARGET_FILE:sluice-worker>;SLUICE_INTEROP=${group}")
endforeach()
