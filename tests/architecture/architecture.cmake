# The architecture checks as ctest tests. They ask the same of every build, so one tree runs them:
# the one whose archives are what a user runs. A sanitizer's archives need its runtime and would not
# be pure.
find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter)

foreach(check includes names sizes)
  add_test(NAME architecture_${check}
           COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/check.py ${check})
endforeach()
foreach(check purity headers)
  add_test(NAME architecture_${check}
           COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/check.py ${check}
                   --build ${CMAKE_BINARY_DIR})
endforeach()
# It runs two compilers at a time.
set_tests_properties(architecture_headers PROPERTIES PROCESSORS 2)
add_test(NAME architecture_self_test
         COMMAND ${Python3_EXECUTABLE} -m unittest discover
                 --start-directory ${CMAKE_CURRENT_LIST_DIR} --pattern *_test.py)
