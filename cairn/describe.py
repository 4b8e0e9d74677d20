"""Write the reference of all settings, `docs/settings.md`, from the tree that is loaded."""

from __future__ import annotations

from pydantic.fields import FieldInfo

from cairn.sections import Section, Settings
from cairn.settings import FREE, KeyPath, known, variable

INTRODUCTION = """# Settings

<!-- Written by `make docs` from `cairn/sections.py`; edit it there. -->

Defaults < TOML file (`--config cairn.toml`) < environment < command line: the later wins.
In TOML a section is a table: `[kafka]`, `bootstrap = "localhost:9092"`. In the environment a
list is written with commas. An unknown name is an error that suggests the nearest known one.
A secret is never printed; give it as a file (`..._file`) or in the environment.
"""

COLUMNS = "| setting | environment | default | meaning |\n|---|---|---|---|\n"


def describe(settings: type[Settings]) -> str:
    """Markdown: every setting with its variable, default and meaning, a table per section."""
    text = INTRODUCTION
    for name, field in settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            rows = "".join(_row(p, f) for p, f in known().items() if p[0] == name)
            text += f"\n## {name}\n\n{kind.__doc__}\n\n{COLUMNS}{rows}"
    pattern = (FREE, "NAME", "FIELD")
    meaning = settings.model_fields[FREE].description
    return f"{text}\n## {FREE}\n\n{meaning}\n\n`{'.'.join(pattern)}`, `{variable(pattern)}`\n"


def _row(path: KeyPath, field: FieldInfo) -> str:
    meaning = (field.description or "").replace("\n", " ")
    return f"| `{'.'.join(path)}` | `{variable(path)}` | {_default(field.default)} | {meaning} |\n"


def _default(value: object) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{','.join(value)}`" if value else "none"
    return f"`{value}`"
