"""The formulas that a run's result rests on, found by reading the code: a static walk over names.

The walk starts at ROOTS, and where the run's engine begins. It enters every function, class and constant that
is named on the way, inside `nnexp/nn`, `nnexp/data/split.py` and `nnexp/data/augment.py`. Of a table such as
ACTIVATIONS it enters the entry that the run's hyperparameter chooses. What it enters counts by its text
(`syntax`), which is the same on every version of Python. A definition may move from one of these modules to
another.

Standard library alone: the walk reads the files and imports none of them.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from nnexp.sweep.question.syntax import Definition, Module

ROOTS = (
    "nn.hyperparameters:Hyperparameters.keeps_best",
    "nn.hyperparameters:Hyperparameters.layer_sizes",
    "data.loading:load",
    "data.loading:augmenter",
)
ENGINES = {
    "numpy": ("nn.training:train", "nn.stack:TrainingStack"),
    "jax": ("nn.compiled.training:train",),
}
SOURCES = ("nn", "nn/compiled", "data")  # the folders of all modules that count
# Module -> a file of another language that it uses, which counts by its text, with the module.
BESIDE = {"nn.compiled.on_chip": "on_chip.cu"}
# Table -> the settings that choose its entry.
TABLES: dict[str, tuple[str, ...]] = {
    "ACTIVATIONS": ("activation",),
    "OUTPUTS": ("output", "cost"),
    "CURVATURES": ("activation",),
    "OUTPUT_CHANGES": ("output", "cost"),
    "INITIALIZERS": ("initializer",),
    "BIAS_INITIALIZERS": ("bias_initializer",),
    "OPTIMIZERS": ("optimizer",),
    "SCHEDULES": ("schedule",),
    "DATASETS": ("data",),
    "EXPANSIONS": ("expand",),
    "DISTORTIONS": ("augment",),
}
# Module, or a name in one -> the setting without which no run uses it.
OPTIONAL = {
    "nn.dropout:Dropout": "dropout",
    "nn.dropout:InputDropout": "input_dropout",
    "nn.max_norm": "max_norm",
    "nn.monitors": "monitor",
    "nn.compiled.monitors": "monitor",
    "nn.optimizers:momentum_step": "momentum",
    "nn.optimizers:sgd_with_l1": "lambda_l1",
    "nn.schedules:momentum_ramp": "momentum_ramp_epochs",
    "data.augment": "augment",
    "data.split:add_shifts": "expand",
    "data.split:keep_classes": "classes",
}
# Modules of `nn` that the walk does not enter, and why: no formulas.
NO_FORMULAS = {
    "nn": "names the public parts",
    "nn.compiled": "names the public parts",
    "nn.compiled.device": "which device there is; it stands in every record",
    "nn.compiled.states": "takes out and puts back what training computes",
    "nn.answer": "what a caller asks for after an epoch",
    "nn.validation": "checks what a caller gives",
    "nn.checks": "checks values",
    "nn.hyperparameters": "declares values; they stand in the identity themselves",
    "nn.engines": "chooses the engine; its name stands in the identity",
    "nn.kernels": "which BLAS is loaded; it stands in every record",
    "nn.knobs": "what is said of them, and their rules",
    "nn.model": "the use of trained networks",
    "nn.plain": "the book's loop, to be read; no run is trained with it",
    "nn.result": "names what training hands back",
    "nn.sizes": "how much goes through memory at once; no bit depends on it",
    "nn.turns": "which runs train together; no bit depends on it",
    "nn.state": "takes out and puts back what training computes",
}
# Other modules of `data` read files: the walk passes through them, and they do not count.
FORMULA_MODULES = ("nn.", "data.split", "data.augment")


class Formulas:
    """The code of one package folder, as its files are now."""

    def __init__(self, package: Path) -> None:
        self.package = package
        self._modules: dict[str, Module] = {}
        self._digests: dict[object, str] = {}

    def digest(self, settings: Mapping[str, Any]) -> str:
        """64 hex digits over all that a run with these settings uses."""
        choices = tuple(settings[name] for names in TABLES.values() for name in names)
        used = tuple(_uses(settings[name]) for name in OPTIONAL.values())
        key = settings["engine"], choices, used
        if key not in self._digests:
            self._digests[key] = sha256_of(self.texts(settings).values())
        return self._digests[key]

    def texts(self, settings: Mapping[str, Any]) -> dict[str, str]:
        """Place (`nn.costs:error`, `nn.costs:OUTPUTS['sigmoid', 'quadratic']`) -> text, of what counts."""
        texts: dict[str, str] = {}
        seen: set[str] = set()
        waiting = [*ENGINES[settings["engine"]], *ROOTS]
        while waiting:
            place = waiting.pop()
            if place in seen:
                continue
            seen.add(place)
            name, _, attribute = place.partition(":")
            where, definition = self._definition(name, attribute, settings)
            if name.startswith(FORMULA_MODULES):
                texts[where] = definition.text
            if name in BESIDE:
                texts[BESIDE[name]] = self._text_beside(name)
            waiting += self._places_from(name, definition.names, settings)
        return texts

    @cached_property
    def all_digest(self) -> str:
        """64 hex digits over every definition in the modules that count, whoever uses it."""
        return sha256_of(text for texts in self._by_file.values() for text in texts)

    @cached_property
    def digests(self) -> dict[str, str]:
        """The same of each module that counts, by its file: `nn/costs.py`."""
        return {file: sha256_of(texts) for file, texts in self._by_file.items()}

    @cached_property
    def _by_file(self) -> dict[str, list[str]]:
        """The definitions of each module that counts."""
        files = [file for folder in SOURCES for file in sorted((self.package / folder).glob("*.py"))]
        found = dict[str, list[str]]()
        for place in (file.relative_to(self.package) for file in files):
            if (name := ".".join(place.with_suffix("").parts)).startswith(FORMULA_MODULES):
                module = self.module(name)
                texts = [module.definition(statement).text for statement in module.statements]
                found[place.as_posix()] = texts + ([self._text_beside(name)] if name in BESIDE else [])
        return found

    def _text_beside(self, module: str) -> str:
        return self.package.joinpath(*module.split(".")).with_name(BESIDE[module]).read_text(encoding="utf-8")

    def module(self, name: str) -> Module:
        """A module of the package by its dotted name: `nn.costs`, or `nn` for `nn/__init__.py`."""
        if name not in self._modules:
            path = self.package.joinpath(*name.split("."))
            self._modules[name] = Module(path / "__init__.py" if path.is_dir() else path.with_suffix(".py"))
        return self._modules[name]

    def _definition(self, module: str, name: str, settings: Mapping[str, Any]) -> tuple[str, Definition]:
        if name in TABLES:
            values = tuple(settings[setting] for setting in TABLES[name])
            key = values[0] if len(values) == 1 else values
            return f"{module}:{name}[{key!r}]", self.module(module).entry(name, key)
        return f"{module}:{name}", self.module(module).definition(name)

    def _places_from(self, module: str, names: Iterable[str], settings: Mapping[str, Any]) -> Iterator[str]:
        """The places that the names lead to, out of a module, where the walk goes on."""
        for name in names:
            place = self._place_of(module, name)
            home = place and place.partition(":")[0]
            if not place or home in NO_FORMULAS:
                continue
            if all(_uses(settings[OPTIONAL[part]]) for part in (home, place) if part in OPTIONAL):
                yield place

    def _place_of(self, module: str, name: str) -> str | None:
        """Where a name is defined that a module uses; None: outside of the package, or a builtin."""
        here = self.module(module)
        first, _, rest = name.partition(".")
        if first in here.imported:
            source, attribute = here.imported[first]
            if attribute is None:  # a module: what of it is used?
                return self._place_of(source, rest.partition(".")[0]) if rest else None
            if not self._is_module(f"{source}.{attribute}"):
                return self._place_of(source, attribute)
            return self._place_of(f"{source}.{attribute}", rest.partition(".")[0]) if rest else None
        return f"{module}:{first}" if first in here.statements else None

    def _is_module(self, name: str) -> bool:
        path = self.package.joinpath(*name.split("."))
        return path.with_suffix(".py").is_file() or path.is_dir()


def sha256_of(texts: Iterable[str]) -> str:
    """A digest of texts, whatever their order."""
    digests = sorted(hashlib.sha256(text.encode()).hexdigest() for text in texts)
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()


def _uses(value: Any) -> bool:
    """Whether a setting in OPTIONAL takes what it stands for: not if it is 0, null, empty or `none`."""
    return bool(value) and value != "none"
