# intel-ipsec-mb seals SRTP several times faster than OpenSSL. It exists for x86-64 only, and nothing
# needs it: without it OpenSSL does all.
find_path(IPSEC_MB_INCLUDE intel-ipsec-mb.h)
find_library(IPSEC_MB_LIBRARY IPSec_MB)
option(SLUICE_IPSEC_MB "Seal SRTP with intel-ipsec-mb where it is installed" ON)
file(GLOB ipsec_mb_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/dtls/ipsec_mb_*.cc)
list(FILTER ipsec_mb_sources EXCLUDE REGEX "_test\\.cc$")
if(SLUICE_IPSEC_MB AND IPSEC_MB_INCLUDE AND IPSEC_MB_LIBRARY)
  message(STATUS "SRTP: intel-ipsec-mb, where the CPU has AES-NI")
  target_link_libraries(sluice_dtls PRIVATE ${IPSEC_MB_LIBRARY})
  target_include_directories(sluice_dtls SYSTEM PRIVATE ${IPSEC_MB_INCLUDE})
  set(not_built ${CMAKE_SOURCE_DIR}/dtls/bulk_cipher_absent.cc)
else()
  message(STATUS "SRTP: OpenSSL only")
  set(not_built ${ipsec_mb_sources})
endif()
set_source_files_properties(${not_built} PROPERTIES HEADER_FILE_ONLY ON)
# The library's header and OpenSSL's have names in common.
set_source_files_properties(${ipsec_mb_sources} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
