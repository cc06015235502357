import unittest

from fbs_reader import read_schema
from markdown import UnknownAnswer, render

_SCHEMA = """
// --- To a router ---
// Makes a thing.
table MakeThing {
  // How many | at most.
  count: uint = 3 (id: 1);
  name: string (id: 0, required);
  made: Made (id: 2);
  port: ushort = null (id: 3);
}
table Made { number: uint (id: 0); }
table Empty {}
// It broke.
table Broken {}
union RequestBody { MakeThing }
union ResponseBody { Empty, Made }
union NotificationBody { Broken }
"""


class MarkdownTest(unittest.TestCase):
    def page(self, schema=_SCHEMA):
        return render("# Title\n", [read_schema("a", schema)])

    def test_requests_are_listed_with_target_and_answer(self):
        schema = _SCHEMA.replace("{ MakeThing }", "{\n  MakeThing  // 1, answer: Made\n}")
        self.assertIn("| 1 | [MakeThing](#makething) | a router | [Made](#made) |", self.page(schema))

    def test_a_request_may_say_by_itself_what_it_is_asked_of(self):
        remark = "// 1; asked of: a thing, or | none; answer: Made"
        page = self.page(_SCHEMA.replace("{ MakeThing }", f"{{\n  MakeThing  {remark}\n}}"))
        self.assertIn("| 1 | [MakeThing](#makething) | a thing, or \\| none | [Made](#made) |", page)
        self.assertIn("| 1 | [MakeThing](#makething) |  |", page)

    def test_without_a_word_the_answer_is_empty(self):
        self.assertIn("| a router | [Empty](#empty) |", self.page())

    def test_an_answer_that_does_not_exist_is_an_error(self):
        schema = _SCHEMA.replace("{ MakeThing }", "{\n  MakeThing  // answer: Nothing\n}")
        with self.assertRaises(UnknownAnswer):
            self.page(schema)

    def test_fields_are_in_the_order_of_their_ids_with_what_missing_means(self):
        rows = [line for line in self.page().splitlines() if line.startswith("|")]
        self.assertIn("| 0 | `name` | `string` | an error |  |", rows)
        self.assertIn("| 1 | `count` | `uint` | `3` | How many \\| at most. |", rows)
        self.assertIn("| 2 | `made` | [Made](#made) | not there |  |", rows)
        self.assertIn("| 3 | `port` | `ushort` | not there |  |", rows)
        self.assertLess(rows.index("| 0 | `name` | `string` | an error |  |"),
                        rows.index("| 1 | `count` | `uint` | `3` | How many \\| at most. |"))

    def test_notifications_say_what_they_tell(self):
        self.assertIn("| 1 | [Broken](#broken) | It broke. |", self.page())

    def test_every_declaration_has_one_heading(self):
        page = self.page()
        for name in ("MakeThing", "Made", "Empty", "Broken"):
            headings = [line for line in page.splitlines() if line.lstrip("#") == f" {name}"]
            self.assertEqual(len(headings), 1, name)


if __name__ == "__main__":
    unittest.main()
