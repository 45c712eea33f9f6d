import pytest

from smartprod.config.schema import DomainsConfig
from smartprod.embeddings import find_domain_rows
from smartprod.errors import UsageError

DOMAINS = ["studio", "studio", "photo", "photo", "photo", None]
PARTS = ["train", "val", "unlabelled", "test", "unused", "unlabelled"]


def test_domains_the_target_is_what_no_train_row_is_of():
    found = find_domain_rows(DOMAINS, PARTS, DomainsConfig())
    assert found.target == ("photo",)
    assert found.source.tolist() == [True, True, False, False, False, False]
    assert found.seen.tolist() == [False, False, True, False, True, False]
    assert found.line() == "2 labelled rows of other domains; 2 rows of photo are looked at"


def test_domains_photos_of_test_rows_are_seen_where_it_is_asked_for_and_that_is_told():
    found = find_domain_rows(DOMAINS, PARTS, DomainsConfig(test_images=True))
    assert found.seen.tolist() == [False, False, True, True, True, False]
    assert "1 of them test rows (photos only)" in found.line()


def test_domains_learned_rows_of_a_named_target_are_seen_and_are_no_source():
    found = find_domain_rows(
        ["studio", "photo", "photo"], ["train", "train", "test"], DomainsConfig(target=("photo",))
    )
    assert (found.source.tolist(), found.seen.tolist()) == ([True, False, False], [False, True, False])


@pytest.mark.parametrize(
    ("domains", "parts", "code"),
    [
        ([None, None], ["train", "unlabelled"], "SP477"),
        (["studio", "studio"], ["train", "unlabelled"], "SP477"),
        (["studio", "photo"], ["train", "test"], "SP478"),
    ],
)
def test_domains_say_what_is_lacking(domains, parts, code):
    with pytest.raises(UsageError, match=code):
        find_domain_rows(domains, parts, DomainsConfig())
