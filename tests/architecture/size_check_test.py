"""Each kind of oversize fails the check at the limit plus one and passes at the limit."""

import unittest

import rules
import size_check
from sample_tree import SampleTree


class SizeCheckTest(SampleTree):
    def check(self):
        return size_check.check(self.root)

    def test_files_at_their_limit_pass(self):
        self.write("base/a.h", "\n" * rules.MAX_HEADER_LINES)
        self.write("base/a.cc", "\n" * rules.MAX_SOURCE_LINES)
        self.write("base/a_test.cc", "\n" * rules.MAX_TEST_LINES)
        self.write("apps/conference/server/room.ts", "\n" * rules.MAX_SOURCE_LINES)
        self.assert_clean(self.check())

    def test_an_empty_tree_proves_nothing(self):
        self.assert_broken(self.check(), ".", 0, "nothing was checked")

    def test_files_one_line_over_their_limit(self):
        for path, limit in (
            ("base/a.h", rules.MAX_HEADER_LINES),
            ("base/b.cc", rules.MAX_SOURCE_LINES),
            ("base/c_test.cc", rules.MAX_TEST_LINES),
            ("apps/conference/server/room.ts", rules.MAX_SOURCE_LINES),
            ("scripts/run.sh", rules.MAX_SOURCE_LINES),
        ):
            with self.subTest(path):
                self.write(path, "\n" * (limit + 1))
                self.assert_broken(self.check(), path, limit + 1, f"{limit + 1} lines")
                self.write(path, "\n")

    def test_a_function_one_line_over_the_limit(self):
        body = "  Step();\n" * (rules.MAX_FUNCTION_LINES - 2)
        self.write("base/a.cc", f"\nvoid Long() {{\n{body}}}\n")
        self.assert_clean(self.check())
        self.write("base/a.cc", f"\nvoid Long() {{\n{body}  Step();\n}}\n")
        self.assert_broken(self.check(), "base/a.cc", 2, "Long has 61 lines")

    def test_a_test_case_is_a_function(self):
        body = "  Step();\n" * rules.MAX_FUNCTION_LINES
        self.write("base/a_test.cc", f"TEST(A, B) {{\n{body}}}\n")
        self.assert_broken(self.check(), "base/a_test.cc", 1, "TEST has 62 lines")

    def test_a_function_with_six_parameters(self):
        self.write("base/a.cc", "int Five(int a, int b, int c, int d, int e) { return a; }\n")
        self.assert_clean(self.check())
        self.write(
            "base/a.cc",
            "int Six(int a, int b, int c,\n        int d, int e, int f) { return a; }\n",
        )
        self.assert_broken(self.check(), "base/a.cc", 1, "Six has 6 parameters")

    def test_a_function_nested_five_deep(self):
        text = "void Deep() { if (a) { for (;;) { while (b) { if (c) {\n%s} } } } }\n"
        self.write("base/a.cc", text % "          Step();\n")
        self.assert_clean(self.check())
        self.write("base/a.cc", text % "          if (d) {\n          }\n")
        self.assert_broken(self.check(), "base/a.cc", 1, "Deep has 5 levels of nesting")

    def test_a_file_whose_braces_do_not_pair(self):
        self.write("base/a.cc", "void F() {\n  if (a) {\n}\n")
        self.assert_broken(self.check(), "base/a.cc", 1, "cannot be measured")


if __name__ == "__main__":
    unittest.main()
