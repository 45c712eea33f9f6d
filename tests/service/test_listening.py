from __future__ import annotations

import pytest

from smartprod.errors import UsageError
from smartprod.service import listen


def test_listening_at_a_port_that_is_taken_is_told():
    with listen("127.0.0.1", 0) as first, pytest.raises(UsageError, match=r"(?s)SP874.*0 takes a free one"):
        listen("127.0.0.1", first.getsockname()[1])


@pytest.mark.parametrize(("host", "port"), [("192.0.2.1", 0), ("127.0.0.1", 70_000)])
def test_listening_where_this_machine_cannot_is_told(host, port):
    with pytest.raises(UsageError, match="SP874"):
        listen(host, port)
