# Flags and the rule "a folder is a library".

add_library(sluice_flags INTERFACE)
target_include_directories(sluice_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(sluice_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
  -Wimplicit-fallthrough -Werror -fno-exceptions -fno-rtti
  -fstack-protector-strong -D_GLIBCXX_ASSERTIONS)
target_compile_definitions(sluice_flags INTERFACE SLUICE_VERSION="${PROJECT_VERSION}"
  $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
if(SLUICE_SANITIZE)
  # abseil's headers choose their hash-table checks by whether AddressSanitizer is on, and Debian's
  # library was built without: the two must agree, hence no abseil hardening flags here.
  target_compile_options(sluice_flags INTERFACE -fsanitize=address,undefined
    -fno-sanitize-recover=all -fno-omit-frame-pointer -O1)
  target_link_options(sluice_flags INTERFACE -fsanitize=address,undefined)
endif()

# sluice_library(NAME FOLDER): libsluice_NAME.a out of every source of FOLDER that is not a test.
function(sluice_library name folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cc)
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$|_fuzz\\.cc$|/node_modules/")
  if(NOT sources)
    set(sources ${CMAKE_SOURCE_DIR}/cmake/empty.cc)
  endif()
  add_library(sluice_${name} STATIC ${sources})
  target_link_libraries(sluice_${name} PRIVATE sluice_flags)
  target_include_directories(sluice_${name} PUBLIC ${CMAKE_SOURCE_DIR})
endfunction()

# sluice_test(NAME FOLDER LIBRARIES...): one gtest binary out of every *_test.cc of FOLDER.
function(sluice_test name folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*_test.cc)
  list(FILTER sources EXCLUDE REGEX "/node_modules/")
  if(NOT sources)
    return()
  endif()
  add_executable(${name}_test ${sources})
  target_link_libraries(${name}_test PRIVATE ${ARGN} sluice_flags GTest::gmock GTest::gtest_main)
  target_include_directories(${name}_test PRIVATE ${CMAKE_SOURCE_DIR})
  add_test(NAME ${name}_test COMMAND ${name}_test)
  set_tests_properties(${name}_test PROPERTIES TIMEOUT 300)
endfunction()
