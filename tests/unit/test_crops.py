"""Items that a detector finds: which are worth one, and which is the main one."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import Misconfigured
from engine.sight import Detection
from engine.types import Box
from engine.vision.classes import PRESETS, chosen_classes
from engine.vision.crops import Crops, MainObject, prominence
from tests.detectors import Told, thing
from tests.images import gradient

IMAGE = gradient(200, 100)


def crops(*found: Detection) -> list[tuple[str, Box]]:
    views = Crops(Told(found), ("cat", "dog"))(IMAGE)
    return [(view.label, view.box) for view in views]


def main_object(*found: Detection) -> Box:
    (view,) = MainObject(Told(found), ("cat",))(IMAGE)
    return view.box


def test_a_crop_has_some_of_its_surroundings() -> None:
    """A tenth of each side more, within the image; the box stays as it was found."""
    (view,) = Crops(Told([thing(10, 40, 110, 100, score=0.8)]), ("cat",))(IMAGE)
    assert (view.box, view.label, view.score) == (Box(10, 40, 110, 100), "cat", 0.8)
    assert np.array_equal(view.pixels, IMAGE[34:100, 0:120])


def test_only_the_classes_asked_for_count() -> None:
    """A bird is none of them."""
    bird, cat = thing(0, 0, 50, 50, label="bird"), thing(60, 0, 120, 50)
    assert crops(bird, cat) == [("cat", cat.box)]


@pytest.mark.parametrize("box", [(0, 0, 23, 60), (0, 0, 60, 20), (0, 0, 1, 1), (0, 0, 180, 30)])
def test_smudges_and_slivers_are_no_items(box: tuple[int, int, int, int]) -> None:
    """Too small to be told apart, or longer than anything worth a crop."""
    assert crops(thing(*box)) == []


def test_one_thing_taken_for_two_is_one_item() -> None:
    """Else it would be a cluster of its own two crops. Two things side by side stay two."""
    cat = thing(10, 10, 60, 60, score=0.9)
    dog = thing(11, 10, 60, 61, label="dog", score=0.8)
    beside = thing(40, 10, 90, 60, label="dog", score=0.7)
    assert crops(cat, dog, beside) == [("cat", cat.box), ("dog", beside.box)]


def test_without_a_find_there_are_no_crops_but_a_main_object() -> None:
    """The whole image is what was photographed then."""
    assert crops() == []
    (view,) = MainObject(Told(), ("cat",))(IMAGE)
    assert (view.box, view.label, view.pixels is IMAGE) == (Box(0, 0, 200, 100), "", True)


def test_the_main_object_is_sure_large_and_in_the_middle() -> None:
    """Each of them decides where the others are equal."""
    middle = thing(75, 25, 125, 75, score=0.6)
    assert main_object(middle, thing(75, 25, 125, 75, score=0.5)) == middle.box
    assert main_object(thing(85, 35, 115, 65, score=0.6), middle) == middle.box
    assert main_object(thing(0, 0, 50, 50, score=0.6), middle) == middle.box


def test_prominence_is_a_share_of_what_the_surest_could_have() -> None:
    """Scale by length: four times the area counts twice."""
    small, large = thing(75, 25, 125, 75), thing(50, 0, 150, 100)
    assert prominence(large, IMAGE) == pytest.approx(2 * prominence(small, IMAGE))


def test_classes_are_chosen_by_name_or_preset() -> None:
    """In the model's order; nothing chosen is everything, unknown ones of a preset are left out."""
    known = ("dog", "person", "traffic light", "tower crane", "cup")
    assert chosen_classes((), known) == known
    assert chosen_classes(("cup", "person"), known) == ("person", "cup")
    assert chosen_classes(("street", "cup"), known) == ("dog", "person", "cup")
    assert chosen_classes(("movable",), known) == ("dog", "person", "tower crane")


def test_seven_classes_fill_a_street() -> None:
    """The preset for photos of streets."""
    assert len(PRESETS["street"]) == 7


@pytest.mark.parametrize(
    ("names", "says"), [(("kat",), "knows no 'kat'"), (("street",), "nothing of street")]
)
def test_a_choice_that_a_model_cannot_serve_is_refused(names: tuple[str, ...], says: str) -> None:
    """With what it can find."""
    with pytest.raises(Misconfigured, match=f"{says}.*cat"):
        chosen_classes(names, ("cat", "cup"))


def test_another_choice_of_classes_is_another_identity() -> None:
    """State made with cats knows nothing of dogs."""
    assert Crops(Told(), ("cat",)).identity != Crops(Told(), ("dog",)).identity
