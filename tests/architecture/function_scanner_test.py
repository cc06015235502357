"""The scanner finds the functions of real C++ and nothing else."""

import textwrap
import unittest

from function_scanner import UnbalancedBraces, scan


def names(text):
    return [function.name for function in scan(textwrap.dedent(text))]


def only(text):
    functions = scan(textwrap.dedent(text))
    assert len(functions) == 1, functions
    return functions[0]


class FunctionScannerTest(unittest.TestCase):
    def test_functions_methods_and_operators(self):
        self.assertEqual(
            names("""
                namespace sluice::rtp {
                class Pacer final : public Base<int> {
                 public:
                  explicit Pacer(int x) : x_(x) {}
                  bool operator==(const Pacer& other) const { return true; }
                  void operator()(int a) { Run(a); }
                  ~Pacer() = default;
                 private:
                  int x_{0};
                };
                std::optional<int> Pacer::Next() const { return x_; }
                extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) { Run(); }
                }
            """),
            ["Pacer", "=", ")", "Pacer::Next", "LLVMFuzzerTestOneInput"],
        )

    def test_initialisers_types_and_concepts_are_no_functions(self):
        self.assertEqual(
            names("""
                constexpr std::array<uint8_t, 3> kTable = {1, 2, 3};
                constexpr int kBare[]{1, 2};
                enum class State : uint8_t { kNew, kDone };
                struct alignas(16) Slot { int a{1}; std::vector<int> v = {1}; };
                template <typename T, typename Input = ByteView>
                concept Core = requires(T core, const T& seen) {
                  core.Receive(1);
                  { seen.NextTimeout() } -> std::same_as<int>;
                };
                INSTANTIATE_TEST_SUITE_P(All, CodecTest, testing::Values(Case{1}, Case{2}));
            """),
            [],
        )

    def test_member_initialisers_with_braces(self):
        function = only(
            "Agent::Agent(int a, int b)\n    : a_{a}, b_(b), c_{1, 2} {\n  Start();\n}\n"
        )
        self.assertEqual(
            (function.name, function.lines, function.parameters), ("Agent::Agent", 4, 2)
        )

    def test_templates_attributes_and_trailing_return_types(self):
        self.assertEqual(
            names("""
                template <typename T = std::vector<int>>
                [[nodiscard]] auto Make(T t) -> std::optional<T> { return t; }
                template <typename T>
                  requires std::integral<T>
                T Twice(T t) noexcept { return 2 * t; }
            """),
            ["Make", "Twice"],
        )

    def test_parameters_are_counted_outside_templates_and_calls(self):
        self.assertEqual(
            only("void F(std::map<int, int> a, int b = G(1, 2), int c[2] = {}) {}").parameters, 3
        )
        self.assertEqual(only("void F(void) {}").parameters, 0)
        self.assertEqual(only("void F(std::function<void(int, int)> f) {}").parameters, 1)

    def test_nesting_counts_blocks_and_lambdas_but_no_initialisers(self):
        self.assertEqual(only("void F() { Call({1, {2, {3}}}); return Foo{Bar{1}}; }").nesting, 0)
        self.assertEqual(
            only("void F() { if (a) { b = Foo{1}; } else if (c) { d(); } else { e(); } }").nesting,
            1,
        )
        self.assertEqual(
            only("void F() { Sort(v, [&](int a, int b) { if (a) { b(); } }); }").nesting, 2
        )
        self.assertEqual(
            only("void F() { auto f = [x = 1](int a) -> int { return a; }; f(1); }").nesting, 1
        )
        self.assertEqual(
            only("void F() { switch (x) { case kA: { a(); break; } default: b(); } }").nesting, 2
        )

    def test_loops_without_braces_count_as_well(self):
        self.assertEqual(only("void F() { for (int a : v) if (a) { b(); } }").nesting, 2)

    def test_a_condition_with_an_initialised_value_is_no_block(self):
        self.assertEqual(
            only(
                "int F() { if (x) return Foo{1}.y; for (int i : {1, 2}) { g(i); } return 0; }"
            ).nesting,
            1,
        )

    def test_braces_in_literals_comments_and_macros_do_not_count(self):
        text = (
            "#define OPEN(x) \\\n  if (x) {\n"
            'void F() {\n  a("{{"); b(\'{\'); c(R"(}})"); // }\n  int n = 1\'000; /* { */\n}\n'
        )
        self.assertEqual((only(text).line, only(text).last_line), (3, 6))

    def test_a_local_type_has_functions_of_its_own(self):
        self.assertEqual(
            names("void Outer() { struct Local { void Inner() { if (a) { b(); } } }; }"),
            ["Inner", "Outer"],
        )

    def test_unbalanced_braces_are_reported(self):
        for text in ("void F() {", "void F() {}}"):
            with self.assertRaises(UnbalancedBraces):
                scan(text)


if __name__ == "__main__":
    unittest.main()
