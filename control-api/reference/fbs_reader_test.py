import unittest

from fbs_reader import SchemaError, read_schema


class FbsReaderTest(unittest.TestCase):
    def test_a_field_has_its_id_default_and_comment(self):
        [table] = read_schema("a", "// One thing.\ntable Thing {\n"
                                   "  // In Hz.\n  rate: uint = 5 (id: 3);\n}\n").declarations
        [field] = table.members
        self.assertEqual(table.comment, "One thing.")
        self.assertEqual((field.name, field.type, field.default, field.number, field.comment),
                         ("rate", "uint", "5", 3, "In Hz."))

    def test_required_is_told(self):
        [table] = read_schema("a", "table Thing { id: string (id: 0, required); }").declarations
        self.assertTrue(table.members[0].required)

    def test_unions_count_from_one_and_enums_from_zero(self):
        union, enum = read_schema(
            "a", "union Any {\n  One,  // 1\n  Two   // 2; answer: Both\n}\n"
                 "enum Kind : ubyte { A, B = 7, C }").declarations
        self.assertEqual([each.number for each in union.members], [1, 2])
        self.assertEqual(union.members[1].comment, "2; answer: Both")
        self.assertEqual([each.number for each in enum.members], [0, 7, 8])

    def test_the_first_paragraph_speaks_of_the_file(self):
        file = read_schema("a", "// What it is.\n\nnamespace x;\n\ntable A {}\n")
        self.assertEqual(file.comment, "What it is.")
        self.assertEqual(file.declarations[0].comment, "")

    def test_sections_hold_until_the_next(self):
        first, second = read_schema(
            "a", "// --- To a router ---\n\ntable A {}\n// --- To a pipe ---\ntable B {}\n").declarations
        self.assertEqual((first.section, second.section), ("To a router", "To a pipe"))

    def test_what_is_not_understood_is_an_error_with_its_line(self):
        with self.assertRaisesRegex(SchemaError, "a:2: not understood: struct"):
            read_schema("a", "\nstruct Vec { x: float; }")

    def test_a_field_without_an_id_is_an_error(self):
        with self.assertRaisesRegex(SchemaError, "not a field"):
            read_schema("a", "table A {\n  x: uint;\n}")

    def test_an_open_table_is_an_error(self):
        with self.assertRaisesRegex(SchemaError, "A is not closed"):
            read_schema("a", "table A {\n")


if __name__ == "__main__":
    unittest.main()
