"""What comes next follows from the question and the rounds so far."""

from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.rounds import Round, grown, next_round, so_far
from nnexp.sweep.question.seeds import UntilDecided
from tests.sweep.samples import plan


def test_the_first_round_of_a_grid_is_all_of_it() -> None:
    made = plan({"learning_rate": [0.1, 0.5]}, seeds=range(2))
    first = next_round(made, [])
    assert first is not None
    assert [key.run_id for key in first.runs] == [run.run_id for run in made.runs]
    assert next_round(made, [first]) is None
    assert next_round(made, []) == first


def test_a_round_has_only_what_no_round_has() -> None:
    small, large = (plan({"learning_rate": [0.1, 0.5]}, seeds=range(n)) for n in (2, 3))
    first = next_round(small, [])
    assert first is not None
    second = next_round(large, [first])
    assert second is not None
    assert (second.number, [(key.point, key.seed) for key in second.runs]) == (2, [(0, 2), (1, 2)])
    assert next_round(large, [first, second]) is None
    assert next_round(small, [first, second]) is None


def test_where_rounds_were_lost_what_is_missing_comes_next() -> None:
    made = plan({"learning_rate": [0.1, 0.5]}, seeds=range(2))
    whole = next_round(made, [])
    assert whole is not None
    part = Round(1, "grid", whole.runs[:1])
    rest = next_round(made, [part])
    assert rest is not None
    assert (rest.number, rest.runs) == (2, whole.runs[1:])


def until(first: int, most: int, points: int = 3) -> Plan:
    return plan({"learning_rate": [0.1 * (k + 1) for k in range(points)]}, seeds=UntilDecided(first, most))


def seeds_of(made: Plan | None) -> list[int]:
    """How many seeds each point has, and that they are the first ones."""
    assert made is not None
    for runs in made.runs_by_point:
        assert [run.seed for run in runs] == list(range(len(runs)))
    return [len(runs) for runs in made.runs_by_point]


def test_seeds_until_decided_begin_at_every_point_and_go_on_where_something_is_undecided() -> None:
    whole = until(5, 12)
    first = so_far(whole, [])
    assert seeds_of(first) == [5, 5, 5]
    second = grown(whole, first, {0, 2})
    assert seeds_of(second) == [7, 5, 7]
    assert second is not None
    assert (second.seeds, second.shape) == (tuple(range(7)), "3 points, 5 to 7 seeds each")
    assert set(second.runs) <= set(whole.runs)
    third = grown(whole, second, {2})
    assert third is not None
    assert seeds_of(third) == [7, 5, 10]
    assert seeds_of(grown(whole, third, {2})) == [7, 5, 12]
    assert seeds_of(grown(whole, third, {0, 2})) == [10, 5, 10]  # who lacks seeds catches up first


def test_no_round_comes_where_all_is_decided_or_the_seeds_are_used_up() -> None:
    whole = until(5, 7)
    now = so_far(whole, [])
    assert grown(whole, now, set()) is None
    last = grown(whole, now, {1})
    assert last is not None
    assert grown(whole, last, {1}) is None
    grid = plan({"learning_rate": [0.1, 0.5]})
    assert grown(grid, grid, {0}) is None


def test_a_plan_so_far_is_what_its_rounds_have_within_the_rule() -> None:
    whole = until(5, 12)
    rounds: list[Round] = []
    now = so_far(whole, rounds)
    for undecided in ({0, 1}, {1}):
        added = next_round(now, rounds)
        assert added is not None
        assert added.rule == "until decided"
        rounds.append(added)
        assert so_far(whole, rounds) == now
        now = grown(whole, now, undecided) or now
    assert [len(each.runs) for each in rounds] == [15, 4]
    end = [*rounds, Round(3, "until decided", ())]
    assert so_far(whole, end) == so_far(whole, rounds)
    assert seeds_of(so_far(until(5, 6), rounds)) == [6, 6, 5]  # fewer are asked for now
    assert seeds_of(so_far(until(6, 40), rounds)) == [7, 7, 6]
