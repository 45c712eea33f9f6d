"""What the report is made of: plain arrays and texts that the other rooms hand over.

Everything is addressed by `row`, the position in the input table, and by class index, the position in
`ReportData.classes`. A head has predictions only for the rows it could answer: a row without a photo is simply
not among the rows of the image head.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from smartprod.config.schema import ShotsConfig
from smartprod.errors import SmartprodError
from smartprod.evaluation.curves import TrainingCurves
from smartprod.evaluation.other_images import OtherImage
from smartprod.evaluation.prediction_sets import SetScores
from smartprod.evaluation.routing import EncodingCosts, ModeAnswers
from smartprod.quality import Finding

if TYPE_CHECKING:
    from smartprod.evaluation.macro_categories import MacroCategories
    from smartprod.evaluation.page import PageSection
    from smartprod.evaluation.sweeps import SweepTable
    from smartprod.explanation import Explanation

DecisionKind: TypeAlias = Literal["accepted", "backed_off", "other", "review"]

DECISION_KINDS: tuple[DecisionKind, ...] = ("accepted", "backed_off", "other", "review")
"""What can become of a row, in the order in which it is shown."""

UNKNOWN_CLASS = -1
"""Label of a row whose true category is not among the learned classes (dropped, or never seen in training)."""


@dataclass(frozen=True, slots=True, eq=False)
class HeadPredictions:
    """Calibrated predictions of one head for the rows of one part that it could answer.

    Attributes:
        name: `image`, `text`, `fused`, or the name of a candidate.
        rows: Position in the input table, int64 [N].
        labels: True class index, int64 [N]; `UNKNOWN_CLASS` where the true category was not learned.
        probabilities: Calibrated probabilities, float32 [N, C], each line summing to 1.
    """

    name: str
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]

    def __post_init__(self) -> None:
        count = len(self.rows)
        if len(self.labels) != count or self.probabilities.ndim != 2 or len(self.probabilities) != count:
            raise SmartprodError(
                "SP651",
                f"the arrays of head '{self.name}' do not have the same rows: rows {self.rows.shape}, "
                f"labels {self.labels.shape}, probabilities {self.probabilities.shape}",
                fix="hand over rows [N], labels [N] and probabilities [N, C]",
            )

    def learned(self) -> HeadPredictions:
        """Keep the rows whose true category is one of the learned classes: the rows that metrics are about."""
        keep = self.labels != UNKNOWN_CLASS
        if bool(keep.all()):
            return self
        return HeadPredictions(self.name, self.rows[keep], self.labels[keep], self.probabilities[keep])

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The most probable class of each row, int64 [N]."""
        if len(self.rows) == 0:
            return np.zeros(0, dtype=np.int64)
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)

    @property
    def confidence(self) -> NDArray[np.float32]:
        """The probability of the most probable class of each row, float32 [N]."""
        if len(self.rows) == 0:
            return np.zeros(0, dtype=np.float32)
        return np.asarray(self.probabilities.max(axis=1), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class ScoredDecisions:
    """The final answers for every row of the test part, rows without any modality included.

    Attributes:
        rows: Position in the input table, int64 [N].
        truth: True category path of each row, length N.
        predicted: Answered category path, an ancestor path where backed off, length N. For `other` and
            `review`: the best guess, or an empty text where there is none.
        confidence: Calibrated confidence of the answer, float32 [N]; NaN where no head could answer.
        head: The head that answered, length N; an empty text where none could.
        decision: One of `DECISION_KINDS` for each row, length N.
    """

    rows: NDArray[np.int64]
    truth: tuple[str, ...]
    predicted: tuple[str, ...]
    confidence: NDArray[np.float32]
    head: tuple[str, ...]
    decision: tuple[DecisionKind, ...]

    def __post_init__(self) -> None:
        lengths = {
            len(column)
            for column in (self.rows, self.truth, self.predicted, self.confidence, self.head, self.decision)
        }
        if len(lengths) != 1:
            raise SmartprodError("SP652", f"the columns of the decisions differ in length: {sorted(lengths)}")


@dataclass(frozen=True, slots=True)
class ProductExample:
    """One product as the report shows it.

    Attributes:
        row: Position in the input table.
        id: The product's own id.
        title: Raw title; untrusted text, escaped where it is shown.
        category: Category path given by the table.
        images: Files to show, best first; may be empty, missing or broken.
        part: `train`, `val` or `test`; empty if unknown.
    """

    row: int
    id: str
    title: str
    category: str
    images: tuple[Path, ...] = ()
    part: str = ""


ProductLookup: TypeAlias = Callable[[Sequence[int]], Mapping[int, ProductExample]]
"""Fetch the products of some rows; a row it does not know is left out of the answer."""


def no_products(rows: Sequence[int]) -> Mapping[int, ProductExample]:
    """Know no product: a report without examples."""
    del rows
    return {}


@dataclass(frozen=True, slots=True)
class AccountSection:
    """What one stage printed about what it did, shown as it is.

    Attributes:
        title: Heading, such as `Product table`, `Class policy`, `Split`, `Leakage`, `Cleaning`, `Extraction`.
        lines: Printed lines; leading spaces are kept.
    """

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StageCost:
    """What one stage cost.

    Attributes:
        stage: Its name.
        rows_in, rows_out: Rows that came in and went out; None where it counts none.
        seconds: Wall-clock time.
        memory: Peak memory in MiB; None where unknown.
        finished: When it ended, in words.
    """

    stage: str
    rows_in: int | None
    rows_out: int | None
    seconds: float
    memory: float | None
    finished: str


@dataclass(frozen=True, slots=True)
class LeaderboardRow:
    """One candidate that was trained and compared on the validation part.

    Attributes:
        name: Name of the candidate.
        kind: Classifier: `logistic`, `mlp`, `lightgbm`, `prototype`.
        representation: What it saw: `image`, `text`, `concat`, `metric`, `gated`, `stack`.
        accuracy, macro_f1, log_loss: Scores on the validation part.
        seconds: Time to train.
        chosen: Whether this candidate became a head of the model.
        head: The head it stood for: `image`, `text` or `fused`.
        note: Such as `skipped: needs two rows per class`.
        standard_error: Of the score that decides.
        rows_per_second: Held-out rows that it answered in a second.
    """

    name: str
    kind: str
    representation: str
    accuracy: float
    macro_f1: float
    log_loss: float
    seconds: float
    chosen: bool
    head: str = ""
    note: str = ""
    standard_error: float = nan
    rows_per_second: float = nan


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddingMapInput:
    """Embeddings for the map.

    Attributes:
        name: Which embedding this is, such as `fused` or `image + text`.
        embedding: float32 [M, D].
        labels: Class index, int64 [M]; `UNKNOWN_CLASS` allowed.
        parts: `train`, `val` or `test` for each point, length M.
        rows: Position in the input table, int64 [M].
    """

    name: str
    embedding: NDArray[np.float32]
    labels: NDArray[np.int64]
    parts: tuple[str, ...]
    rows: NDArray[np.int64]

    def __post_init__(self) -> None:
        count = len(self.rows)
        if self.embedding.ndim != 2 or {len(self.embedding), len(self.labels), len(self.parts)} != {count}:
            raise SmartprodError(
                "SP653",
                f"the arrays of the embedding map differ in length: embedding {self.embedding.shape}, "
                f"labels {self.labels.shape}, parts {len(self.parts)}, rows {count}",
            )


@dataclass(frozen=True, slots=True)
class ChosenHead:
    """The head that answers when a product has everything, and why it was chosen."""

    name: str
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ReportData:
    """Everything the report and `metrics.json` are made of.

    Attributes:
        run_name: Name of the run.
        classes: Category paths, length C, in class-index order.
        train_counts: Training rows of each class, int64 [C].
        test: Predictions of each head on the test part; empty if there is no test part.
        validation: Predictions on the validation part (held out or out-of-fold), never seen in training.
        chosen: The head that answers when a product has everything.
        separator: What separates the levels of a category path.
        validation_kind: How `validation` came about, in words.
        leaderboard: Candidates compared on the validation part.
        decisions: Final answers for the test part.
        thresholds: Confidence from which a head's answer is accepted, by head name.
        target_accuracy: Accuracy of accepted answers that the user asked for, 0 to 1.
        products: Fetches titles and images of rows.
        embedding_map: Embeddings to draw, or None.
        findings: What a person should look at in the data, most severe first.
        findings_shown: How many of each kind the report shows at most.
        accounts: What the earlier stages printed.
        notes: Warnings, shown first.
        config_yaml: The configuration in force.
        versions: Version of smartprod, Python and the libraries that matter.
        shots: Where a class counts as small or large.
        together: What the heads of the mode in force answer on the test part, best guesses before anything is held back.
        modes: What each mode does with the test part, the one in force first.
        encoding: What the encoders cost there; needed with `modes`.
        sets: How the prediction sets fared on the test part, or None.
        created: When the run ended, in words; empty leaves it out.
        costs: Cost of each answer, float32 [C, C]: true class by answered class; None where all errors cost alike.
        macro_categories: Groups of classes that are alike, or None.
        stage_costs: What each stage of the run cost, in the order in which they ended.
        sections: Further sections of the report, from stages that not every pipeline has.
        sweep: Variants of the configuration that were compared, or None.
        other_images: Other images that were looked at to fill small classes.
        trainings: Histories of the encoders that were trained in the run.
        explanations: Why some of the test products got their answers, the most telling first.
        unexplained: Why there are no explanations, in a sentence; empty where there are some, or where none were wanted.
    """

    run_name: str
    classes: tuple[str, ...]
    train_counts: NDArray[np.int64]
    test: tuple[HeadPredictions, ...]
    validation: tuple[HeadPredictions, ...]
    chosen: ChosenHead
    separator: str = " > "
    validation_kind: str = "validation part"
    leaderboard: tuple[LeaderboardRow, ...] = ()
    decisions: ScoredDecisions | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)
    target_accuracy: float = 0.95
    products: ProductLookup = no_products
    embedding_map: EmbeddingMapInput | None = None
    findings: tuple[Finding, ...] = ()
    findings_shown: int = 12
    accounts: tuple[AccountSection, ...] = ()
    notes: tuple[str, ...] = ()
    config_yaml: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    shots: ShotsConfig = field(default_factory=ShotsConfig)
    together: HeadPredictions | None = None
    modes: tuple[ModeAnswers, ...] = ()
    encoding: EncodingCosts | None = None
    sets: SetScores | None = None
    created: str = ""
    costs: NDArray[np.float32] | None = None
    macro_categories: MacroCategories | None = None
    stage_costs: tuple[StageCost, ...] = ()
    sections: tuple[PageSection, ...] = ()
    other_images: tuple[OtherImage, ...] = ()
    sweep: SweepTable | None = None
    trainings: tuple[TrainingCurves, ...] = ()
    explanations: tuple[Explanation, ...] = ()
    unexplained: str = ""

    def __post_init__(self) -> None:
        if len(self.train_counts) != len(self.classes):
            raise SmartprodError(
                "SP654",
                f"{len(self.classes)} classes but {len(self.train_counts)} counts of training rows",
            )
        for head in (*self.test, *self.validation):
            if head.probabilities.shape[1] != len(self.classes):
                raise SmartprodError(
                    "SP655",
                    f"head '{head.name}' has {head.probabilities.shape[1]} columns of probabilities "
                    f"for {len(self.classes)} classes",
                )

    def test_head(self, name: str) -> HeadPredictions | None:
        """The named head's predictions on the test part, or None."""
        return next((head for head in self.test if head.name == name), None)

    def validation_head(self, name: str) -> HeadPredictions | None:
        """The named head's predictions on the validation part, or None."""
        return next((head for head in self.validation if head.name == name), None)
