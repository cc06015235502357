# The Go SDK: its tests under the race detector, against a worker that the test plays and against the
# real one. scripts/setup.sh has fetched its modules, so nothing is asked of the network.
find_program(GO go REQUIRED)

add_test(NAME control-api_go COMMAND ${GO} test -race -count 1 ./...
         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/control-api/go)
add_test(NAME control-api_go_vet COMMAND ${GO} vet ./...
         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/control-api/go)
set_tests_properties(control-api_go control-api_go_vet PROPERTIES TIMEOUT 600
  ENVIRONMENT "SLUICE_WORKER_BIN=$<TARGET_FILE:sluice-worker>;GOPROXY=off;GOFLAGS=-buildvcs=false")
