import numpy as np
import pytest
import torch
from torch import nn

from smartprod.config.finetuning import FinetuneDomainConfig, FinetuneImageConfig
from smartprod.finetuning.batches import Batch
from smartprod.finetuning.domain_adversarial import (
    DomainObjective,
    GradientReversal,
    MomentDistance,
    PairedBatches,
    reversal_strength,
)
from smartprod.finetuning.losses import ClassificationObjective
from smartprod.finetuning.network import FinetuneNetwork


class Numbered:
    """Batches that say their epoch and step."""

    def __init__(self, steps):
        self.steps = steps

    def epoch(self, epoch, *, start=0):
        for step in range(start, self.steps):
            yield Batch(torch.tensor([[float(epoch), float(step)]]), torch.tensor([0]))


@pytest.mark.parametrize(("labelled", "unlabelled"), [(4, 3), (3, 7), (2, 1)])
def test_domain_adversarial_pairs_are_the_same_after_a_resumption(labelled, unlabelled):
    pairs = PairedBatches(Numbered(labelled), Numbered(unlabelled))
    whole = [(epoch, batch) for epoch in range(3) for batch in pairs.epoch(epoch)]
    assert len(whole) == 3 * pairs.steps
    seen = [tuple(batch.inputs["unlabelled"][0].tolist()) for _, batch in whole]
    assert seen[:unlabelled] == [(0.0, float(step)) for step in range(unlabelled)][: len(seen)]
    for epoch in range(3):
        for start in range(pairs.steps):
            resumed = [tuple(b.inputs["unlabelled"][0].tolist()) for b in pairs.epoch(epoch, start=start)]
            assert resumed == seen[epoch * labelled + start : (epoch + 1) * labelled]


def test_domain_adversarial_reversal_turns_the_gradient_round():
    values = torch.tensor([1.0, 2.0], requires_grad=True)
    result = GradientReversal.apply(values, 0.5)
    assert torch.equal(result, values)
    (result * torch.tensor([1.0, 3.0])).sum().backward()
    assert values.grad.tolist() == [-0.5, -1.5]
    assert reversal_strength(0) == 0
    assert reversal_strength(1) == pytest.approx(1, abs=1e-3)


def test_domain_adversarial_moments_are_alike_only_where_both_domains_are():
    rng = np.random.default_rng(0)
    one, two = (torch.from_numpy(rng.normal(size=(500, 3))).float() for _ in range(2))
    distance = MomentDistance()
    assert float(distance(one, one, 0.5)) == 0
    assert float(distance(one, two, 0.5)) < 0.1
    assert float(distance(one, two + 1, 0.5)) > 2
    assert float(distance(one, two * 2, 0.5)) > 2


def auroc_of_domains(network, source, target):
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score

    with torch.no_grad():
        embeddings = nn.functional.normalize(network.embed(torch.cat([source, target])), dim=1).numpy()
    domains = np.repeat([0, 1], [len(source), len(target)])
    return cross_val_score(LogisticRegression(C=10), embeddings, domains, cv=3, scoring="roc_auc").mean()


@pytest.mark.parametrize("method", ["adversarial", "coral"])
def test_domain_adversarial_training_makes_domains_alike_and_still_tells_the_classes(method):
    torch.manual_seed(0)
    labels = torch.arange(240) % 2
    noise = torch.randn(480, 8)
    pixels = noise * 0.5
    pixels[:, 0] += 3.0 * torch.cat([labels, labels]) - 1.5  # what tells the classes
    pixels[240:, 1:4] += 2.0  # what tells the domains
    source, target = pixels[:240], pixels[240:]
    scores = {}
    for chosen in ("none", method):
        torch.manual_seed(1)
        network = FinetuneNetwork(nn.Linear(8, 6), dim=6, classes=2, hidden=0, dropout=0.0)
        settings = FinetuneImageConfig(label_smoothing=0.0)
        classification = ClassificationObjective(settings, counts=np.array([120, 120]), dim=6)
        config = FinetuneDomainConfig(method=method, weight=1.0, hidden=32)
        objective = DomainObjective(classification, config, dim=6) if chosen != "none" else None
        parameters = [*network.parameters(), *(objective.parameters() if objective else [])]
        optimizer = torch.optim.SGD(parameters, lr=0.1)
        for step in range(600):
            rows, others = torch.randint(240, (2, 64))
            if objective is None:
                loss = classification(network, Batch(source[rows], labels[rows]), 0.0)
            else:
                batch = Batch({"labelled": source[rows], "unlabelled": target[others]}, labels[rows])
                loss = objective(network, batch, step / 600)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        network.eval()
        accuracy = float((network(target).argmax(dim=1) == labels).float().mean())
        scores[chosen] = (auroc_of_domains(network, source, target), accuracy)
    assert scores["none"][0] > 0.9
    assert scores[method][0] < scores["none"][0] - 0.1
    assert scores[method][1] > 0.95
