# Jobs inherit the environment; what the user's own settings say there is taken out first.
import os
from pathlib import Path

from advex.common.machine.environment import isolate

isolate(os.environ, Path(".snakemake").absolute())
