"""Vouching: a change of code that changes no result need not cost the results of long studies.

``python -m advex.vouching STUDY...`` runs the study ``test`` on this machine with the code that made the
recorded artifacts of other studies, and with today's. A job's record takes today's digest, and says what
vouched for it, if

* its digest is that of the code in the commit that recorded it;
* everything that the jobs of its rule make in ``test`` agrees bit by bit;
* jobs that agree executed each statement that differs between what it reached then and reaches today, in the
  code that has it, and went every way that a changed condition leads, but to an error;
* where something differs that is worked out on import (a constant, a default, a decorator, a field), they
  executed each statement that names it;
* entries of registries that differ were among those that the jobs of its rule use.

All other jobs are refused, with what is missing, and will run again.
"""

LOOKS_ON = True
