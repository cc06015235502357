import pathlib
import tempfile
import unittest

from blocks import PageError, read_page
from links import anchors, dead_links, pages
from names import unknown_names
from trial import Failure, Trial


class BlocksTest(unittest.TestCase):
    def test_a_block_knows_language_line_and_section(self):
        [block] = read_page("a.md", "# T\n\n## Run it\n\n```sh\necho 1\n```\n").blocks
        self.assertEqual((block.language, block.text, block.line, block.section),
                         ("sh", "echo 1\n", 5, "Run it"))

    def test_directives_belong_to_the_next_block_only(self):
        first, second = read_page(
            "a.md", "<!-- prints: hi -->\n<!-- fails: 2 -->\n```sh\nx\n```\n```sh\ny\n```\n").blocks
        self.assertEqual(first.directives, {"prints": "hi", "fails": "2"})
        self.assertEqual(second.directives, {})

    def test_a_directive_without_a_block_is_an_error(self):
        with self.assertRaisesRegex(PageError, "a.md:2"):
            read_page("a.md", "<!-- prints: hi -->\nText.\n")

    def test_an_open_block_is_an_error(self):
        with self.assertRaisesRegex(PageError, "a.md:1: is not closed"):
            read_page("a.md", "```sh\nx\n")

    def test_indented_blocks_lose_their_indentation(self):
        [block] = read_page("a.md", "- so:\n\n  ```sh\n  echo 1\n  ```\n").blocks
        self.assertEqual(block.text, "echo 1\n")


class TrialTest(unittest.TestCase):
    def run_page(self, text):
        with tempfile.TemporaryDirectory() as folder:
            repository = pathlib.Path(folder, "repository")
            scratch = pathlib.Path(folder, "scratch")
            repository.mkdir()
            scratch.mkdir()
            (repository / "source.go").write_text("package a\n\nfunc A() {\n\tone()\n\ttwo()\n}\n")
            return Trial(read_page("a.md", text), repository, scratch).run()

    def test_commands_run_and_are_counted(self):
        self.assertEqual(self.run_page("```sh\ntrue\n```\n```text\nnot run\n```\n"), 1)

    def test_a_failing_command_fails_even_if_others_follow(self):
        with self.assertRaisesRegex(Failure, "a.md:1: exit status 1"):
            self.run_page("```sh\nfalse\ntrue\n```\n")

    def test_an_expected_status_is_no_failure(self):
        self.run_page("<!-- fails: 2 -->\n```sh\nexit 2\n```\n")
        with self.assertRaisesRegex(Failure, "exit status 0, not 2"):
            self.run_page("<!-- fails: 2 -->\n```sh\ntrue\n```\n")

    def test_what_is_printed_is_compared(self):
        self.run_page("<!-- prints: hello -->\n```sh\necho hello you\n```\n")
        with self.assertRaisesRegex(Failure, "does not print 'bye'"):
            self.run_page("<!-- prints: bye -->\n```sh\necho hello\n```\n")

    def test_background_commands_are_waited_for_and_stopped(self):
        self.run_page(
            "<!-- background: ready -->\n```sh\necho $$ > $SCRATCH/pid\necho ready\nexec tail -f /dev/null\n```\n"
            "```sh\nkill -0 $(cat $SCRATCH/pid)\n```\n")

    def test_a_background_command_that_ends_early_fails(self):
        with self.assertRaisesRegex(Failure, "ended before it printed 'ready'"):
            self.run_page("<!-- background: ready -->\n```sh\necho no\n```\n")

    def test_programs_of_a_section_are_one(self):
        self.assertEqual(self.run_page(
            "<!-- prelude js\nconst greeting = 'hi';\n-->\n## A\n```js\nconst name = greeting + ' you';\n```\n"
            "<!-- prints: hi you -->\n```js\nconsole.log(name);\n```\n"), 2)

    def test_a_saved_file_can_be_run(self):
        self.run_page("<!-- file: a.mjs -->\n```js\nconsole.log(1 + 1);\n```\n"
                      "<!-- prints: 2 -->\n```sh\nnode $SCRATCH/a.mjs\n```\n")

    def test_quotations_are_compared_with_their_source(self):
        self.assertEqual(self.run_page("<!-- from: source.go -->\n```go\nfunc A() {\n  two()\n```\n"), 1)
        with self.assertRaisesRegex(Failure, "not in source.go: three"):
            self.run_page("<!-- from: source.go -->\n```go\nthree()\n```\n")

    def test_a_language_that_nothing_tries_is_an_error(self):
        with self.assertRaisesRegex(Failure, "nothing says how to try 'ruby'"):
            self.run_page("```ruby\nputs 1\n```\n")


class NamesTest(unittest.TestCase):
    def test_members_in_code_type_have_to_exist(self):
        text = "`setPriority(1)`, `noSuchThing`, noOtherThing, `plain words`, `a.noMember`"
        self.assertEqual(unknown_names(text, {"setPriority"}), ["noSuchThing", "noMember"])


class LinksTest(unittest.TestCase):
    def dead(self, text):
        with tempfile.TemporaryDirectory() as folder:
            repository = pathlib.Path(folder, "repository")
            (repository / "docs").mkdir(parents=True)
            pathlib.Path(folder, "outside.md").write_text("# Here\n")
            (repository / "README.md").write_text("# All of it\n\n## What `it` is, and why\n")
            (repository / "picture.png").write_bytes(b"")
            page = repository / "docs" / "a.md"
            page.write_text(text)
            return dead_links(page, repository)

    def test_links_to_files_folders_headings_and_other_hosts_are_good(self):
        self.assertEqual(self.dead(
            "# A\n[a](../README.md) [b](../README.md#what-it-is-and-why) [c](#a) [d](..) "
            "![e](../picture.png) [f](https://example.org/none#x) [g](mailto:a@example.org)"), [])

    def test_links_that_lead_nowhere_are_told(self):
        dead = ["none.md", "../README.md#none", "#none", "../picture.png#part"]
        self.assertEqual(self.dead(" ".join(f"[`x`]({link})" for link in dead)), dead)

    def test_links_out_of_the_repository_are_dead_for_others(self):
        self.assertEqual(self.dead("[x](../../outside.md)"), ["../../outside.md"])

    def test_a_picture_that_is_a_link_is_two(self):
        self.assertEqual(sorted(self.dead("[![x](a.png)](b.md)")), ["a.png", "b.md"])

    def test_what_is_shown_as_code_is_no_link(self):
        self.assertEqual(self.dead("`[x](none)`\n```js\na[0](none)\n```\n<!-- [x](none) -->\n"), [])

    def test_headings_are_named_as_github_names_them(self):
        text = "# A, b & [C](d.md)\n```sh\n# no heading\n```\n## `x_y()`: z-1\n## Again\n## Again\n"
        self.assertEqual(anchors(text), {"a-b--c", "x_y-z-1", "again", "again-1"})

    def test_pages_are_looked_for_where_people_wrote_them(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("a.md", "docs/b.md", "node_modules/c.md", "docs/d.txt"):
                path = pathlib.Path(folder, name)
                path.parent.mkdir(exist_ok=True)
                path.write_text("")
            self.assertEqual([path.name for path in pages(folder)], ["a.md", "b.md"])


if __name__ == "__main__":
    unittest.main()
