"""The gate's rules, one class each, and the registry of them.

A new rule is a class here and its entry in ``RULES``; a setting of its own stands in
``config/gate.py``. It changes the results of ``evaluate-model`` or ``build-shard``, whose version
goes up with it.
docs/gate.md explains each rule, its statistics and its error rates.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from graphrec_core.evaluation.evidence import Evidence, Sample
from graphrec_core.evaluation.interval import mean_interval
from graphrec_core.evaluation.metrics import Metric
from graphrec_core.evaluation.slices import COLD_START, LOW_DEGREE
from graphrec_core.evaluation.systems import POPULARITY
from graphrec_core.lake.records import ALL, Better, GateDecision, Outcome
from graphrec_core.ledger.past import CHAMPION, ELDER, SAME_DAY

ANN_RECALL = "ann_recall"


class Rule(ABC):
    """One question of the gate; a kind of rule may ask several.

    Attributes:
        name: The kind's name in decisions.
    """

    name: ClassVar[str]

    @classmethod
    @abstractmethod
    def asked(cls, evidence: Evidence) -> Iterator[Self]:
        """Yields the questions that this evidence is asked, in a fixed order."""

    @abstractmethod
    def judge(self, evidence: Evidence) -> GateDecision:
        """Answers the question.

        Raises:
            LakeError: A metric of the model is no number, or was not measured.
        """


@dataclass(frozen=True)
class Floor(Rule):
    """The mean of a metric reaches its bound."""

    name = "floor"
    metric: Metric

    @classmethod
    def asked(cls, evidence: Evidence) -> Iterator[Self]:
        """Asks of every metric that has a bound."""
        for metric in evidence.judged:
            if metric.bound is not None:
                yield cls(metric)

    def judge(self, evidence: Evidence) -> GateDecision:
        """Compares the interval of the mean with the bound."""
        sample, bound = evidence.sample(self.metric, ALL), 0.0
        if self.metric.bound is not None:
            bound = self.metric.bound(evidence.gate)
        if not len(sample.values):
            return _nothing(self.name, ALL, self.metric, "", sample, evidence)
        interval = mean_interval(
            sample.values, evidence.limits(self.metric), evidence.gate.confidence, sample.weights
        )
        return GateDecision(
            rule=self.name,
            slice=ALL,
            metric=self.metric.name,
            value=_mean(sample.values, sample.weights),
            bound=bound,
            interval_low=interval[0],
            interval_high=interval[1],
            num_queries=len(sample.values),
            num_own_queries=len(sample.values),
            pooled=evidence.pooled,
            outcome=_outcome(
                interval, bound, self.metric.better, is_small=_is_small(sample, evidence)
            ),
            better=self.metric.better,
        )


@dataclass(frozen=True)
class NotWorse(Rule):
    """The candidate is not worse than a reference: paired differences, query by query."""

    metric: Metric
    reference: str
    slice: str = ALL

    def judge(self, evidence: Evidence) -> GateDecision:
        """Compares the interval of the mean difference with the tolerance."""
        sample = evidence.sample(self.metric, self.slice, self.reference)
        if sample.others is None or not len(sample.values):
            return _nothing(self.name, self.slice, self.metric, self.reference, sample, evidence)
        least, greatest = evidence.limits(self.metric)
        differences, spread = sample.values - sample.others, greatest - least
        interval = mean_interval(
            differences, (-spread, spread), evidence.gate.confidence, sample.weights
        )
        tolerance = evidence.gate.tolerance_frac * abs(_mean(sample.others, sample.weights))
        bound = -self.metric.better.sign * tolerance
        return GateDecision(
            rule=self.name,
            slice=self.slice,
            metric=self.metric.name,
            reference=self.reference,
            value=_mean(sample.values, sample.weights),
            bound=bound,
            difference=_mean(differences, sample.weights),
            interval_low=interval[0],
            interval_high=interval[1],
            num_queries=len(sample.values),
            num_own_queries=len(sample.values),
            pooled=evidence.pooled,
            outcome=self._outcome(interval, bound, sample, evidence),
            better=self.metric.better,
        )

    def _outcome(
        self, interval: tuple[float, float], bound: float, sample: Sample, evidence: Evidence
    ) -> Outcome:
        is_small = _is_small(sample, evidence)
        outcome = _outcome(interval, bound, self.metric.better, is_small=is_small)
        # A few queries of other regions refuse nobody: the slice is too small everywhere to tell.
        is_of_others = evidence.pooled and is_small and self.slice != ALL
        return "undecided" if is_of_others and outcome == "failed" else outcome


class Baseline(NotWorse):
    """Not worse than what needs no training."""

    name = "baseline"

    @classmethod
    def asked(cls, evidence: Evidence) -> Iterator[Self]:
        """Asks of every configured baseline."""
        for reference in evidence.gate.baselines:
            for metric in evidence.judged:
                yield cls(metric, reference)


class OwnSource(NotWorse):
    """A learned ranker orders not worse than any of its sources alone: it has to earn its place.

    So it is not worse than the best of them, and regions pool whichever that is in each.
    """

    name = "own_source"

    @classmethod
    def asked(cls, evidence: Evidence) -> Iterator[Self]:
        """Asks of every source that was measured beside the whole, of a learned ranker alone."""
        for reference in evidence.sources if evidence.is_fitted else ():
            for metric in evidence.judged:
                yield cls(metric, reference)


class EarlierRelease(NotWorse):
    """Not worse than the model of an earlier release, whose name the rule has."""

    @classmethod
    def asked(cls, evidence: Evidence) -> Iterator[Self]:
        """Asks where there is such a release, also where it could not be measured."""
        if evidence.has(cls.name):
            for metric in evidence.judged:
                yield cls(metric, cls.name)


class Champion(EarlierRelease):
    """Not worse than the newest release before this day that passed."""

    name = CHAMPION


class SameDay(EarlierRelease):
    """Not worse than an earlier passed release of this very day."""

    name = SAME_DAY


class Elder(EarlierRelease):
    """Not worse than the champion of some weeks ago: small losses do not add up."""

    name = ELDER


class Slice(NotWorse):
    """Not worse than popularity on the queries with a short history."""

    name = "slice"

    @classmethod
    def asked(cls, evidence: Evidence) -> Iterator[Self]:
        """Asks of the slices that hold a query."""
        for part in (COLD_START, LOW_DEGREE):
            for metric in evidence.judged:
                if evidence.slices[part].any():
                    yield cls(metric, POPULARITY, part)


class AnnRecall(Rule):
    """The index finds what exact search finds: a count, not an estimate."""

    name = ANN_RECALL

    @classmethod
    def asked(cls, evidence: Evidence) -> Iterator[Self]:
        """Asks where an index was measured."""
        if cls.name in evidence.numbers:
            yield cls()

    def judge(self, evidence: Evidence) -> GateDecision:
        """Compares the measured recall with its floor."""
        found, bound = evidence.numbers[self.name], evidence.gate.min_ann_recall
        return GateDecision(
            rule=self.name,
            slice=ALL,
            metric=self.name,
            value=float(found.value),
            bound=bound,
            num_queries=found.num_queries,
            num_own_queries=found.num_queries,
            pooled=False,
            outcome="passed" if found.value >= bound else "failed",
        )


RULES: tuple[type[Rule], ...] = (
    Floor,
    Baseline,
    OwnSource,
    Champion,
    SameDay,
    Elder,
    Slice,
    AnnRecall,
)
"""Every kind of rule, in the order of the decisions."""


def judge(evidence: Evidence) -> list[GateDecision]:
    """Asks every rule; see ``Rule.judge`` for what it raises."""
    return [rule.judge(evidence) for kind in RULES for rule in kind.asked(evidence)]


def _outcome(
    interval: tuple[float, float], bound: float, better: Better, *, is_small: bool
) -> Outcome:
    """Fails what is wholly worse than the bound; few queries across it decide nothing."""
    low, high = sorted(better.sign * end for end in interval)
    least = better.sign * bound
    if high < least:
        return "failed"
    return "undecided" if is_small and low < least else "passed"


def _is_small(sample: Sample, evidence: Evidence) -> bool:
    return len(sample.values) < evidence.gate.min_queries


def _mean(values: np.ndarray, weights: np.ndarray | None) -> float:
    return float(np.average(values, weights=weights))


def _nothing(
    rule: str, slice_name: str, metric: Metric, reference: str, sample: Sample, evidence: Evidence
) -> GateDecision:
    """Says that there was nothing to measure."""
    return GateDecision(
        rule=rule,
        slice=slice_name,
        metric=metric.name,
        reference=reference,
        num_queries=sample.num_asked,
        num_own_queries=sample.num_asked,
        pooled=evidence.pooled,
        outcome="undecided",
        better=metric.better,
    )
