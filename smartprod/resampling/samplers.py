"""The samplers that look at embeddings, one line for each (imbalanced-learn; Lemaitre et al., 2017)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smartprod.config.learning import ResampleMethod


@dataclass(frozen=True, slots=True)
class SamplerRequest:
    """What a sampler is built from.

    Attributes:
        counts: Rows of each class that has at least two.
        neighbours: Neighbours of the same class, fewer than the smallest class has rows.
        around: Neighbours of any class.
        seed: Seed of the draw.
    """

    counts: Mapping[int, int]
    neighbours: int
    around: int
    seed: int

    @property
    def up(self) -> dict[int, int]:
        """Every class filled up to the largest."""
        return dict.fromkeys(self.counts, max(self.counts.values()))

    @property
    def down(self) -> dict[int, int]:
        """Every class thinned down to the smallest."""
        return dict.fromkeys(self.counts, min(self.counts.values()))

    @property
    def larger(self) -> list[int]:
        """All classes but the smallest ones: these may lose rows."""
        least = min(self.counts.values())
        return [label for label, rows in self.counts.items() if rows > least]


def _smote(request: SamplerRequest) -> Any:
    from imblearn.over_sampling import SMOTE

    return SMOTE(sampling_strategy=request.up, k_neighbors=request.neighbours, random_state=request.seed)


def _borderline_smote(request: SamplerRequest) -> Any:
    from imblearn.over_sampling import BorderlineSMOTE

    return BorderlineSMOTE(
        sampling_strategy=request.up,
        k_neighbors=request.neighbours,
        m_neighbors=request.around,
        random_state=request.seed,
    )


def _adasyn(request: SamplerRequest) -> Any:
    from imblearn.over_sampling import ADASYN

    return ADASYN(sampling_strategy=request.up, n_neighbors=request.neighbours, random_state=request.seed)


def _tomek_links(request: SamplerRequest) -> Any:
    from imblearn.under_sampling import TomekLinks

    return TomekLinks(sampling_strategy=request.larger)


def _edited(request: SamplerRequest) -> Any:
    from imblearn.under_sampling import EditedNearestNeighbours

    # `mode`: a row goes where most of its neighbours are of other classes; `all` empties classes in noisy catalogues.
    return EditedNearestNeighbours(
        sampling_strategy=request.larger,
        n_neighbors=min(3, request.around),
        kind_sel="mode",
    )


def _smote_tomek(request: SamplerRequest) -> Any:
    from imblearn.combine import SMOTETomek
    from imblearn.under_sampling import TomekLinks

    return SMOTETomek(smote=_smote(request), tomek=TomekLinks(sampling_strategy=list(request.counts)))


def _smote_enn(request: SamplerRequest) -> Any:
    from imblearn.combine import SMOTEENN

    return SMOTEENN(smote=_smote(request), enn=_edited(request))


def _cluster_centroids(request: SamplerRequest) -> Any:
    from imblearn.under_sampling import ClusterCentroids

    return ClusterCentroids(sampling_strategy=request.down, random_state=request.seed)


def _near_miss(request: SamplerRequest) -> Any:
    from imblearn.under_sampling import NearMiss

    return NearMiss(sampling_strategy=request.down, n_neighbors=max(1, request.neighbours))


SAMPLERS: Mapping[ResampleMethod, Callable[[SamplerRequest], Any]] = {
    "smote": _smote,
    "borderline_smote": _borderline_smote,
    "adasyn": _adasyn,
    "smote_tomek": _smote_tomek,
    "smote_enn": _smote_enn,
    "tomek_links": _tomek_links,
    "edited_nearest_neighbours": _edited,
    "cluster_centroids": _cluster_centroids,
    "near_miss": _near_miss,
}
"""Method to the sampler it builds."""
