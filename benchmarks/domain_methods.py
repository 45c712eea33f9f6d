"""The methods that `domain_shift.py` compares on frozen embeddings; their settings are those that were best on the val part.

Each gives a function from embeddings of the target domain, float32 [N, D], to class names.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression

Answer = Callable[[np.ndarray], np.ndarray]


def logistic(values: np.ndarray, labels: np.ndarray) -> Answer:
    """Logistic regression (C=30, class-balanced), the baseline of all benchmarks."""
    return _fit(values, labels).predict


def _fit(values: np.ndarray, labels: np.ndarray) -> LogisticRegression:
    return LogisticRegression(C=30, class_weight="balanced", max_iter=400).fit(values, labels)


def _unit(values: np.ndarray) -> np.ndarray:
    return values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), 1e-12)


def _class_means(values: np.ndarray, labels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    return np.stack([values[labels == name].mean(axis=0) for name in classes])


def prototypes(values: np.ndarray, labels: np.ndarray, *, center: np.ndarray | None = None) -> Answer:
    """Nearest class mean by cosine, around the mean of the class means (or of other rows)."""
    classes = np.unique(labels)
    means = _class_means(values, labels, classes)
    middle = means.mean(axis=0) if center is None else center.mean(axis=0)
    directions = _unit(means - middle)
    return lambda asked: classes[(_unit(asked - middle) @ directions.T).argmax(axis=1)]


def subspace_alignment(
    values: np.ndarray, labels: np.ndarray, unlabelled: np.ndarray, *, dim: int = 80
) -> Answer:
    """Principal directions of the source are turned into those of the target (Fernando et al., 2013)."""
    centers = values.mean(axis=0), unlabelled.mean(axis=0)
    dim = min(dim, len(values) - 1, len(unlabelled) - 1)
    bases = [
        np.linalg.svd(each - center, full_matrices=False)[2][:dim].T
        for each, center in zip((values, unlabelled), centers, strict=True)
    ]
    aligned = _unit((values - centers[0]) @ bases[0] @ (bases[0].T @ bases[1]))
    model = _fit(aligned, labels)
    return lambda asked: model.predict(_unit((asked - centers[1]) @ bases[1]))


def self_training(
    values: np.ndarray, labels: np.ndarray, unlabelled: np.ndarray, *, rounds: int = 5
) -> Answer:
    """Logistic regression learns from its own surest answers: of each class up to half of them, more in each round."""
    model = _fit(values, labels)
    for number in range(1, rounds + 1):
        chances = model.predict_proba(unlabelled)
        answers, sure = chances.argmax(axis=1), chances.max(axis=1)
        kept = []
        for answer in np.unique(answers):
            rows = np.flatnonzero(answers == answer)
            kept.append(rows[np.argsort(-sure[rows])[: max(1, round(len(rows) * 0.5 * number / rounds))]])
        chosen = np.concatenate(kept)
        model = _fit(np.vstack([values, unlabelled[chosen]]), np.r_[labels, model.classes_[answers[chosen]]])
    return model.predict


def label_propagation(
    values: np.ndarray,
    labels: np.ndarray,
    unlabelled: np.ndarray,
    *,
    neighbours: int = 10,
    alpha: float = 0.9,
) -> Answer:
    """Labels spread over the graph of nearest neighbours (Zhou et al., 2004); logistic regression learns the surer half."""
    from scipy import sparse

    classes, numbers = np.unique(labels, return_inverse=True)
    center = unlabelled.mean(axis=0)
    together = _unit(np.vstack([values, unlabelled]) - center)
    similar = together @ together.T
    np.fill_diagonal(similar, -1)
    count, neighbours = len(together), min(neighbours, len(together) - 1)
    nearest = np.argpartition(-similar, neighbours, axis=1)[:, :neighbours]
    weights = np.maximum(np.take_along_axis(similar, nearest, axis=1), 0) ** 3
    graph = sparse.csr_matrix(
        (weights.ravel(), nearest.ravel(), np.arange(0, count * neighbours + 1, neighbours)),
        shape=(count, count),
    )
    graph = graph + graph.T
    scale = sparse.diags(1 / np.sqrt(np.maximum(np.asarray(graph.sum(axis=1)).ravel(), 1e-9)))
    graph = scale @ graph @ scale
    given = np.zeros((count, len(classes)))
    given[np.arange(len(labels)), numbers] = 1
    spread = given
    for _ in range(40):
        spread = alpha * (graph @ spread) + (1 - alpha) * given
    shares = spread[len(labels) :] / np.maximum(spread.sum(axis=0), 1e-12)
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-12)
    sure = shares.max(axis=1) >= np.median(shares.max(axis=1))
    learned = np.vstack([values, unlabelled[sure]]), np.r_[labels, classes[shares.argmax(axis=1)[sure]]]
    return _fit(*learned).predict


def adapted_prototypes(
    values: np.ndarray,
    labels: np.ndarray,
    unlabelled: np.ndarray,
    *,
    temperature: float = 0.03,
    own: float = 40.0,
) -> Answer:
    """Class means move towards the unlabelled rows that are nearest to them, each class getting as many (Cuturi, 2013).

    The mean of the labelled rows weighs as much as `own` unlabelled ones.
    """
    classes = np.unique(labels)
    center = unlabelled.mean(axis=0)
    start = _unit(_class_means(values, labels, classes) - center)
    rows, directions = _unit(unlabelled - center), start
    for _ in range(20):
        directions = _unit(own * start + _balanced(rows @ directions.T / temperature).T @ rows)
    return lambda asked: classes[(_unit(asked - center) @ directions.T).argmax(axis=1)]


def _balanced(scores: np.ndarray, *, steps: int = 30) -> np.ndarray:
    """Shares of the classes for each row [N, C] that sum to 1, and to N / C for each class, by Sinkhorn's iterations."""
    rows, columns = np.zeros((len(scores), 1)), np.zeros((1, scores.shape[1]))
    for _ in range(steps):
        columns = np.log(len(scores) / scores.shape[1]) - logsumexp(scores + rows, axis=0, keepdims=True)
        rows = -logsumexp(scores + columns, axis=1, keepdims=True)
    return np.exp(scores + rows + columns)


def adversarial(
    values: np.ndarray, labels: np.ndarray, unlabelled: np.ndarray, *, steps: int = 1_500
) -> Answer:
    """A small network on the embeddings, trained with gradient reversal (Ganin et al., 2016)."""
    import torch
    from torch import nn

    from smartprod.finetuning.domain_adversarial import DomainClassifier

    classes, numbers = np.unique(labels, return_inverse=True)
    scale = float(np.sqrt(values.shape[1]))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        source, target = (torch.from_numpy(each * scale).float() for each in (values, unlabelled))
        truth = torch.from_numpy(numbers)
        embed = nn.Sequential(nn.Linear(values.shape[1], 256), nn.ReLU(), nn.Dropout(0.2))
        head, domains = nn.Linear(256, len(classes)), DomainClassifier(256, 64)
        parameters = [*embed.parameters(), *head.parameters(), *domains.parameters()]
        optimizer = torch.optim.SGD(parameters, lr=0.01, momentum=0.9, weight_decay=1e-3)
        for step in range(steps):
            rows, others = torch.randint(len(source), (64,)), torch.randint(len(target), (64,))
            inner, outer = embed(source[rows]), embed(target[others])
            unit = nn.functional.normalize(inner, dim=1), nn.functional.normalize(outer, dim=1)
            loss = nn.functional.cross_entropy(head(inner), truth[rows]) + domains(*unit, step / steps)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        embed.eval()

    def answer(asked: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return classes[head(embed(torch.from_numpy(asked * scale).float())).argmax(dim=1).numpy()]

    return answer
