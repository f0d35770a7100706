"""A table of cases is one test that fails if any of its cases does, and names them all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.tables import table

pytest_plugins = ["pytester"]

OUTCOMES = """
    import pytest
    from tests.support.tables import table

    ran = []

    @pytest.fixture
    def ten():
        return 10

    @table("number, square", [(1, 1), (2, 5), pytest.param(3, 9), pytest.param(4, 17, id="four"), (5, 25)])
    def test_squares(number, square, ten):
        ran.append(number + ten)
        assert number**2 == square

    def test_all_cases_ran_with_the_fixture():
        assert ran == [11, 12, 13, 14, 15]

    class TestMethods:
        @table("word", ["a", "b", "c"])
        @table(("one", "two"), [(1, 2), (3, 4)])
        def test_passes(self, ten, word, one, two):
            assert isinstance(self, TestMethods)
            ran.append((word, one, two))

        def test_all_combinations_ran(self):
            assert ran[5:] == [(word, *pair) for word in "abc" for pair in ((1, 2), (3, 4))]

        @table("word", ["a", "b"], ids=["first", "second"])
        @pytest.mark.parametrize("more", [1, 2])
        def test_some_raise(self, word, more, tmp_path):
            if word == "b":
                raise LookupError(f"no b in {more}")

    @table("case", ["skipped", "failed", "expected an error", "passed"])
    def test_other_ends(case):
        if case == "skipped":
            pytest.skip("not here")
        if case == "failed":
            pytest.fail("on purpose")
        if case == "expected an error":
            with pytest.raises(KeyError):
                pass
"""


def test_one_failing_case_fails_the_test_and_all_failing_cases_are_named(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(OUTCOMES)
    result = pytester.runpytest("-p", "no:cacheprovider", "-p", "no:xdist")
    result.assert_outcomes(passed=3, failed=4)
    said = result.stdout.str()
    for line in (
        "2 of 5 cases failed:",
        "- 2, 5: AssertionError assert (2 ** 2) == 5",
        "- four: AssertionError assert (4 ** 2) == 17",
        "1 of 2 cases failed:",
        "- second: LookupError no b in 1",
        "- second: LookupError no b in 2",
        "3 of 4 cases failed:",
        "- 'skipped': Skipped not here",
        "- 'failed': Failed on purpose",
        "- 'expected an error': Failed DID NOT RAISE",
    ):
        assert line in said
    assert "- 5, 25" not in said
    assert "- first" not in said
    assert "- 'passed'" not in said


def takes_text(text: str) -> None:
    """What a table is put on."""


@pytest.mark.parametrize(
    ("make", "mistake"),
    [
        (lambda: table("text", []), "is empty"),
        (lambda: table("text", iter(())), "is empty"),
        (lambda: table("text, more", [("a", "b"), ("c",)]), "2 names, but 1 values"),
        (lambda: table("text", ["a"], ids=["one", "two"]), "1 cases, but 2 ids"),
        (lambda: table("text", [pytest.param("a", marks=pytest.mark.skip)]), "takes no marks"),
        (lambda: table("other", ["a"])(takes_text), "does not take other"),
    ],
)
def test_a_table_that_would_test_nothing_or_something_else_is_an_error(
    make: Callable[[], object], mistake: str
) -> None:
    with pytest.raises(ValueError, match=mistake):
        make()
