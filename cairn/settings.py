"""Load the settings: defaults, then a TOML file, then the environment, then the command line.

Each layer is first made flat, a value and where it came from by path, so that a complaint can
always name the file or variable to correct.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from cairn.sections import Section, Settings
from engine.errors import Misconfigured

KeyPath: TypeAlias = tuple[str, ...]

PREFIX = "CAIRN_"
FREE = "profiles"
"""The one section whose keys are names that the operator chooses."""
_SECRETS = {"kafka": ("sasl_password", "ssl_password"), "serve": ("token",)}
"""Settings that may lie in a file instead, by section."""


@dataclass(frozen=True, slots=True)
class Given:
    """A value as it was given and the file, variable or command line it came from."""

    value: object
    source: str


Layer: TypeAlias = Mapping[KeyPath, Given]


def load(
    toml_path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, object]
) -> Settings:
    """Merge all layers into settings; later ones win.

    overrides: values by dotted path, `kafka.bootstrap`; None means "not given". Raises
    Misconfigured with one line that names the setting, its source and what is accepted.
    """
    layers: tuple[Layer, ...] = (
        {} if toml_path is None else _from_toml(toml_path),
        _from_environment(environ),
        _from_overrides(overrides),
    )
    given = {path: entry for layer in layers for path, entry in layer.items()}
    for path, entry in given.items():
        _check_known(path, entry.source)
    try:
        settings = Settings.model_validate(_nested(given))
    except ValidationError as error:
        # Not chained: the original prints its input, and a secret may be in there.
        raise Misconfigured("; ".join(_complaint(e, given) for e in error.errors())) from None
    return _with_secrets(settings)


def known() -> dict[KeyPath, FieldInfo]:
    """Every setting by its path, in the order of the tree."""
    return dict(_leaves(Settings, ()))


def variable(path: KeyPath) -> str:
    """Name of the environment variable of a setting: `CAIRN_KAFKA__BOOTSTRAP`."""
    return PREFIX + "__".join(path).upper()


def _leaves(section: type[Section], above: KeyPath) -> Iterator[tuple[KeyPath, FieldInfo]]:
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from _leaves(kind, (*above, name))
        else:
            yield (*above, name), field


def _from_toml(path: Path) -> Layer:
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misconfigured(f"{path}: cannot read the settings: {error.strerror}") from error
    except ValueError as error:  # TOML's errors and UTF-8's alike
        raise Misconfigured(f"{path}: not valid TOML: {error}") from error
    return {key: Given(value, str(path)) for key, value in _flat(tree, ())}


def _flat(tree: Mapping[str, object], above: KeyPath) -> Iterator[tuple[KeyPath, object]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, (*above, name))
        else:
            yield (*above, name), value


def _from_environment(environ: Mapping[str, str]) -> Layer:
    return {
        tuple(name.removeprefix(PREFIX).lower().split("__")): Given(value, name)
        for name, value in environ.items()
        if name.startswith(PREFIX) and not _for_tests(name)
    }


def _for_tests(name: str) -> bool:
    return name == "CAIRN_SHARED" or name.startswith("CAIRN_REQUIRE_")


def _from_overrides(overrides: Mapping[str, object]) -> Layer:
    return {
        tuple(name.split(".")): Given(value, "command line")
        for name, value in overrides.items()
        if value is not None
    }


def _check_known(path: KeyPath, source: str) -> None:
    settings = known()
    if path in settings and path != (FREE,):
        return
    if path[0] == FREE:
        if len(path) == 3:
            return
        raise Misconfigured(f"{source}: {'.'.join(path)}: write {FREE}.NAME.FIELD")
    if (inside := [".".join(p) for p in settings if p[: len(path)] == path]) and len(path) == 1:
        raise Misconfigured(
            f"{source}: {path[0]} is a section, not a setting; set {inside[0]} and the like"
        )
    names = {".".join(p): p for p in settings}
    nearest = difflib.get_close_matches(".".join(path), names, n=1, cutoff=0.0)[0]
    shown = variable(names[nearest]) if source.startswith(PREFIX) else nearest
    raise Misconfigured(f"{source}: unknown setting {'.'.join(path)}; did you mean {shown}?")


def _nested(given: Layer) -> dict[str, object]:
    tree: dict[str, object] = {}
    for path, entry in given.items():
        branch = tree
        for name in path[:-1]:
            branch = branch.setdefault(name, {})  # type: ignore[assignment] # a leaf has no below
        branch[path[-1]] = entry.value
    return tree


def _complaint(error: ErrorDetails, given: Layer) -> str:
    names = [str(part) for part in error["loc"]]
    path = next(
        (tuple(names[:n]) for n in range(len(names), 0, -1) if tuple(names[:n]) in given), ()
    )
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if not path:  # a rule across settings, whose input is the whole section
        return f"{'.'.join(names)}: {message}"
    shown = "the secret" if _secret(path) else repr(given[path].value)
    return f"{given[path].source}: {'.'.join(path)} = {shown}: {message}"


def _secret(path: KeyPath) -> bool:
    field = known().get(path)
    return field is not None and "SecretStr" in str(field.annotation)


def _with_secrets(settings: Settings) -> Settings:
    """Read the secrets that lie in files."""
    for name, secrets in _SECRETS.items():
        section: Section = getattr(settings, name)
        read = {}
        for secret in secrets:
            path: Path | None = getattr(section, f"{secret}_file")
            if path is not None:
                read[secret] = _read_secret(path, f"{name}.{secret}_file")
        settings = settings.model_copy(update={name: section.model_copy(update=read)})
    return settings


def _read_secret(path: Path, setting: str) -> SecretStr:
    try:
        return SecretStr(path.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{setting} = {str(path)!r}: {error}") from error
