"""A header that leans on its includer fails the check, and so does one without a working guard."""

import json
import os
import unittest

import header_check
from sample_tree import SampleTree


class HeaderCheckTest(SampleTree):
    def setUp(self):
        super().setUp()
        self.build = os.path.join(self.root, "build")
        self.write("base/bytes.cc", "\n")
        command = (
            f"/usr/bin/ccache /usr/bin/g++ -std=c++20 -Wall -Werror -I{self.root} "
            "-o bytes.o -c base/bytes.cc"
        )
        entry = {"directory": self.build, "file": "../base/bytes.cc", "command": command}
        self.write("build/compile_commands.json", json.dumps([entry]))

    def check(self):
        return header_check.check(self.root, self.build)

    def test_a_header_that_stands_alone_passes(self):
        self.write_header(
            "base/bytes.h", "#include <string>\ninline std::string Name() { return {}; }"
        )
        self.write_header(
            "rtp/rtcp/nack.h",
            '#include "base/bytes.h"\ninline std::string Nack() { return Name(); }',
        )
        self.assert_clean(self.check())

    def test_a_header_that_needs_what_its_includer_includes(self):
        self.write_header("base/bytes.h", "inline std::string Name() { return {}; }")
        self.assert_broken(self.check(), "base/bytes.h", 1, "does not stand alone")

    def test_a_header_that_needs_what_is_precompiled(self):
        self.write("build/pch.h", "#include <string>\n")
        pch = os.path.join(self.build, "pch.h")
        command = f"/usr/bin/g++ -std=c++20 -Winvalid-pch -include {pch} -c base/bytes.cc"
        entry = {"directory": self.build, "file": "../base/bytes.cc", "command": command}
        self.write("build/compile_commands.json", json.dumps([entry]))
        self.write_header("base/bytes.h", "inline std::string Name() { return {}; }")
        self.assert_broken(self.check(), "base/bytes.h", 1, "does not stand alone")

    def test_a_header_that_needs_what_clang_has_precompiled(self):
        precompiled = "-Xclang -include-pch -Xclang /pch.h.pch -Xclang -include -Xclang /pch.h"
        command = f"/usr/bin/g++ -std=c++20 -Winvalid-pch {precompiled} -c base/bytes.cc"
        entry = {"directory": self.build, "file": "../base/bytes.cc", "command": command}
        self.write("build/compile_commands.json", json.dumps([entry]))
        self.write_header("base/bytes.h", "inline int Name() { return 1; }")
        self.assertEqual(self.check(), [])
        self.write_header("base/bytes.h", "inline std::string Name() { return {}; }")
        self.assert_broken(self.check(), "base/bytes.h", 1, "does not stand alone")

    def test_a_header_that_cannot_be_included_twice(self):
        self.write("base/bytes.h", "inline int Name() { return 1; }\n")
        self.assert_broken(self.check(), "base/bytes.h", 1, "redefinition")

    def test_a_header_with_a_warning_under_the_flags_of_its_folder(self):
        self.write_header("base/bytes.h", "inline int Name() { int unused; return 1; }")
        self.assert_broken(self.check(), "base/bytes.h", 1, "unused")

    def test_a_header_that_its_own_source_begins_with_was_compiled_by_the_build(self):
        self.write("base/bytes.cc", '#include "base/bytes.h"\n')
        self.write_header("base/bytes.h", "inline std::string Name() { return {}; }")
        self.assert_clean(self.check())
        self.write("base/bytes.h", "inline std::string Name() { return {}; }\n")
        self.assert_broken(self.check(), "base/bytes.h", 1, "does not stand alone")
        self.write("base/bytes.cc", '#include <string>\n#include "base/bytes.h"\n')
        self.write_header("base/bytes.h", "inline std::string Name() { return {}; }")
        self.assert_broken(self.check(), "base/bytes.h", 1, "does not stand alone")

    def test_a_header_whose_folder_is_compiled_several_files_at_a_time(self):
        together = "CMakeFiles/ice.dir/Unity/unity_1_cxx.cxx"
        self.write("ice/agent.cc", '#include "ice/agent.h"\n')
        self.write("ice/other.cc", "\n")
        both = "".join(f'#include "{self.root}/ice/{name}.cc"\n' for name in ("agent", "other"))
        self.write(f"build/{together}", both)
        command = f"/usr/bin/g++ -std=c++20 -DICE -I{self.root} -o unity.o -c {together}"
        entry = {"directory": self.build, "file": together, "command": command}
        self.write("build/compile_commands.json", json.dumps([entry]))
        self.write_header("ice/agent.h", "#ifndef ICE\n#error flags of another folder\n#endif")
        self.assert_clean(self.check())
        self.write_header("ice/agent.h", "inline std::string Name() { return {}; }")
        self.assert_broken(self.check(), "ice/agent.h", 1, "does not stand alone")

    def test_a_tree_without_headers_or_without_a_build_proves_nothing(self):
        self.assert_broken(self.check(), ".", 0, "nothing was checked")
        os.remove(os.path.join(self.build, "compile_commands.json"))
        violations = self.check()
        self.assertEqual(len(violations), 1)
        self.assertIn("CMAKE_EXPORT_COMPILE_COMMANDS", violations[0].message)


if __name__ == "__main__":
    unittest.main()
