from __future__ import annotations

from dataclasses import replace

import numpy as np

from smartprod.evaluation.scores import score_lines


def test_scores_lines_are_aligned_and_mark_the_chosen_head(report_data):
    lines = score_lines(report_data)
    assert lines[0].startswith("test ")
    assert [line.split()[0] for line in lines[1:4]] == ["image", "text", "fused"]
    assert lines[3].startswith("fused *")
    assert len({len(line) for line in lines[:8]}) == 1
    (answered,) = (line for line in lines if line.startswith("answered automatically: "))
    assert "60 test rows" in answered


def test_scores_tell_of_the_tree_and_of_costs(report_data):
    lines = score_lines(replace(report_data, costs=1 - np.eye(5, dtype=np.float32)))
    (tree,) = (line for line in lines if line.startswith("category tree (fused): hierarchical F1 "))
    assert "level 3 " in tree
    (costs,) = (line for line in lines if line.startswith("mean cost "))
    accuracy = report_data.test_head("fused").predicted == report_data.test_head("fused").labels
    assert costs.startswith(
        f"mean cost {1 - accuracy.mean():.3f} by least expected cost, {1 - accuracy.mean():.3f} by"
    )


def test_scores_without_a_test_part_show_validation_only(report_data):
    lines = score_lines(replace(report_data, test=(), decisions=None))
    assert lines[0].startswith("validation")
    assert [line.split()[0] for line in lines[1:4]] == ["image", "text", "fused"]
    assert "test" not in "\n".join(lines)
