"""What decisions come to: the pool's word where a region's own is open, and the verdict."""

from collections.abc import Sequence

from graphrec_core.lake.records import GateDecision, GateVerdict


def settle(own: Sequence[GateDecision], pool: Sequence[GateDecision]) -> list[GateDecision]:
    """Lets the pool decide what a region's own queries leave undecided.

    An own conclusive decision stands. A region without queries of a slice has no rule on it here.
    A reference that could not be measured stays undecided: those of other regions say nothing of
    this one's. A slice is refused on the pool only where that holds enough queries of it.
    """
    pooled = {decision.key: decision for decision in pool}
    settled = []
    for decision in own:
        other = pooled.get(decision.key)
        if (
            decision.outcome != "undecided"
            or decision.is_unmeasured
            or other is None
            or other.outcome == "undecided"
        ):
            settled.append(decision)
        else:
            own_queries = {"num_own_queries": decision.num_queries}
            settled.append(other.model_copy(update=own_queries))
    return settled


def verdict_of(decisions: Sequence[GateDecision]) -> GateVerdict:
    """Says what the rules come to: one that failed refuses, one undecided leaves undecided."""
    outcomes = {decision.outcome for decision in decisions if not decision.is_warning}
    if "failed" in outcomes:
        return "refused"
    return "undecided" if "undecided" in outcomes else "passed"


def holding(decisions: Sequence[GateDecision]) -> tuple[GateDecision, ...]:
    """Returns the rules behind a verdict: those that failed, or else those undecided."""
    wanted = "failed" if verdict_of(decisions) == "refused" else "undecided"
    return tuple(rule for rule in decisions if rule.outcome == wanted and not rule.is_warning)
