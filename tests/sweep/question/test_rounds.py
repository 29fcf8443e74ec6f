"""What comes next follows from the question and the rounds so far."""

from nnexp.sweep.question.rounds import Round, next_round
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
