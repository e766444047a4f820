"""The section of a study's file with its sizes."""

from advex.common.settings import Count
from advex.measure.sections import Section


class BrightnessSettings(Section):
    """How many images are looked at."""

    seeds: Count
    images: Count
