"""What one training job does: train a network, or the networks of an ensemble."""

import pandas as pd
from torch import nn

from advex.common.checkpoint import Checkpoint
from advex.common.images import ImageSet
from advex.common.machine.devices import Device
from advex.common.settings import TrainingRun
from advex.registries import TRAININGS


def train_job(
    run: TrainingRun, training_set: ImageSet, test_set: ImageSet, device: Device, checkpoint: Checkpoint
) -> tuple[nn.Module, pd.DataFrame]:
    """Train what a run asks for, a network or with ``members`` an ensemble.

    Args:
        run: settings.
        training_set: images to learn.
        test_set: images to watch it with.
        device: where to compute.
        checkpoint: what it resumes from; remove it once the model is written.

    Returns:
        The model, and the history of its training: see :func:`advex.train.training.train` and
        :func:`advex.train.ensemble_training.train_ensemble`.
    """
    train = TRAININGS["ensemble" if run.members else "single"]
    return train(run, training_set, test_set, device, checkpoint=checkpoint)
