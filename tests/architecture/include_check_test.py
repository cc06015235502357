"""Each kind of forbidden include fails the check, and what the table allows does not."""

import unittest

import include_check
from sample_tree import SampleTree


class IncludeCheckTest(SampleTree):
    def check(self):
        return include_check.check(self.root)

    def test_what_the_table_allows_passes(self):
        self.write("base/bytes.h", '#include <span>\n#include "absl/status/status.h"\n')
        self.write("base/endpoint.cc", '#include <arpa/inet.h>\n#include "base/endpoint.h"\n')
        self.write(
            "rtp/packet/rtp_packet.cc",
            '#include "rtp/packet/rtp_packet.h"\n#include "base/bytes.h"\n',
        )
        self.write("ice/stun_integrity.cc", "#include <openssl/hmac.h>\n")
        self.write("dtls/srtp_session.cc", "#include <openssl/evp.h>\n#include <openssl/ssl.h>\n")
        # The reference that our own SRTP is compared with.
        self.write("dtls/srtp_libsrtp2_test.cc", "#include <srtp2/srtp.h>\n")
        self.write(
            "worker/engine/engine.cc",
            '#include "dtls/session.h"\n#include "control-api/request.h"\n',
        )
        self.write(
            "worker/io/udp_socket.cc",
            "#include <sys/socket.h>\n#include <uv.h>\n#include <openssl/rand.h>\n",
        )
        self.write("worker/main.cc", '#include "worker/io/event_loop.h"\n')
        self.write(
            "tests/sim/join_test.cc",
            '#include "dtls/session.h"\n#include <gtest/gtest.h>\n#include <random>\n',
        )
        self.assert_clean(self.check())

    def test_an_empty_tree_proves_nothing(self):
        self.assert_broken(self.check(), ".", 0, "nothing was checked")

    def test_arrows_point_down(self):
        self.write("base/bytes.cc", '\n#include "rtp/packet/rtp_packet.h"\n')
        self.assert_broken(self.check(), "base/bytes.cc", 2, "base may not include rtp/")

    def test_siblings_never_meet(self):
        self.write("ice/lite_agent.cc", '#include "dtls/session.h"\n')
        self.assert_broken(self.check(), "ice/lite_agent.cc", 1, "ice may not include dtls/")

    def test_the_engine_knows_no_io(self):
        self.write("worker/engine/engine.cc", '#include "worker/io/clock.h"\n')
        self.assert_broken(self.check(), "worker/engine/engine.cc", 1, "may not include worker/io/")

    def test_io_reaches_the_cores_through_the_engine(self):
        self.write("worker/io/udp_socket.cc", '#include "rtp/packet/rtp_packet.h"\n')
        self.assert_broken(
            self.check(), "worker/io/udp_socket.cc", 1, "worker/io may not include rtp/"
        )

    def test_a_library_of_another_folder(self):
        self.write("rtp/packet/rtp_packet.cc", "#include <srtp2/srtp.h>\n")
        self.assert_broken(self.check(), "rtp/packet/rtp_packet.cc", 1, "may not use srtp")

    def test_libuv_stays_in_io(self):
        self.write("worker/engine/engine.cc", "#include <uv.h>\n")
        self.assert_broken(self.check(), "worker/engine/engine.cc", 1, "may not use libuv")

    def test_a_library_of_one_file_in_another_file(self):
        self.write("ice/lite_agent.cc", "#include <openssl/hmac.h>\n")
        self.assert_broken(self.check(), "ice/lite_agent.cc", 1, "ice may not use openssl here")

    def test_io_takes_only_randomness_from_openssl(self):
        self.write("worker/io/tcp_listener.cc", "#include <openssl/ssl.h>\n")
        self.assert_broken(self.check(), "worker/io/tcp_listener.cc", 1, "may not use openssl here")

    def test_posix_in_a_core(self):
        self.write("rtp/send/pacer.cc", "#include <sys/socket.h>\n")
        self.assert_broken(self.check(), "rtp/send/pacer.cc", 1, "may not use posix")

    def test_a_standard_header_with_a_clock_or_thread_in_a_core(self):
        for header in ("thread", "fstream", "random", "ctime", "atomic"):
            with self.subTest(header):
                self.write("rtp/send/pacer.cc", f"#include <{header}>\n")
                self.assert_broken(self.check(), "rtp/send/pacer.cc", 1, "rtp is pure")

    def test_the_clock_of_abseil_in_a_core(self):
        self.write("base/time.cc", '#include "absl/time/clock.h"\n')
        self.assert_broken(self.check(), "base/time.cc", 1, "base is pure")

    def test_an_unknown_library(self):
        self.write("worker/engine/router.cc", "#include <boost/any.hpp>\n")
        self.assert_broken(self.check(), "worker/engine/router.cc", 1, "no library of the table")

    def test_a_path_that_does_not_start_at_the_root(self):
        self.write("rtp/rtcp/nack.cc", '#include "nack.h"\n')
        self.assert_broken(self.check(), "rtp/rtcp/nack.cc", 1, "not a path from the root")

    def test_only_the_front_door_of_a_closed_folder(self):
        self.write("worker/engine/egress.cc", '#include "rtp/bwe/bandwidth_estimator.h"\n')
        self.write("rtp/send/pacer.cc", '#include "rtp/bwe/trendline.h"\n')
        self.assert_broken(
            self.check(), "rtp/send/pacer.cc", 1, "only rtp/bwe/bandwidth_estimator.h"
        )

    def test_a_unit_test_may_use_gtest_and_test_support_and_no_sibling(self):
        self.write(
            "ice/lite_agent_test.cc",
            '#include <gtest/gtest.h>\n#include "tests/support/matchers.h"\n',
        )
        self.assert_clean(self.check())
        self.write(
            "ice/lite_agent_test.cc", '#include <gtest/gtest.h>\n#include "rtp/rtcp/nack.h"\n'
        )
        self.assert_broken(self.check(), "ice/lite_agent_test.cc", 2, "ice may not include rtp/")

    def test_gtest_in_product_code(self):
        self.write("base/check.cc", "#include <gtest/gtest.h>\n")
        self.assert_broken(self.check(), "base/check.cc", 1, "may not use gtest")

    def test_an_include_in_a_comment_is_none(self):
        self.write(
            "base/bytes.h", '// #include "rtp/packet/rtp_packet.h"\n/*\n#include <uv.h>\n*/\n'
        )
        self.assert_clean(self.check())


if __name__ == "__main__":
    unittest.main()
