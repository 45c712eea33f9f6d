from __future__ import annotations

import pytest

from smartprod.decision.class_edits import edit_from_state
from smartprod.errors import ModelError
from smartprod.state import State


def test_class_edits_of_a_later_version_are_refused():
    with pytest.raises(ModelError, match=r"(?s)SP661.*`split_class`.*the version that saved it"):
        edit_from_state(State("split_class", {"classes": ["A", "B"]}))
