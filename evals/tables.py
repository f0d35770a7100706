"""The tables of a run: one for each requisition, one over all, and those of two runs beside each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evals.figures import NUMBERS, OK, CheckFigures, Figures, Run

NOTHING = "-"


def run_tables(run: Run) -> str:
    """All tables of a run, as Markdown."""
    head = (
        f"# Run {run.name}\n\n{run.began_at} UTC; Claude at {run.endpoint}, model {run.model}, effort {run.effort}, "
        f"prompt version {run.prompt_version}\n"
    )
    each = "\n".join(f"## {figures.requisition}: {figures.title}\n\n{_one(figures)}" for figures in run.figures)
    return f"{head}\n{each}\n## All requisitions\n\n{_over_all(run.figures)}"


def _one(figures: Figures) -> str:
    rows = [
        ("status", figures.status if figures.error is None else f"{figures.status}: {figures.error}"),
        ("form checks passed at first try", f"{figures.passed_at_first} of {figures.answers} answers"),
        ("form checks passed after repair", f"{figures.passed_in_the_end} of {figures.answers} answers"),
        *((f"... {name}", _check(check)) for name, check in figures.checks.items()),
        ("answers sent back", str(figures.sent_back)),
        ("questions rewritten as alike", str(figures.rewritten)),
        ("duplicates", _listed(figures.alike)),
        ("lint hits, incoming JD", _listed(figures.lint_incoming)),
        ("lint hits, enhanced JD", _listed(figures.lint_enhanced)),
        ("lint hits, interview", _listed(figures.lint_interview)),
        ("concerns found by Claude", _listed(figures.concerns)),
        ("WORK parts covered", _coverage(figures)),
        ("gaps", _listed(figures.gaps)),
        ("unsupported technologies", _listed(figures.unsupported)),
        (
            "reading level (LIX)",
            f"enhanced JD {_lix(figures.lix_description)}, questions {_lix(figures.lix_questions)}",
        ),
        (
            "tokens",
            f"input {figures.input_tokens:,}, output {figures.output_tokens:,}, "
            f"cache write {figures.cache_write_tokens:,}, cache read {figures.cache_read_tokens:,}",
        ),
        ("cost", _dollars(figures.cost)),
        ("seconds", f"enhancement {_seconds(figures.seconds_enhancement)}, workflow {figures.seconds_workflow:.1f}"),
        ("model", figures.model or NOTHING),
        ("prompt version", figures.prompt_version or NOTHING),
    ]
    return table(("what", "measured"), rows)


def _over_all(all_figures: Sequence[Figures]) -> str:
    columns = (
        "requisition",
        "status",
        "first try",
        "after repair",
        "duplicates",
        "lint: incoming / enhanced / interview",
        "covered",
        "unsupported",
        "LIX: JD / questions",
        "tokens: in / out / cache",
        "cost",
        "seconds: enhancement / all",
    )
    rows = [
        (
            figures.requisition,
            figures.status,
            f"{figures.passed_at_first}/{figures.answers}",
            f"{figures.passed_in_the_end}/{figures.answers}",
            str(len(figures.alike)),
            " / ".join(
                _count(found) for found in (figures.lint_incoming, figures.lint_enhanced, figures.lint_interview)
            ),
            _coverage(figures),
            _count(figures.unsupported),
            f"{_lix(figures.lix_description)} / {_lix(figures.lix_questions)}",
            f"{figures.input_tokens:,} / {figures.output_tokens:,} / "
            f"{figures.cache_write_tokens + figures.cache_read_tokens:,}",
            _dollars(figures.cost),
            f"{_seconds(figures.seconds_enhancement)} / {figures.seconds_workflow:.1f}",
        )
        for figures in all_figures
    ]
    totals = [(number.label, number.show(number.total(all_figures))) for number in NUMBERS]
    checks = [(f"... {name}", _check(check)) for name, check in _all_checks(all_figures).items()]
    return f"{table(columns, rows)}\n{table(('over all (seconds and LIX: mean)', 'measured'), [*totals, *checks])}"


def _all_checks(all_figures: Iterable[Figures]) -> dict[str, CheckFigures]:
    sums: dict[str, CheckFigures] = {}
    for figures in all_figures:
        for name, check in figures.checks.items():
            total = sums.setdefault(name, CheckFigures())
            total.first += check.first
            total.end += check.end
    return dict(sorted(sums.items()))


def comparison(a: Run, b: Run) -> str:
    """The figures of two runs beside each other: of each requisition that both have, and over these."""
    of_a, of_b = ({figures.requisition: figures for figures in run.figures} for run in (a, b))
    both = [name for name in of_a if name in of_b]
    parts = [
        f"# {a.name} and {b.name}\n",
        table(
            ("", "A", "B"),
            [
                ("run", a.name, b.name),
                ("began (UTC)", a.began_at, b.began_at),
                ("Claude at", a.endpoint, b.endpoint),
                ("model", a.model, b.model),
                ("effort", a.effort, b.effort),
                ("prompt version", a.prompt_version, b.prompt_version),
            ],
        ),
    ]
    for name in both:
        parts.append(f"## {name}\n\n{_beside([of_a[name]], [of_b[name]])}")
    parts.append(
        f"## The {len(both)} requisitions of both\n\n"
        + _beside([of_a[name] for name in both], [of_b[name] for name in both])
    )
    for run, own, others in ((a, of_a, of_b), (b, of_b, of_a)):
        alone = [name for name in own if name not in others]
        if alone:
            parts.append(f"Only in {run.name}: {', '.join(alone)}\n")
    return "\n".join(parts)


def _beside(a: Sequence[Figures], b: Sequence[Figures]) -> str:
    rows: list[tuple[str, str, str, str]] = []
    if len(a) == 1 and not a[0].status == b[0].status == OK:
        rows.append(("status", a[0].status, b[0].status, ""))
    for number in NUMBERS:
        of_a, of_b = number.total(a), number.total(b)
        difference = None if of_a is None or of_b is None else of_b - of_a
        rows.append((number.label, number.show(of_a), number.show(of_b), number.show(difference, signed=True)))
    checks_a, checks_b = _all_checks(a), _all_checks(b)
    for name in sorted({*checks_a, *checks_b}):
        first, second = checks_a.get(name, CheckFigures()), checks_b.get(name, CheckFigures())
        rows.append((f"... {name}, failed at first try", *_counts(first.first, second.first)))
        if first.end or second.end:
            rows.append((f"... {name}, failed in the end", *_counts(first.end, second.end)))
    return table(("what", "A", "B", "B - A"), rows)


def _counts(a: int, b: int) -> tuple[str, str, str]:
    return str(a), str(b), f"{b - a:+d}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table with aligned columns, readable as plain text too."""
    cells = [[" ".join(cell.split()).replace("|", "\\|") for cell in row] for row in (head, *rows)]
    widths = [max(3, *(len(row[column]) for row in cells)) for column in range(len(head))]
    # Long lists would widen a column for all rows.
    widths = [min(width, 60) for width in widths]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _check(check: CheckFigures) -> str:
    return f"failed by {check.first} at first try, by {check.end} in the end"


def _count(items: Sequence[str] | None) -> str:
    return NOTHING if items is None else str(len(items))


def _listed(items: Sequence[str] | None) -> str:
    if items is None:
        return NOTHING
    return f"{len(items)}: {'; '.join(items)}" if items else "0"


def _coverage(figures: Figures) -> str:
    return NOTHING if figures.parts is None else f"{figures.covered} of {figures.parts}"


def _lix(level: float | None) -> str:
    return NOTHING if level is None else f"{level:.1f}"


def _dollars(cost: float | None) -> str:
    return NOTHING if cost is None else f"${cost:.4f}"


def _seconds(seconds: float | None) -> str:
    return NOTHING if seconds is None else f"{seconds:.1f}"
