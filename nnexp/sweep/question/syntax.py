"""Python files as text that is the same on every version of Python, without what computes nothing.

Left out are docstrings, annotations, assertions, `pass`, the message of a `raise`, an `if` that does nothing
but raise, and a call of a function named `check_...` whose value is not used. Standard library alone.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PARTS = ("nnexp.nn", "nnexp.data")  # where formulas are
UNSEEN = ("ctx", "kind", "type_comment")  # fields that follow from others, or are comments
CHECKS = ("check_", "_check_")

Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class Definition(NamedTuple):
    """A definition, or one entry of a table: its text, and the names that it takes from the module."""

    text: str
    names: frozenset[str]  # `np.exp` beside `np`, so that what is used of a module is known


class Module:
    """One file. `statements`: name -> what defines it at the top level; `imported`: name -> (module, name),
    of modules where formulas are, without the package's name; None for the name where it is a module."""

    def __init__(self, file: Path) -> None:
        self.statements: dict[str, list[ast.stmt]] = {}
        self.imported: dict[str, tuple[str, str | None]] = {}
        self.foreign: dict[str, str] = {}  # names that are imported from elsewhere, and from where
        self._definitions: dict[str, Definition] = {}
        tree = Bare().visit(ast.parse(file.read_text(encoding="utf-8")))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._import(node)
        for statement in tree.body:
            for name in _defined(statement, file):
                self.statements.setdefault(name, []).append(statement)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        source = (node.module or "") if isinstance(node, ast.ImportFrom) else None
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            home = alias.name if source is None else source
            if home.startswith(PARTS):
                self.imported[name] = (home.partition(".")[2], None if source is None else alias.name)
            else:
                self.foreign[name] = ".".join(filter(None, (source, alias.name)))

    def definition(self, name: str) -> Definition:
        """What `name` means: a top-level name, or a member of a class, `Hyperparameters.keeps_best`."""
        first, _, member = name.partition(".")
        nodes: list[ast.stmt] = self.statements[first]
        if member:
            members = [node for owner in nodes for node in getattr(owner, "body", [])]
            nodes = [node for node in members if getattr(node, "name", None) == member]
        return self._definition_of(name, nodes)

    def entry(self, table: str, key: object) -> Definition:
        """One entry of a table, which must be a dict whose keys are literals.

        Raises:
            KeyError: it has no such key.
        """
        (statement,) = self.statements[table]
        value = getattr(statement, "value", None)
        if not isinstance(value, ast.Dict) or None in value.keys:
            raise SyntaxError(f"{table} must be a plain dict")
        entries = {ast.literal_eval(k): v for k, v in zip(value.keys, value.values, strict=True) if k}
        return self._definition_of(f"{table}[{key!r}]", [entries[key]])

    def _definition_of(self, name: str, nodes: list[ast.stmt] | list[ast.expr]) -> Definition:
        """Each is read once, however many runs use it."""
        if name not in self._definitions:
            self._definitions[name] = self._read(name, nodes)
        return self._definitions[name]

    def _read(self, name: str, nodes: list[ast.stmt] | list[ast.expr]) -> Definition:
        names = frozenset(name for node in nodes for name in names_of(node, frozenset()))
        foreign = [f"{name} is {self.foreign[name]}" for name in sorted(names) if name in self.foreign]
        renamed = [
            f"{name} is {self.imported[name][1]}"
            for name in sorted(names)
            if name in self.imported and self.imported[name][1] not in (None, name)
        ]
        return Definition("\n".join([name, *map(text_of, nodes), *foreign, *renamed]), names)


def _defined(statement: ast.stmt, file: Path) -> list[str]:
    """The names that a top-level statement defines."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return []
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        return [n.id for target in statement.targets for n in ast.walk(target) if isinstance(n, ast.Name)]
    raise SyntaxError(f"{file}:{statement.lineno}: only definitions may stand at the top of a module")


def text_of(value: object) -> str:
    """A syntax tree as text, field by field, without empty fields."""
    if isinstance(value, ast.Constant):
        return f"{type(value.value).__name__} {value.value!r}"
    if isinstance(value, ast.AST):
        fields = {name: field for name, field in ast.iter_fields(value) if name not in UNSEEN}
        parts = (f"{name}={text_of(field)}" for name, field in fields.items() if field not in (None, []))
        return f"{type(value).__name__}({', '.join(parts)})"
    if isinstance(value, list):
        return f"[{', '.join(map(text_of, value))}]"
    return repr(value)


def names_of(node: ast.AST, bound: frozenset[str]) -> Iterator[str]:
    """The names that a syntax tree uses and does not bind itself; `bound`: those bound around it."""
    if isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load) and node.id not in bound:
            yield node.id
        return
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id not in bound:
        yield f"{node.value.id}.{node.attr}"
    if isinstance(node, Scope):
        inside = node.body if isinstance(node.body, list) else [node.body]
        within = bound | _bound_in(node)
        outside = [node.args, *getattr(node, "decorator_list", [])]
        yield from (name for child in outside for name in names_of(child, bound))
        yield from (name for child in inside for name in names_of(child, within))
        return
    if isinstance(node, Comprehension):
        targets = [n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)]
        bound = bound | frozenset(targets)
    for child in ast.iter_child_nodes(node):
        yield from names_of(child, bound)


def _bound_in(scope: Scope) -> frozenset[str]:
    """Arguments, and names that are assigned in a function, but not those of comprehensions within."""
    a = scope.args
    names = {arg.arg for arg in (*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg) if arg}
    waiting: list[ast.AST] = list(scope.body) if isinstance(scope.body, list) else [scope.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.ExceptHandler):
            names |= {node.name} if node.name else set()
        if not isinstance(node, (Scope, Comprehension, ast.ClassDef)):
            waiting += ast.iter_child_nodes(node)
    return frozenset(names)


class Bare(ast.NodeTransformer):
    """Takes out of a syntax tree what computes nothing."""

    def visit_Expr(self, node: ast.Expr) -> ast.stmt | None:
        call = node.value.func if isinstance(node.value, ast.Call) else None
        name = getattr(call, "id", getattr(call, "attr", ""))
        return None if isinstance(node.value, ast.Constant) or name.startswith(CHECKS) else node

    def visit_Raise(self, node: ast.Raise) -> ast.stmt:
        node.exc = node.cause = None
        return node

    def visit_Assert(self, node: ast.Assert) -> None:
        return None

    def visit_Pass(self, node: ast.Pass) -> None:
        return None

    def visit_If(self, node: ast.If) -> ast.stmt | None:
        self.generic_visit(node)
        binds = any(isinstance(inner, ast.NamedExpr) for inner in ast.walk(node.test))
        guards = all(isinstance(inner, ast.Raise) for inner in node.body)
        return None if guards and not node.orelse and not binds else node

    def visit_For(self, node: ast.For) -> ast.stmt | None:
        self.generic_visit(node)
        return node if node.body or node.orelse else None

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt | None:
        self.generic_visit(node)
        if node.value is None:
            return ast.Expr(node.target) if isinstance(node.target, ast.Name) else None
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        self.generic_visit(node)
        return node
