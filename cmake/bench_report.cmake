# bench/report is a script; what it computes and draws is tested like everything else.
find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter)
add_test(NAME bench_report
         COMMAND ${Python3_EXECUTABLE} -m unittest discover
                 --start-directory ${CMAKE_SOURCE_DIR}/bench/reporting --pattern *_test.py
                 --top-level-directory ${CMAKE_SOURCE_DIR}/bench)
