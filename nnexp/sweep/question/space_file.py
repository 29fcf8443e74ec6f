"""What a sweep file says of a space of settings, under `sweep.nuisance` or `sweep.search`.

    learning_rate: {low: 0.01, high: 10, scale: log}      # a range, linear without a scale
    activation: [sigmoid, tanh, relu]                     # a list to choose from
    momentum: {low: 0, high: 0.99, when: {optimizer: [sgd, nesterov]}}   # else as the base configuration says
    learning_rate:                                        # another range at each value of an axis
      by: optimizer
      sgd: {low: 0.01, high: 10, scale: log}
      adam: {low: 0.0001, high: 0.1, scale: log}

`by` and `when` name an axis of the sweep, or a hyperparameter of the space that stands before.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from nnexp.data import DataSpec
from nnexp.errors import UserError, unknown
from nnexp.nn.knobs import KNOBS
from nnexp.sweep.question.points import AXES, comparable
from nnexp.sweep.question.ranges import REAL, WHOLE, ends
from nnexp.sweep.question.space import Choices, Dimension, Domain, Range, Space, text_of

KEYS = ("low", "high", "scale", "when", "by")


def space_of(
    key: str, given: Mapping[str, Any], axes: Mapping[str, Sequence[Any]], beside: Sequence[str] = ()
) -> Space:
    """The space that the sweep file gives under `key`; `axes`: the axes of the sweep with their values;
    `beside`: what else may stand there, which a name that is none of both may mean.

    Raises:
        UserError: a name is no hyperparameter or an axis, or a range cannot be used.
    """
    space: list[Dimension] = []
    for name, raw in given.items():
        if name == "seed" or name in axes:
            raise UserError(f"{key}.{name} must not be an axis: {_why_no_axis(name)}")
        if name.startswith("seed_"):
            raise UserError(
                f"{key}.{name}: {name} is no setting to choose, for the luckiest seed tells nothing"
            )
        if name not in AXES:
            raise unknown(f"hyperparameter in {key}", name, (*beside, *AXES))
        known = {axis: list(values) for axis, values in axes.items()} | {d.name: _listed(d) for d in space}
        space.append(_dimension(f"{key}.{name}", name, raw, known))
    return tuple(space)


def _listed(dimension: Dimension) -> list[Any]:
    """The values that a hyperparameter may be drawn from a list; of a range none."""
    domains = [domain for _, domain in dimension.domains if isinstance(domain, Choices)]
    return [value for domain in domains for value in domain.values]


def _why_no_axis(name: str) -> str:
    if name == "seed":
        return "every setting gets the same seeds"
    return "an axis has the values that are compared, and what is tuned has a range"


def _dimension(key: str, name: str, raw: Any, known: Mapping[str, Sequence[Any]]) -> Dimension:
    """`known`: the axes, and the hyperparameters of the space that stand before, with their values."""
    if not isinstance(raw, Mapping):
        return Dimension(name, ((None, _choices(key, name, raw)),))
    when = _conditions(f"{key}.when", raw.get("when"), known)
    if "by" not in raw:
        return Dimension(name, ((None, _range(key, name, raw)),), when=when)
    by = raw["by"]
    parts = {value: part for value, part in raw.items() if value not in ("by", "when")}
    for value in _values_of(f"{key}.by", by, known):
        if text_of(value) not in map(text_of, parts):
            raise UserError(f"{key} must have a range for each value of {by}, got none for {value}")
    for value in parts:
        _check_value(key, by, value, known)
    domains = ((value, _domain(f"{key}.{value}", name, part)) for value, part in parts.items())
    return Dimension(name, tuple(domains), by, when)


def _domain(key: str, name: str, raw: Any) -> Domain:
    return _range(key, name, raw) if isinstance(raw, Mapping) else _choices(key, name, raw)


def _range(key: str, name: str, raw: Mapping[str, Any]) -> Range:
    if name not in WHOLE | REAL:
        raise UserError(f"{key} must be a list to choose from, for {name} is no number, got {dict(raw)}")
    for word in raw:
        if word not in KEYS:
            raise unknown(f"key in {key}:", str(word), KEYS)
    if not {"low", "high"} <= raw.keys():
        raise UserError(f"{key} must be a list or a range {{low, high, scale}}, got {dict(raw)}")
    low, high, log = ends(key, name, raw)
    for end, value in (("low", low), ("high", high)):
        _check_setting(f"{key}.{end}", name, value)
    return Range(low, high, log, name in WHOLE)


def _choices(key: str, name: str, raw: Any) -> Choices:
    if isinstance(raw, str) or not isinstance(raw, Sequence) or len(raw) < 2:
        raise UserError(
            f"{key} must be a range {{low, high, scale}} or a list of two values or more, got {raw!r}"
        )
    values = tuple(raw)
    if len({str(comparable(value)) for value in values}) < len(values):
        raise UserError(f"{key} must list different values, got {list(values)}")
    for value in values:
        _check_setting(key, name, value)
    return Choices(values)


def _check_setting(key: str, name: str, value: Any) -> None:
    """Raise `UserError` for a value that the setting `name` never has: it might be drawn when others have
    been trained."""
    try:
        if name in KNOBS:
            KNOBS[name].check(name, value)
        else:
            DataSpec(**{"name" if name == "data" else name: value})
    except UserError as error:
        raise UserError(f"{key}: {error}") from None


def _conditions(key: str, raw: Any, known: Mapping[str, Sequence[Any]]) -> dict[str, tuple[Any, ...]]:
    if raw is None:
        return {}
    if not isinstance(raw, Mapping) or not raw:
        raise UserError(f"{key} must give values of other settings, as in {{optimizer: [sgd]}}, got {raw!r}")
    conditions = {name: tuple(v) if isinstance(v, list | tuple) else (v,) for name, v in raw.items()}
    for name, values in conditions.items():
        for value in values:
            _check_value(key, name, value, known)
    return conditions


def _values_of(key: str, name: Any, known: Mapping[str, Sequence[Any]]) -> Sequence[Any]:
    """The values of what a range depends on: an axis, or a hyperparameter with a list."""
    if name not in known:
        raise unknown(f"setting in {key}", str(name), known)
    if not known[name]:
        raise UserError(f"{key} must name an axis or a hyperparameter with a list, and {name} has a range")
    return known[name]


def _check_value(key: str, name: Any, value: Any, known: Mapping[str, Sequence[Any]]) -> None:
    values = _values_of(key, name, known)
    if text_of(value) not in map(text_of, values):
        raise unknown(f"value of {name} in {key}:", str(value), map(str, values))
