"""Training the networks of an ensemble one after the other, each for itself."""

from dataclasses import replace

import pandas as pd

from advex.common.checkpoint import Checkpoint
from advex.common.images import ImageSet
from advex.common.machine.devices import Device
from advex.common.settings import TrainingRun
from advex.networks.ensembles import Ensemble
from advex.train.training import train


def train_ensemble(
    run: TrainingRun,
    training_set: ImageSet,
    test_set: ImageSet,
    device: Device,
    *,
    checkpoint: Checkpoint | None = None,
) -> tuple[Ensemble, pd.DataFrame]:
    """Train ``run.members`` networks, each with weights and an order of batches of its own.

    Arguments as of :func:`advex.train.training.train`. An interrupted job goes on within the network it was
    at: each network has a checkpoint beside ``checkpoint``, named ``<its stem>.member<i>.checkpoint``; remove
    them once the ensemble is written.

    Returns:
        The ensemble in evaluation mode, and the networks' histories with a column ``member``.
    """
    members, histories = [], []
    for index in range(run.members or 1):
        one = replace(run, name=f"{run.name}_{index}", members=None)
        own = checkpoint.member(index) if checkpoint else None
        model, history = train(one, training_set, test_set, device, checkpoint=own, keep_checkpoint=True)
        members.append(model)
        histories.append(history.assign(member=index))
    return Ensemble(members).eval(), pd.concat(histories, ignore_index=True)
