# What `cmake --install` puts where, and the Debian packages that `cpack -G DEB` makes of it:
# sluice-worker (the program and the schema) and sluice-conference (the server and its page, which run
# on Node.js; scripts/run.sh --build-only builds them).
set(SLUICE_CONFERENCE ${CMAKE_SOURCE_DIR}/apps/conference)
set(SLUICE_CONFERENCE_DIR lib/sluice/conference)
set(SLUICE_DOC ${CMAKE_INSTALL_DATADIR}/doc)

# Documents lead to one another, and to what is installed; of what is not they say where it is in the
# source.
function(sluice_install_docs component)
  list(TRANSFORM ARGN REPLACE "(.+)" "\"\\1\"" OUTPUT_VARIABLE pairs)
  list(JOIN pairs " " pairs)
  install(CODE "
    execute_process(
      COMMAND \"${Python3_EXECUTABLE}\" \"${CMAKE_SOURCE_DIR}/cmake/install_docs.py\"
              \"${CMAKE_SOURCE_DIR}\"
              \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${SLUICE_DOC}/sluice-${component}\" ${pairs}
      COMMAND_ERROR_IS_FATAL ANY)
  " COMPONENT ${component})
endfunction()

# The same worker for the npm package: it finds libraries beside it, and those find one another (hence
# DT_RPATH). Linked with the RPATH of an installed program at once: that of the build tree is padded with a
# colon, which stands for the directory in which the worker happens to be started.
add_executable(sluice-worker-portable EXCLUDE_FROM_ALL $<TARGET_OBJECTS:sluice-worker>)
set_target_properties(sluice-worker-portable PROPERTIES
  BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN/lib"
  OUTPUT_NAME sluice-worker RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/worker/portable)
target_link_libraries(sluice-worker-portable PRIVATE sluice_io sluice_flags)
target_link_options(sluice-worker-portable PRIVATE "LINKER:--disable-new-dtags")

# Not all tests have to be built for it.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
install(TARGETS sluice-worker RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT worker)
install(DIRECTORY control-api/schema DESTINATION ${CMAKE_INSTALL_DATADIR}/sluice COMPONENT worker
        FILES_MATCHING PATTERN "*.fbs")
sluice_install_docs(worker README.md=README.md CHANGELOG.md=CHANGELOG.md)
install(FILES LICENSE DESTINATION ${SLUICE_DOC}/sluice-worker COMPONENT worker RENAME copyright)

# Built by npm, and looked for when it is installed.
install(CODE "
  if(EXISTS \"${SLUICE_CONFERENCE}/dist/server/main.js\")
    execute_process(
      COMMAND node ${SLUICE_CONFERENCE}/install.mjs
              \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${SLUICE_CONFERENCE_DIR}\"
      COMMAND_ERROR_IS_FATAL ANY)
  else()
    message(WARNING \"apps/conference is not built and therefore not installed\")
  endif()
" COMPONENT conference)
install(PROGRAMS apps/conference/sluice-conference DESTINATION ${CMAKE_INSTALL_BINDIR}
        COMPONENT conference)
install(FILES LICENSE DESTINATION ${SLUICE_DOC}/sluice-conference COMPONENT conference
        RENAME copyright)
sluice_install_docs(conference
  docs=docs apps/conference/README.md=README.md
  control-api/node/README.md=sdk/README.md
  control-api/node/examples/embed.mjs=sdk/examples/embed.mjs
  control-api/node/examples/front_door.mjs=sdk/examples/front_door.mjs
  apps/conference/ops/conference.json=examples/conference.json
  apps/conference/ops/nginx.conf=examples/nginx.conf
  apps/conference/ops/grafana-dashboard.json=examples/grafana-dashboard.json
  !apps/conference/ops/sluice-conference.service=../../../lib/systemd/system/sluice-conference.service
  !apps/conference/ops/90-sluice.conf=../../../lib/sysctl.d/90-sluice.conf)

# What an operator needs besides. The unit has the prefix in the place of /usr.
set(SLUICE_OPS ${SLUICE_CONFERENCE}/ops)
install(CODE "
  set(unit \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/systemd/system/sluice-conference.service\")
  file(READ \"${SLUICE_OPS}/sluice-conference.service\" text)
  string(REPLACE /usr/ \"\${CMAKE_INSTALL_PREFIX}/\" text \"\${text}\")
  file(WRITE \"\${unit}\" \"\${text}\")
  file(CHMOD \"\${unit}\" FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
" COMPONENT conference)
install(FILES ${SLUICE_OPS}/90-sluice.conf DESTINATION lib/sysctl.d COMPONENT worker)

set(CPACK_PACKAGE_NAME sluice)
set(CPACK_PACKAGE_VENDOR "The Sluice authors")
set(SLUICE_MAINTAINER "The Sluice authors <sluice@localhost>" CACHE STRING
    "Who publishes the Debian packages, as NAME <ADDRESS>")
set(CPACK_PACKAGE_CONTACT "${SLUICE_MAINTAINER}")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL worker conference)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)

set(CPACK_DEBIAN_WORKER_PACKAGE_NAME sluice-worker)
set(CPACK_DEBIAN_WORKER_PACKAGE_SECTION net)
set(CPACK_DEBIAN_WORKER_PACKAGE_SHLIBDEPS ON)
# Earlier ones keep every DTLS record of a future epoch (scripts/setup.sh).
set(CPACK_DEBIAN_WORKER_PACKAGE_DEPENDS "libssl3 (>= 3.0.22)")
set(CPACK_COMPONENT_WORKER_DESCRIPTION
"media worker of the Sluice SFU
Forwards real-time media between the participants of calls (WebRTC, RTP)
without decoding it: ICE-lite, DTLS-SRTP, simulcast, SVC, bandwidth
estimation, SCTP.
One process serves one core and is controlled over a pipe, for which there is a
library for Node.js; the FlatBuffers schema is included.")

set(CPACK_DEBIAN_CONFERENCE_PACKAGE_NAME sluice-conference)
set(CPACK_DEBIAN_CONFERENCE_PACKAGE_SECTION net)
set(CPACK_DEBIAN_CONFERENCE_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_CONFERENCE_PACKAGE_DEPENDS
    "sluice-worker (>= ${PROJECT_VERSION}), nodejs (>= 18), openssl")
set(CPACK_DEBIAN_CONFERENCE_PACKAGE_SUGGESTS ffmpeg)
set(CPACK_DEBIAN_CONFERENCE_PACKAGE_CONTROL_EXTRA ${SLUICE_OPS}/debian/postinst
    ${SLUICE_OPS}/debian/prerm ${SLUICE_OPS}/debian/postrm)
set(CPACK_COMPONENT_CONFERENCE_DESCRIPTION
"video conferences in a browser, on the Sluice SFU
A room server and its web page: people open an address, see themselves,
go in, and see and hear everybody else. Rooms, chat, files, screen
sharing, recording.")
include(CPack)
