"""The sizes of comment 6 (Wallace): learning from a model's mistakes, in the plane, and from other images."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from advex.common.settings import Count, NonNegative, Positive, Share
from advex.measure.sections import OtherDataSettings, Section, Strict
from advex.networks.own_network import NetworkSettings

Percent = Annotated[float, Field(gt=0, lt=100)]
NATURAL = "natural"
"""The study's own images, where a pair names data."""


class AfterEpochs(Strict):
    """Stop the teacher after each of these numbers of epochs; the experiment's own is ``headline``."""

    kind: Literal["epochs"]
    at: Annotated[list[Positive], Field(min_length=1)]
    headline: Positive


class AtAccuracy(Strict):
    """Stop it where it first reaches each of these accuracies on its training images.

    They are looked at every ``evaluate_every`` batches, in percent. Where its mistakes are of one class,
    labels blind to the image are mostly the same ones: so its mistakes must cover ``classes_covered`` percent
    of the classes too, see :func:`advex.discussion.wallace.own_mistakes.classes_covered`.
    """

    kind: Literal["train_accuracy"]
    at: Annotated[list[Percent], Field(min_length=1)]
    headline: Percent
    evaluate_every: Count
    classes_covered: Annotated[float, Field(ge=0, lt=100)] = 0


class OwnMistakesSettings(Section):
    """A teacher stopped early, and students of its mistakes; the learning rate of the teacher is constant.

    ``other_student`` is the student of another architecture; ``description`` is what figures say of the
    images.
    """

    description: str
    seeds: Count
    teacher: NetworkSettings
    stops: Annotated[AfterEpochs | AtAccuracy, Field(discriminator="kind")]
    student: NetworkSettings
    other_student: NetworkSettings

    @model_validator(mode="after")
    def _headline_is_a_stop(self) -> "OwnMistakesSettings":
        if self.stops.at != sorted(set(self.stops.at)) or self.stops.headline not in self.stops.at:
            raise ValueError("stops.at must ascend, each given once, and hold stops.headline")
        return self


class TaskAndImagesRow(Strict):
    """Learn ``task`` from images of ``images``: each names other data, or ``natural``."""

    task: str
    images: str


class OtherDatasetSettings(Section):
    """Students of a teacher's labels on images of another data set; images by name, pairs by name.

    ``other_students`` are of other architectures, by what figures call them.
    """

    description: str
    seeds: Count
    data: dict[str, OtherDataSettings] = Field(default_factory=dict)
    pairs: Annotated[dict[str, TaskAndImagesRow], Field(min_length=1)]
    teacher: NetworkSettings
    student: NetworkSettings
    other_students: Annotated[dict[str, NetworkSettings], Field(min_length=1)]

    @model_validator(mode="after")
    def _data_exist(self) -> "OtherDatasetSettings":
        for name, pair in self.pairs.items():
            for wanted in (pair.task, pair.images):
                if wanted not in {NATURAL, *self.data}:
                    raise ValueError(
                        f"pairs.{name} names {wanted}; there are: {', '.join([NATURAL, *self.data])}"
                    )
        return self

    def other_data(self) -> Mapping[str, OtherDataSettings]:
        """Return the images to prepare beside the study's own, by name."""
        return self.data


class TwoDimensionalSettings(Section):
    """Points in the unit square: how many draws of them, and the perceptrons fitted to them.

    Attributes:
        repetitions: independent draws of points, each with networks of its own.
        published_repetitions: networks fitted to the published points.
        points: in each draw.
        side: of the boxes that must not overlap.
        radii: of the adversary, in the maximum norm; the first is that of the published drawing.
        width, depth: of the hidden layers.
        learning_rate, steps: of Adam on all points at once.
        attack_steps: of projected gradient ascent.
    """

    seeds: ClassVar[int] = 1
    repetitions: Count
    published_repetitions: Count
    points: Count
    side: Share
    radii: Annotated[list[Positive], Field(min_length=1)]
    width: Count
    depth: Count
    learning_rate: Positive
    steps: Count
    attack_steps: Count


class WorldsSettings(Section):
    """The response's two worlds: a useful robust feature, and a fine one from useless to useful.

    Attributes:
        repetitions: independent simulations.
        samples: adversarial examples learnt from, and natural examples tested on.
        robust_signal: mean of the robust feature over its standard deviation.
        fine_signals: the same of the fine feature; 0 is World 1.
        assumed_fine_signal: that which the source model acts on, in every world.
        fine_scale: standard deviation of the fine feature, where the robust one has 1.
        epsilon: l2 radius of the targeted perturbation.
    """

    seeds: ClassVar[int] = 1
    repetitions: Count
    samples: Count
    robust_signal: Positive
    fine_signals: Annotated[list[NonNegative], Field(min_length=2)]
    assumed_fine_signal: Positive
    fine_scale: Positive
    epsilon: Positive

    @model_validator(mode="after")
    def _first_world(self) -> "WorldsSettings":
        if 0 not in self.fine_signals:
            raise ValueError("fine_signals must hold 0, which is World 1")
        return self


SECTIONS = {
    "own_mistakes": OwnMistakesSettings,
    "other_dataset": OtherDatasetSettings,
    "two_dimensional": TwoDimensionalSettings,
    "worlds": WorldsSettings,
}
