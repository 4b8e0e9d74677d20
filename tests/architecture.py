"""The rules of the house, checked with the standard library alone: arrows, doors, budgets.

Every rule is a function over the modules of a source tree; it returns what is wrong, a line
each. `test_architecture.py` applies them to the project, and tests the rules themselves.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

FOLDERS = ("benchmarks", "cairn", "consumer", "engine", "exporters", "producer", "state", "tests")

ARROWS = {
    "engine": {"engine"},
    "engine.vision": {"engine", "engine.vision"},
    "engine.index": {"engine", "engine.index"},
    "engine.jobs": {"engine", "engine.index", "engine.jobs", "engine.vision"},
    "state": {"engine", "state"},
    "consumer": {"consumer", "engine", "state"},
    "producer": {"engine", "producer"},
    "exporters": {"engine", "engine.index", "engine.jobs", "exporters"},
    "cairn": {
        *("cairn", "consumer", "engine", "exporters", "producer", "state"),
        *("engine.index", "engine.jobs", "engine.vision"),
    },
}
"""What a room may import of ours. Tests and benchmarks are outside and see everything."""

KAFKA = (
    *(
        "consumer/assignment.py",
        "consumer/connection.py",
        "consumer/dead_letters.py",
        "consumer/kafka.py",
    ),
    *("consumer/lag.py", "consumer/originals.py", "consumer/restore.py"),
    *("consumer/tail.py", "consumer/topics.py", "consumer/transaction.py"),
    "consumer/unreadable.py",
    "producer/publish.py",
)
DOORS = {
    "alembic": ("exporters/view/*",),
    "anyio": ("consumer/fetch.py",),
    "fastapi": ("exporters/api/*",),
    "ftfy": ("engine/vision/clip_text.py",),
    "hnswlib": ("engine/index/graph.py",),
    "httpx": ("consumer/allow.py", "consumer/fetch_http.py"),
    "kafka": KAFKA,
    "onnx": ("engine/jobs/export_*.py",),
    "onnxruntime": ("engine/vision/session.py", "engine/jobs/export_small.py"),
    "open_clip": ("engine/jobs/export_clip.py",),
    "prometheus_client": ("exporters/*",),
    "pyarrow": ("exporters/parquet.py",),
    "pydantic": (
        *("cairn/*", "engine/vision/card.py", "engine/vision/clip_text.py", "exporters/api/*"),
    ),
    "pydantic_core": ("cairn/*",),
    "rich": ("cairn/*",),
    "river": ("engine/calibration.py", "engine/jobs/river_clusterer.py"),
    "sklearn": ("engine/jobs/evaluate.py", "engine/jobs/identify.py"),
    "sqlalchemy": ("exporters/view/*",),
    "sqlite3": ("state/*",),
    "starlette": ("exporters/api/*", "exporters/page/*"),
    "timm": ("engine/jobs/export_timm.py",),
    "tokenizers": ("engine/jobs/export_tokenizer.py", "engine/vision/clip_text.py"),
    "torch": ("engine/jobs/export_*.py", "engine/jobs/train_*.py"),
    "typer": ("cairn/*",),
    "ultralytics": ("engine/jobs/export_yolo.py",),
    "uvicorn": ("cairn/serving.py",),
}
"""The only files that may import a library."""

WORLD = frozenset(
    (
        *("asyncio", "fcntl", "ftplib", "getpass", "http", "logging", "multiprocessing", "os"),
        *("pathlib", "platform", "random", "secrets", "select", "shutil", "signal", "smtplib"),
        *("socket", "socketserver", "sqlite3", "ssl", "subprocess", "sys", "tempfile"),
        *("threading", "time", "urllib.request", "uuid"),
    )
)
"""Clock, chance, disk, network, environment: nothing for the core."""
WORLDLY = {
    "engine/vision/batcher.py": {"threading"},
    "engine/vision/card.py": {"pathlib"},
    "engine/vision/clip_text.py": {"pathlib"},
    "engine/vision/face_detector.py": {"pathlib"},
    "engine/vision/onnx_encoder.py": {"pathlib"},
    "engine/vision/session.py": {"pathlib"},
    "engine/vision/upscale.py": {"pathlib"},
    "engine/vision/yolo.py": {"pathlib"},
    "engine/vision/xfeat.py": {"pathlib"},
}
"""Model files are read here, and runs of models from many threads meet."""
LIBRARIES = {"engine": {"numpy", "orjson", "river"}, "engine.index": {"hnswlib", "numpy"}}
"""Third-party libraries of the pure rooms."""
READINGS = frozenset({"now", "today", "utcnow"})
EFFECTS = frozenset({"input", "open", "print"})

BOUNDARIES = ("cairn/charting.py", "consumer/transaction.py")
"""Where everything may be caught: three places at most.

A transaction's failures are raised again elsewhere. A map's are logged: it is only looked at, and
what others' numerics make of some vectors must not end the worker that it is drawn beside.
"""

FILE_LINES, FUNCTION_LINES = 300, 50


@dataclass(frozen=True)
class Module:
    name: str
    path: str
    lines: int
    tree: ast.Module

    @property
    def room(self) -> str:
        return target(self.name) or top(self.name)

    @property
    def pure(self) -> bool:
        return self.room in ("engine", "engine.index", "engine.vision")

    def imports(self) -> Iterator[tuple[int, str]]:
        """Line and dotted name of everything imported, `from a import b` as `a.b`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = self._absolute(node)
                yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = self.name.split(".")[: None if self.path.endswith("__init__.py") else -1]
        above = package[: len(package) - node.level + 1]
        return ".".join([*above, *filter(None, [node.module])])

    def says(self, line: int, text: str) -> str:
        return f"{self.path}:{line}: {text}"


Rule = Callable[[Sequence[Module]], list[str]]


def read(root: Path) -> list[Module]:
    paths = sorted(path for folder in FOLDERS for path in (root / folder).rglob("*.py"))
    return [parse(root, path) for path in paths]


def parse(root: Path, path: Path) -> Module:
    relative = path.relative_to(root)
    parts = relative.with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    text = path.read_text(encoding="utf-8")
    return Module(name, relative.as_posix(), len(text.splitlines()), ast.parse(text))


def top(name: str) -> str:
    return name.partition(".")[0]


def inner(name: str) -> str:
    return ".".join(name.split(".")[:2])


def target(name: str) -> str:
    """Room of an imported name of ours, empty for other people's."""
    return next((room for room in (inner(name), top(name)) if room in ARROWS), "")


def within(name: str, names: frozenset[str] | set[str]) -> bool:
    return any(name == other or name.startswith(f"{other}.") for other in names)


def arrows(modules: Sequence[Module]) -> list[str]:
    return [
        module.says(line, f"{module.room} may not import {name}")
        for module in modules
        for line, name in module.imports()
        if module.room in ARROWS and target(name) and target(name) not in ARROWS[module.room]
    ]


def doors(modules: Sequence[Module]) -> list[str]:
    return [
        module.says(line, f"{library} may be imported only in {', '.join(allowed)}")
        for module in modules
        for line, name in module.imports()
        for library, allowed in DOORS.items()
        if module.room in ARROWS
        and within(name, {library})
        and not any(fnmatch(module.path, pattern) for pattern in allowed)
    ]


def purity(modules: Sequence[Module]) -> list[str]:
    return [
        module.says(line, f"the core may not use {what}")
        for module in modules
        if module.pure
        for line, what in (*worldly_imports(module), *worldly_calls(module))
    ]


def worldly_imports(module: Module) -> Iterator[tuple[int, str]]:
    forbidden = WORLD - WORLDLY.get(module.path, set())
    for line, name in module.imports():
        foreign = top(name) not in sys.stdlib_module_names and not target(name)
        allowed = LIBRARIES.get(module.room, {top(name)})
        if within(name, forbidden) or (foreign and top(name) not in allowed):
            yield line, name


def worldly_calls(module: Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module.tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in EFFECTS:
                yield node.lineno, f"{name}()"
            case ast.Call(func=ast.Attribute(attr=name)) if name in READINGS:
                yield node.lineno, f"{name}()"
            case ast.Call(func=ast.Attribute(attr="default_rng"), args=[], keywords=[]):
                yield node.lineno, "an unseeded generator"


def cycles(modules: Sequence[Module]) -> list[str]:
    edges = graph(modules)
    while loose := {
        n for n, to in edges.items() if not to or not any(n in t for t in edges.values())
    }:
        edges = {name: to - loose for name, to in edges.items() if name not in loose}
    return [f"imports in a circle: {', '.join(sorted(edges))}"] if edges else []


def graph(modules: Sequence[Module]) -> dict[str, set[str]]:
    names = {module.name for module in modules}
    edges: dict[str, set[str]] = {name: set() for name in names}
    for module in modules:
        for _, name in module.imports():
            imported = name if name in names else name.rpartition(".")[0]
            if imported in names and imported != module.name:
                edges[module.name].add(imported)
    return edges


def budgets(modules: Sequence[Module]) -> list[str]:
    long = [m.says(1, f"{m.lines} lines") for m in modules if m.lines > FILE_LINES]
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES:
                    long.append(module.says(node.lineno, f"{node.name} has {length} lines"))
    return long


def patched(modules: Sequence[Module]) -> list[str]:
    mocks = {"mock", "pytest_mock", "unittest.mock"}
    found = [
        m.says(at, f"imports {n}") for m in modules for at, n in m.imports() if within(n, mocks)
    ]
    for module in modules:
        for node in ast.walk(module.tree):
            match node:
                case ast.Attribute(value=ast.Name(id="monkeypatch"), attr="setattr" | "delattr"):
                    found.append(module.says(node.lineno, "patches what it tests"))
    return found


def swallowed(modules: Sequence[Module]) -> list[str]:
    return [
        module.says(node.lineno, "catches everything")
        for module in modules
        if module.path not in BOUNDARIES
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and catches_all(node) and not raises_again(node)
    ]


def catches_all(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {kind.id for kind in kinds if isinstance(kind, ast.Name)}
    return handler.type is None or bool(names & {"BaseException", "Exception"})


def raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


RULES: tuple[Rule, ...] = (arrows, doors, purity, cycles, budgets, patched, swallowed)
