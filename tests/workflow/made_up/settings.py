"""The section of a study's file with its sizes."""

from advex.sections import Section
from advex.settings import Count


class BrightnessSettings(Section):
    """How many images are looked at."""

    seeds: Count
    images: Count
