"""Each kind of forbidden name fails the check."""

import os
import unittest

import name_check
from sample_tree import SampleTree


class NameCheckTest(SampleTree):
    def check(self):
        return name_check.check(self.root)

    def test_names_that_say_something_pass(self):
        self.write_header(
            "ice/lite_agent.h", "class LiteAgent { void HandleTimeout(); enum class State {}; };"
        )
        self.write("control-api/schema/common.fbs", "table Endpoint {}\n")
        self.write("rtp/simple.cc", "// class Manager\nint handler_count = 0;\n")
        self.assert_clean(self.check())

    def test_an_empty_tree_proves_nothing(self):
        self.assert_broken(self.check(), ".", 0, "nothing was checked")

    def test_every_forbidden_word_in_a_file_name(self):
        for word in ("utils", "helper", "common", "misc", "manager", "handler", "impl"):
            with self.subTest(word):
                path = f"rtp/packet_{word}.cc"
                full = self.write(path, "\n")
                self.assert_broken(self.check(), path, 1, word)
                os.remove(full)

    def test_a_forbidden_word_in_a_folder_name(self):
        self.write("apps/conference/util/room.ts", "\n")
        self.assert_broken(self.check(), "apps/conference/util/room.ts", 1, "util")

    def test_a_forbidden_word_in_a_cxx_type(self):
        for declaration in (
            "class RoomManager;",
            "struct PacketHelper {};",
            "enum class HandlerState {};",
            "using SessionImpl = int;",
            "namespace util {}",
        ):
            with self.subTest(declaration):
                self.write("rtp/room.cc", f"\n{declaration}\n")
                violations = self.check()
                self.assertEqual([(v.path, v.line) for v in violations], [("rtp/room.cc", 2)])

    def test_a_forbidden_word_in_a_typescript_type(self):
        self.write("apps/conference/server/room.ts", "export class RoomManager {}\n")
        self.assert_broken(self.check(), "apps/conference/server/room.ts", 1, "manager")

    def test_a_forbidden_word_in_a_schema_type(self):
        self.write("control-api/schema/router.fbs", "table RouterMisc {}\n")
        self.assert_broken(self.check(), "control-api/schema/router.fbs", 1, "misc")

    def test_a_guard_that_does_not_follow_the_path(self):
        self.write("ice/lite_agent.h", "#ifndef LITE_AGENT_H\n#define LITE_AGENT_H\n#endif\n")
        self.assert_broken(self.check(), "ice/lite_agent.h", 1, "SLUICE_ICE_LITE_AGENT_H_")


if __name__ == "__main__":
    unittest.main()
