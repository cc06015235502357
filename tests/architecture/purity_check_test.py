"""Each kind of impurity fails the check, on archives made by the real compiler."""

import os
import subprocess

import unittest

import purity_check
from sample_tree import SampleTree

ARCHIVES = ("base", "rtp", "ice", "dtls", "control", "engine", "io")


class PurityCheckTest(SampleTree):
    def setUp(self):
        super().setUp()
        for name in ARCHIVES:
            self.archive(name, "plain", f"int Plain_{name}() {{ return 1; }}")

    def archive(self, name, stem, text):
        """Compiles `text` as STEM.cc into libsluice_NAME.a, as CMake would."""
        source = self.write(f"{name}/{stem}.cc", text)
        target = os.path.join(self.root, name, f"{stem}.cc.o")
        subprocess.run(["g++", "-std=c++20", "-O1", "-c", source, "-o", target], check=True)
        library = os.path.join(self.root, f"libsluice_{name}.a")
        subprocess.run(["ar", "rcs", library, target], check=True)

    def check(self):
        return purity_check.check(self.root)

    def assert_impure(self, archive, text, words, stem="pacer"):
        self.archive(archive, stem, text)
        violations = [str(violation) for violation in self.check()]
        self.assertTrue(violations, f"nothing found in {text}")
        for violation in violations:
            self.assertTrue(violation.startswith(f"libsluice_{archive}.a({stem}.cc.o):"), violation)
        self.assertTrue(any(words in violation for violation in violations), violations)

    def test_computation_passes(self):
        self.archive(
            "rtp",
            "pacer",
            """
            #include <cmath>
            #include <cstring>
            #include <string>
            #include <vector>
            double F(std::vector<std::string>& v, char* p) {
              v.push_back("x"); memcpy(p, v[0].data(), v.size()); return std::pow(v.size(), 0.3); }
        """,
        )
        self.archive(
            "base",
            "check",
            '#include <cstdio>\n#include <cstdlib>\nvoid F() { fprintf(stderr, "x"); abort(); }',
        )
        self.archive(
            "base",
            "endpoint",
            '#include <arpa/inet.h>\nint F(void* p) { return inet_pton(AF_INET6, "::1", p); }',
        )
        self.archive("io", "clock", "#include <ctime>\nlong F() { return time(nullptr); }")
        self.assert_clean(self.check())

    def test_a_missing_archive(self):
        os.remove(os.path.join(self.root, "libsluice_dtls.a"))
        self.assert_broken(self.check(), self.root, 0, "libsluice_dtls.a is missing")

    def test_clocks(self):
        self.assert_impure(
            "rtp", "#include <ctime>\nlong F() { return time(nullptr); }", "needs time"
        )
        self.assert_impure(
            "rtp",
            "#include <time.h>\nint F(timespec* t) { return clock_gettime(0, t); }",
            "clock_gettime",
        )
        self.assert_impure(
            "rtp",
            "#include <sys/time.h>\nint F(timeval* t) { return gettimeofday(t, 0); }",
            "gettimeofday",
        )
        for clock in ("system_clock", "steady_clock"):
            text = f"#include <chrono>\nauto F() {{ return std::chrono::{clock}::now(); }}"
            self.assert_impure("rtp", text, "a clock")

    def test_sockets(self):
        text = (
            "#include <sys/socket.h>\nlong F(msghdr* m) { return sendmsg(socket(2, 2, 0), m, 0); }"
        )
        self.assert_impure("ice", text, "needs sendmsg")

    def test_readiness(self):
        self.assert_impure(
            "engine",
            "#include <sys/epoll.h>\nint F() { return epoll_create1(0); }",
            "epoll_create1",
        )

    def test_files(self):
        self.assert_impure(
            "engine", '#include <cstdio>\nvoid* F() { return fopen("/dev/null", "r"); }', "fopen"
        )
        self.assert_impure(
            "engine", '#include <fstream>\nvoid F() { std::ofstream out; out.open("x"); }', "basic_"
        )
        self.assert_impure(
            "engine", "#include <unistd.h>\nlong F(char* p) { return read(0, p, 1); }", "needs read"
        )

    def test_threads(self):
        self.assert_impure(
            "dtls",
            "#include <thread>\nvoid G();\nvoid F() { std::thread(G).detach(); }",
            "std::thread",
        )
        self.assert_impure(
            "dtls", "#include <mutex>\nvoid F(std::mutex& m) { m.lock(); }", "pthread_mutex_lock"
        )

    def test_randomness(self):
        self.assert_impure("ice", "#include <cstdlib>\nint F() { return rand(); }", "needs rand")
        self.assert_impure(
            "ice",
            "#include <sys/random.h>\nlong F(char* p) { return getrandom(p, 1, 0); }",
            "getrandom",
        )
        self.assert_impure(
            "ice",
            "#include <random>\nunsigned F() { return std::random_device{}(); }",
            "random_device",
        )

    def test_printing_in_another_file_of_base(self):
        self.assert_impure(
            "base", '#include <cstdio>\nvoid F() { puts("x"); }', "cores do not print", stem="units"
        )

    def test_printing_in_another_folder(self):
        self.assert_impure(
            "rtp", '#include <cstdio>\nvoid F() { puts("x"); }', "cores do not print", stem="check"
        )

    def test_a_library_of_another_folder(self):
        text = 'extern "C" int srtp_protect(void*);\nint F() { return srtp_protect(nullptr); }'
        self.assert_impure("rtp", text, "rtp may not use srtp")

    def test_a_library_outside_of_its_file(self):
        text = 'extern "C" int EVP_MAC_init(void*);\nint F() { return EVP_MAC_init(nullptr); }'
        self.archive("ice", "stun_integrity", text)
        self.assert_clean(self.check())
        self.assert_impure("ice", text, "ice may not use openssl here", stem="lite_agent")

    def test_a_sibling(self):
        self.archive("dtls", "session", "namespace sluice::dtls { int Open() { return 1; } }")
        text = "namespace sluice::dtls { int Open(); }\nint F() { return sluice::dtls::Open(); }"
        self.archive("engine", "engine", text)
        self.assert_clean(self.check())
        self.assert_impure("ice", text, "no folder below defines it")

    def test_an_unheard_of_system_call(self):
        self.assert_impure(
            "rtp",
            'extern "C" int brand_new_call();\nint F() { return brand_new_call(); }',
            "only computes",
        )


if __name__ == "__main__":
    unittest.main()
