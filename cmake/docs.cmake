# Documents that say how things are: the reference is what the schema says, and every command and
# program of a page runs.
find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter)

set(reference ${CMAKE_SOURCE_DIR}/control-api/reference)
add_test(NAME protocol_reference COMMAND ${Python3_EXECUTABLE} ${reference}/make_reference.py --check)
add_test(NAME protocol_reference_self_test
         COMMAND ${Python3_EXECUTABLE} -m unittest discover --start-directory ${reference}
                 --pattern *_test.py)
add_test(NAME docs_self_test
         COMMAND ${Python3_EXECUTABLE} -m unittest discover
                 --start-directory ${CMAKE_SOURCE_DIR}/tests/docs --pattern *_test.py)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  # What the pages build is what is built here.
  add_test(NAME docs COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/docs/run.py)
  set_tests_properties(docs PROPERTIES TIMEOUT 600 PROCESSORS 2
    ENVIRONMENT "SLUICE_WORKER_BIN=$<TARGET_FILE:sluice-worker>")
endif()
