"""The tables of `learning.py`: for the terminal, as figures, and inside docs/ablation.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from learning_scores import Result
from learning_tables import Check, Line, SetResults

_BEGIN, _END = "<!-- tables: benchmarks/learning.py writes below -->", "<!-- end of tables -->"
_TITLES = ("accuracy", "top-5", "macro-F1", "weighted F1", "log-loss", "ECE raw", "ECE", "fit s", "rows/s")
_NAMES = ("accuracy", "top5", "macro_f1", "weighted_f1", "log_loss", "ece_raw", "ece")
_EMPHASISED = {"baseline", "smartprod"}


def lines_of(results: SetResults) -> list[str]:
    """The tables and checks of one set for the terminal."""
    width = max(len(each.result.candidate) for each in results.measured)
    lines = []
    if results.given():
        lines = ["", f"{results.name}, test rows of the given split"]
        lines.append(f"{'candidate':{width}} " + " ".join(f"{title:>11}" for title in _TITLES))
    lines += [
        f"{result.candidate:{width}} " + " ".join(f"{cell:>11}" for cell in _cells(result))
        for result in results.given()
    ]
    means = results.lines()
    if means:
        lines += ["", f"{results.name}, repeated grouped 5-fold cross-validation over train and val"]
        lines.append(
            f"{'candidate':{width}} {'folds':>7} " + " ".join(f"{title:>15}" for title in _fold_titles()[1:])
        )
        lines += [
            f"{line.candidate:{width}} {line.folds:7} "
            + " ".join(f"{cell:>15}" for cell in _fold_cells(line)[1:])
            for line in means
        ]
    check = results.check()
    return [*lines, *(check_lines(results.name, check) if check else [])]


def check_lines(name: str, check: Check) -> list[str]:
    """What is asked of the chosen head, with PASS or MISS."""
    first, second = _verdict(check.beats_baseline), _verdict(check.not_worse_than_single)
    return [
        f"{first} {name}: macro-F1 of smartprod less the baseline's {check.gain:+.4f} ± {check.gain_error:.4f} (mean of "
        f"folds), {check.pooled_gain:+.4f} ± {check.pooled_gain_error:.4f} (folds taken together)",
        f"{second} {name}: not below its better single head in {check.repeats_not_worse} of {check.repeats} repeats "
        f"(folds taken together), in {check.folds_not_worse} of {check.folds} single folds; "
        f"difference {check.single_gain:+.4f} ± {check.single_gain_error:.4f}",
    ]


def figures_of(results: SetResults) -> dict[str, float]:
    """All figures of one set under flat names."""
    figures: dict[str, float] = {}
    for result in results.given():
        for name in (*_NAMES, "fit_seconds", "rows_per_second"):
            figures[f"{results.name}.given.{_key(result.candidate)}.{name}"] = getattr(result, name)
    for line in results.lines():
        start = f"{results.name}.folds.{_key(line.candidate)}"
        figures |= {f"{start}.{name}": value for name, value in line.means.items()}
        figures |= {f"{start}.{name}_error": line.errors[name] for name in _NAMES}
        for name in ("gain", "gain_error", "pooled", "pooled_gain", "pooled_gain_error"):
            figures[f"{start}.{name}"] = getattr(line, name)
    return figures


def write_page(page: Path, found: Sequence[SetResults]) -> None:
    """Replace what stands between the markers of a page; all other text stays."""
    text = page.read_text(encoding="utf-8") if page.exists() else f"# Ablation\n\n{_BEGIN}\n{_END}\n"
    before, _, rest = text.partition(_BEGIN)
    after = rest.partition(_END)[2]
    tables = "\n".join(line for results in found for line in _markdown(results))
    page.write_text(f"{before}{_BEGIN}\n{tables}\n{_END}{after}", encoding="utf-8", newline="\n")


def _markdown(results: SetResults) -> list[str]:
    lines = ["", f"### {results.name}", ""]
    means, check = results.lines(), results.check()
    if means:
        lines += [
            "Folds:",
            "",
            _row("candidate", _fold_titles()),
            _rule(len(_fold_titles())),
        ]
        lines += [_row(_mark(line.candidate), _fold_cells(line)) for line in means]
        lines.append("")
    if check:
        lines += [f"- {line}" for line in check_lines(results.name, check)] + [""]
    if results.given():
        lines += ["Test rows of the given split:", "", _row("candidate", _TITLES), _rule(len(_TITLES))]
    return [*lines, *(_row(_mark(result.candidate), _cells(result)) for result in results.given())]


def _cells(result: Result) -> list[str]:
    scores = [f"{getattr(result, name):.4f}" for name in _NAMES]
    return [*scores, f"{result.fit_seconds:.2f}", f"{result.rows_per_second:,.0f}"]


def _fold_titles() -> list[str]:
    gains = ["macro-F1", "less baseline's", "pooled", "less baseline's"]
    return ["folds", *gains, *(title for title in _TITLES if title != "macro-F1")]


def _fold_cells(line: Line) -> list[str]:
    means, errors = line.means, line.errors
    return [
        f"{line.folds}",
        f"{means['macro_f1']:.4f} ± {errors['macro_f1']:.4f}",
        f"{line.gain:+.4f} ± {line.gain_error:.4f}",
        f"{line.pooled:.4f}",
        f"{line.pooled_gain:+.4f} ± {line.pooled_gain_error:.4f}",
        f"{means['accuracy']:.4f} ± {errors['accuracy']:.4f}",
        *(f"{means[name]:.4f}" for name in _NAMES if name not in {"macro_f1", "accuracy"}),
        f"{means['fit_seconds']:.2f}",
        f"{means['rows_per_second']:,.0f}",
    ]


def _mark(candidate: str) -> str:
    return f"**{candidate}**" if candidate in _EMPHASISED else candidate


def _row(first: str, cells: Sequence[str]) -> str:
    return f"| {first} | {' | '.join(cells)} |"


def _rule(columns: int) -> str:
    return "|---|" + "---:|" * columns


def _verdict(passed: bool) -> str:
    return "PASS" if passed else "MISS"


def _key(candidate: str) -> str:
    return candidate.replace(" ", "_").replace(",", "").replace(":", "")
