# Flags and the rule "a folder is a library".

add_library(sluice_flags INTERFACE)
target_include_directories(sluice_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(sluice_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
  -Wimplicit-fallthrough -Werror -fno-exceptions -fno-rtti
  -fstack-protector-strong -D_GLIBCXX_ASSERTIONS)
target_compile_definitions(sluice_flags INTERFACE SLUICE_VERSION="${PROJECT_VERSION}"
  $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 judges these after optimisation and sees faults in std::string, std::vector and
  # std::optional that are not there (GCC bugs 105651, 105329, 80635). clang and the sanitizers look
  # for the real ones.
  target_compile_options(sluice_flags INTERFACE -Wno-restrict -Wno-stringop-overflow
    -Wno-maybe-uninitialized -Wno-array-bounds)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # Part of clang's -Wconversion, but not of GCC's.
  target_compile_options(sluice_flags INTERFACE -Wno-sign-conversion)
endif()
if(SLUICE_SANITIZE)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "SLUICE_SANITIZE needs clang: one build serves the sanitizers and libFuzzer")
  endif()
  # fuzzer-no-link makes the libraries count their branches for the fuzz targets, which link
  # libFuzzer; the tests are unaffected.
  target_compile_options(sluice_flags INTERFACE -fsanitize=address,undefined,fuzzer-no-link
    -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer -O1)
  target_link_options(sluice_flags INTERFACE -fsanitize=address,undefined)
endif()

# sluice_compile_together(TARGET): several sources at a time, which from scratch takes a third of the
# time, where SLUICE_UNITY asks for it.
function(sluice_compile_together target)
  if(NOT SLUICE_UNITY)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${sources})
  execute_process(COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/cmake/unity_groups.py 8 ${sources}
                  OUTPUT_VARIABLE groups OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE ";" "|" groups "${groups}")
  string(REPLACE "\n" ";" groups "${groups}")
  set(number 0)
  foreach(group ${groups})
    string(REPLACE "|" ";" members "${group}")
    math(EXPR number "${number} + 1")
    set_source_files_properties(${members} PROPERTIES UNITY_GROUP ${number})
  endforeach()
  # What hides a name of another file hides nothing.
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP
    UNITY_BUILD_CODE_BEFORE_INCLUDE "#pragma GCC diagnostic ignored \"-Wshadow\"")
endfunction()

# Standard headers that nearly every source needs, parsed once for all libraries. That every header of
# ours stands alone is checked by tests/architecture, without this.
set(SLUICE_PRECOMPILED <algorithm> <array> <chrono> <cstdint> <memory> <optional> <span> <string>
    <string_view> <utility> <variant> <vector>)

# sluice_library(NAME FOLDER [PRECOMPILED LIKE]): libsluice_NAME.a out of every source of FOLDER that is
# not a test. Its precompiled headers are those of sluice_LIKE.
function(sluice_library name folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cc)
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$|_fuzz\\.cc$|/node_modules/")
  add_library(sluice_${name} STATIC ${sources})
  target_link_libraries(sluice_${name} PRIVATE sluice_flags)
  target_include_directories(sluice_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  cmake_parse_arguments(PARSE_ARGV 2 arg "" PRECOMPILED "")
  if(arg_PRECOMPILED)
    target_precompile_headers(sluice_${name} REUSE_FROM sluice_${arg_PRECOMPILED})
  endif()
  if(SLUICE_SANITIZE)
    # Not what a user runs and what is measured: the compiler would inline across files.
    sluice_compile_together(sluice_${name})
  endif()
endfunction()

# A test's own lines run once, and compiling them takes most of a build: they are not optimised, in
# no build. What they test is, and so are the simulated peers and networks. The last of two flags wins,
# so a target links this behind sluice_flags.
add_library(sluice_test_flags INTERFACE)
target_compile_options(sluice_test_flags INTERFACE -U_FORTIFY_SOURCE -O0)
if(SLUICE_SANITIZE)
  # What they do wrong with memory is seen; undefined behaviour is looked for in what is tested.
  target_compile_options(sluice_test_flags INTERFACE -fno-sanitize=undefined)
endif()

# sluice_test(NAME FOLDER LIBRARIES...): one gtest binary out of every *_test.cc of FOLDER. With
# OPTIMISED a sanitizer's tree compiles it like what it tests.
function(sluice_test name folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*_test.cc)
  list(FILTER sources EXCLUDE REGEX "/node_modules/")
  if(NOT sources)
    message(WARNING "${folder} has no tests")
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 2 arg OPTIMISED "" "")
  add_executable(${name}_test ${sources})
  target_link_libraries(${name}_test PRIVATE ${arg_UNPARSED_ARGUMENTS} sluice_test_support
                        sluice_flags)
  if(arg_OPTIMISED AND SLUICE_SANITIZE)
    target_precompile_headers(${name}_test REUSE_FROM sluice_test_support)
  else()
    target_link_libraries(${name}_test PRIVATE sluice_test_flags)
    target_precompile_headers(${name}_test REUSE_FROM sluice_test_headers)
  endif()
  sluice_compile_together(${name}_test)
  add_test(NAME ${name}_test COMMAND ${name}_test)
  set_tests_properties(${name}_test PROPERTIES TIMEOUT 300)
endfunction()

# sluice_fuzz(NAME): libFuzzer target tests/fuzz/NAME_fuzz.cc. Two ctest tests: a replay of the
# corpus, and SLUICE_FUZZ_SECONDS of new inputs on top of it.
set(SLUICE_FUZZ_SECONDS 4 CACHE STRING "How long each fuzz target searches for new inputs")
function(sluice_fuzz name)
  add_executable(${name}_fuzz ${CMAKE_SOURCE_DIR}/tests/fuzz/${name}_fuzz.cc)
  target_link_libraries(${name}_fuzz PRIVATE sluice_test_support sluice_flags
                        -fsanitize=fuzzer)
  target_precompile_headers(${name}_fuzz REUSE_FROM sluice_test_support)
  set(corpus ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
  set(found ${CMAKE_BINARY_DIR}/fuzz/${name})
  file(MAKE_DIRECTORY ${found})
  add_test(NAME ${name}_fuzz_replay COMMAND ${name}_fuzz -runs=0 ${corpus})
  add_test(NAME ${name}_fuzz COMMAND ${name}_fuzz -max_total_time=${SLUICE_FUZZ_SECONDS}
           -max_len=4096 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1
           -artifact_prefix=${found}/crash- ${found} ${corpus})
  set_tests_properties(${name}_fuzz ${name}_fuzz_replay PROPERTIES LABELS fuzz TIMEOUT 300)
endfunction()
