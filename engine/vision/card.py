"""Model cards: a TOML file beside a model that says what it is, how to feed it, what comes out.

A card names the SHA-256 of its model, so that neither can change without the other. Here is what
all cards have in common, and the card of an image encoder; those of other kinds of models stand
beside what runs them.
"""

from __future__ import annotations

import ast
import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import Misconfigured
from engine.types import Vector
from engine.vision.session import Session, Slot, open_session, read_verified

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(pattern=r"^[^/\\]+$")]
Channels = tuple[float, float, float]
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(gt=0, le=1)]
Factor = Annotated[int, Field(ge=2, le=8)]
Names = Annotated[tuple[str, ...], Field(min_length=1)]
Side = Annotated[int, Field(gt=0, le=4096)]
Count = Annotated[int, Field(gt=0, le=65536)]


Form = TypeVar("Form", bound="ModelCard")


class CardSection(BaseModel):
    """Frozen, and a stranger to fields it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class PinnedFile(CardSection):
    """A file beside the card that is part of the model: a center, a vocabulary."""

    file: FileName
    sha256: Sha256


class ModelCard(CardSection):
    """What every card tells. A subclass narrows `kind` to the one text that names it."""

    kind: str
    file: FileName
    sha256: Sha256
    licence: Annotated[str, Field(min_length=1)]
    source: Annotated[str, Field(min_length=1)]

    @property
    def identity(self) -> str:
        """The model's name and a hash of all that decides what it gives, one word."""
        notes = {"file", "licence", "source", "space"}
        decisive = self.model_dump_json(exclude=notes)
        return f"{Path(self.file).stem}-{hashlib.sha256(decisive.encode()).hexdigest()[:12]}"


class PixelCard(ModelCard):
    """Card of a model whose input is an image.

    A pixel value p of 0 to 255 enters the model as (p * scale - mean) / std, per channel in
    the order of `colour`. `size` is (height, width) of the input. `resize`: `squash` ignores
    the aspect ratio, `center-crop` cuts the longer side, `letterbox` pads the shorter one and
    always resizes linearly, as detectors were trained. `crop`: what share of the shorter side is
    left after a `center-crop`. `interpolation`: `area` is OpenCV's (cubic where the image grows);
    `bilinear` and `bicubic` are Pillow's, which look at every pixel as well, and are what
    torchvision, open_clip and timm resize by.
    """

    input: str
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    size: tuple[Side, Side]
    resize: Literal["squash", "center-crop", "letterbox"] = "center-crop"
    crop: Annotated[float, Field(gt=0, le=1)] = 1.0
    interpolation: Literal["area", "bilinear", "bicubic"] = "area"
    colour: Literal["RGB", "BGR"] = "RGB"
    scale: Positive = 1 / 255
    mean: Channels = (0.485, 0.456, 0.406)
    std: tuple[Positive, Positive, Positive] = (0.229, 0.224, 0.225)


class EncoderCard(PixelCard):
    """Card of an image encoder.

    center: subtracted from raw features, (dim,) float32 in a file. space: name of the space that
    its vectors share with those of a text encoder, empty where there is none.
    """

    kind: Literal["image-encoder"]
    output: str
    dim: Count
    center: PinnedFile | None = None
    space: str = ""


def load_card(path: Path, form: type[Form]) -> Form:
    """Read a card of one kind; raises Misconfigured naming the file and the field at fault."""
    return checked_card(read_fields(path), form, str(path))


def read_fields(path: Path) -> Mapping[str, Any]:
    """Read the fields of a card of any kind, unchecked; raises Misconfigured."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misconfigured(f"cannot read model card {path}: {error.strerror}") from error
    except ValueError as error:
        raise Misconfigured(f"model card {path} is not valid TOML: {error}") from error


def write_card(path: Path, card: ModelCard) -> None:
    """Write a card as TOML; `load_card` gives an equal one back."""
    fields = card.model_dump(mode="json", exclude_none=True)
    tables = {name: value for name, value in fields.items() if isinstance(value, dict)}
    lines = [_toml_line(name, value) for name, value in fields.items() if name not in tables]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(_toml_line(key, value) for key, value in table.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def draft_card(model: Path, form: type[Form], fields: Mapping[str, Any]) -> Form:
    """Make a card for an ONNX file: `fields` (licence, source and more) over what it reveals.

    Raises Misconfigured where the model's inputs and outputs leave a field open; the message
    names the field, to be given in `fields`.
    """
    session = open_session(model, threads=1)
    revealed = {
        **_revealed_input(session),
        **_revealed_output(session, fields.get("output")),
        **_revealed_classes(session),
    }
    found = {
        "kind": kind_of(form),
        "file": model.name,
        "sha256": hashlib.sha256(read_verified(model, None)).hexdigest(),
        **{name: value for name, value in revealed.items() if name in form.model_fields},
    }
    return checked_card(found | dict(fields), form, f"for {model}")


def kind_of(form: type[ModelCard]) -> str:
    """The one `kind` that cards of this form have."""
    (kind,) = get_args(form.model_fields["kind"].annotation)
    return str(kind)


def read_center(card: EncoderCard, folder: Path) -> Vector | None:
    """Read the vector that the card subtracts, shape (dim,); raises Misconfigured."""
    if card.center is None:
        return None
    path = folder / card.center.file
    data = read_verified(path, card.center.sha256)
    if len(data) != 4 * card.dim:
        raise Misconfigured(f"{path} holds {len(data)} bytes, not {card.dim} float32 values")
    center = np.frombuffer(data, "<f4").astype(np.float32)
    if not np.isfinite(center).all():
        raise Misconfigured(f"{path} holds values that are not finite")
    return center


def write_center(path: Path, center: Vector) -> PinnedFile:
    """Write a center beside its card and return the card's entry for it."""
    data = np.asarray(center, "<f4").tobytes()
    path.write_bytes(data)
    return PinnedFile(file=path.name, sha256=hashlib.sha256(data).hexdigest())


def checked_card(fields: Mapping[str, Any], form: type[Form], where: str) -> Form:
    """Make a card of fields; raises Misconfigured naming `where` and the field at fault."""
    try:
        return form.model_validate(fields)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'card'}: {fault['msg']}"
            for fault in error.errors()
        )
        raise Misconfigured(f"model card {where}: {faults}") from error


def _toml_line(name: str, value: object) -> str:
    # JSON strings, numbers and lists are TOML as well, but for a raw DEL character.
    text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"{name} = {text}"


def _revealed_input(session: Session) -> dict[str, object]:
    if len(session.inputs) != 1 or len(session.inputs[0].shape) != 4:
        return {}
    slot = session.inputs[0]
    layout = "NHWC" if slot.shape[3] == 3 else "NCHW"
    size = slot.shape[1:3] if layout == "NHWC" else slot.shape[2:4]
    revealed: dict[str, object] = {"input": slot.name, "layout": layout}
    return revealed if None in size else revealed | {"size": size}


def _revealed_output(session: Session, wanted: object) -> dict[str, object]:
    slots: list[Slot] = [s for s in session.outputs if wanted in {None, s.name}]
    if len(slots) != 1:
        return {}
    dims = slots[0].shape[1:]
    revealed: dict[str, object] = {"output": slots[0].name}
    return revealed | {"dim": dims[0]} if dims and dims[0] else revealed


def _revealed_classes(session: Session) -> dict[str, object]:
    """Ultralytics writes the names of classes into a model, as a Python dictionary by number."""
    try:
        names = ast.literal_eval(session.notes.get("names", ""))
        return {"classes": [str(names[number]) for number in range(len(names))]}
    except (KeyError, SyntaxError, TypeError, ValueError):
        return {}
