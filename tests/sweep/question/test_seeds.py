"""The rule for seeds: a number, a list, or more of them until something is decided."""

from typing import Any

import pytest

from nnexp.errors import UserError
from nnexp.sweep.question.points import Question
from nnexp.sweep.question.seeds import UntilDecided, as_written, seed_rule
from tests.sweep.question.test_plan import planned
from tests.sweep.samples import plan

UNTIL = {"from": 5, "to": 40, "until": "decided"}


def test_a_rule_comes_back_as_it_is_written() -> None:
    assert list(seed_rule(3, 7)) == [0, 1, 2]
    assert list(seed_rule(None, 7)) == [7]
    for raw in ([4, 1], UNTIL):
        assert as_written(seed_rule(raw, 0)) == raw


def test_a_round_brings_a_third_more() -> None:
    rule, seeds = UntilDecided(5, 40), [0]
    while (more := rule.after(seeds[-1])) > seeds[-1]:
        seeds.append(more)
    assert seeds == [0, 5, 7, 10, 14, 19, 26, 35, 40]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"from": 5, "until": "decided"}, r"must have to, as in \{from: 5, to: 40, until: decided\}"),
        ({"to": None, "until": "decided"}, "must have from and to, as in"),
        ({"from": 5, "to": 40}, "must have until, as in"),
        ({**UNTIL, "untill": 1}, r"unknown key in sweep\.seeds: 'untill'; did you mean 'until'\?"),
        ({**UNTIL, "to": 4}, r"sweep\.seeds\.to must be >= sweep\.seeds\.from=5, got 4"),
        ({**UNTIL, "until": "bored"}, r"sweep\.seeds\.until must be decided, got 'bored'"),
        ({**UNTIL, "from": 5.0}, r"sweep\.seeds\.from must be a number of seeds >= 1, got 5\.0"),
        ({**UNTIL, "to": True}, r"sweep\.seeds\.to must be a number of seeds >= 1, got True"),
        ("many", r"must be a number of seeds >= 1, a list of them, or \{from"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(raw: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        seed_rule(raw, 0)


def test_two_rules_are_two_sweeps_and_more_seeds_of_one_the_same() -> None:
    def sweep_id(seeds: Any) -> str:
        return planned(Question("sample", "", {"momentum": [0.0, 0.5]}, seeds)).sweep_id

    assert sweep_id(UntilDecided(5, 40)) == sweep_id(UntilDecided(6, 60))
    assert len({sweep_id(seeds) for seeds in (range(5), [7], UntilDecided(5, 40))}) == 3


def test_a_plan_until_decided_has_every_run_that_may_come() -> None:
    axes = {"momentum": [0.0, 0.5]}
    whole = planned(Question("sample", "", axes, UntilDecided(5, 9)))
    fixed = planned(Question("sample", "", axes, range(9)))
    assert whole.runs == fixed.runs
    assert (whole.until, fixed.until) == (UntilDecided(5, 9), None)


def test_where_time_is_measured_seeds_are_fixed() -> None:
    with pytest.raises(UserError, match="takes a fixed number of seeds, such as"):
        planned(Question("sample", "", {}, UntilDecided(5, 9), timing=True))


def test_seeds_of_streams_as_an_axis_are_fixed_too() -> None:
    with pytest.raises(UserError, match="seed_weights as an axis takes a fixed number of seeds, such as"):
        planned(Question("sample", "", {"seed_weights": [0, 1]}, UntilDecided(5, 9)))


def test_a_plan_of_too_many_runs_is_refused_by_the_most_it_may_come_to() -> None:
    with pytest.raises(UserError, match=r"at most 100000 runs, got 200000 \(2 points x 100000 seeds\)"):
        planned(Question("sample", "", {"momentum": [0.0, 0.5]}, UntilDecided(5, 100_000)))


def test_a_plan_says_its_shape() -> None:
    assert plan({"momentum": [0.0, 0.5]}, seeds=[3]).shape == "2 points x 1 seed"
