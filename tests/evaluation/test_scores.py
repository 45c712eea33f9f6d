from __future__ import annotations

from dataclasses import replace

from smartprod.evaluation.scores import score_lines


def test_scores_lines_are_aligned_and_mark_the_chosen_head(report_data):
    lines = score_lines(report_data)
    assert lines[0].startswith("test ")
    assert [line.split()[0] for line in lines[1:4]] == ["image", "text", "fused"]
    assert lines[3].startswith("fused *")
    assert len({len(line) for line in lines[:8]}) == 1
    assert lines[-1].startswith("answered automatically: ")
    assert "60 test rows" in lines[-1]


def test_scores_without_a_test_part_show_validation_only(report_data):
    lines = score_lines(replace(report_data, test=(), decisions=None))
    assert lines[0].startswith("validation")
    assert [line.split()[0] for line in lines[1:4]] == ["image", "text", "fused"]
    assert "test" not in "\n".join(lines)
