# Every test of the project is a ctest test.
find_package(GTest REQUIRED)
find_package(Threads REQUIRED)

sluice_test(base base sluice_base)
sluice_test(rtp rtp sluice_rtp)
sluice_test(ice ice sluice_ice)
sluice_test(dtls dtls sluice_dtls OpenSSL::SSL OpenSSL::Crypto PkgConfig::SRTP)
sluice_test(control control-api sluice_control)
sluice_test(engine worker/engine sluice_engine)
sluice_test(io worker/io sluice_io PkgConfig::UV)
