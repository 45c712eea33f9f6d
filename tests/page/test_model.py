"""What the page refuses before the model is asked."""

from __future__ import annotations

import pytest

from smartprod.page.limits import PageLimits
from smartprod.page.model import PageModel
from smartprod.page.uploads import UploadError


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(bytes(2_000_000))
    return path


def test_model_refuses_what_is_empty_too_long_or_too_large(photo):
    page = PageModel(explainer=None, limits=PageLimits(characters=10, photo_megabytes=1))
    for given, code in (((None, " ", "\n"), "SP884"), ((None, "a mug", "of clay"), "SP885"), ((photo, "mug", ""), "SP886")):  # fmt: skip
        with pytest.raises(UploadError) as refused:
            page.answer(*given, in_detail=False)
        assert refused.value.code == code
        assert refused.value.fix
