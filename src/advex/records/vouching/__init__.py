"""Vouching: a change of code that changes no result need not cost the results of long studies.

``python -m advex.records.vouching STUDY...`` runs the study ``test`` on this machine with the code that made
the published artifacts of other studies, and with today's. A job's record takes today's digest, and says what
vouched for it, if

* its digest is that of the code in a commit that has it;
* the workflow tells the job the same settings and the same files then and today;
* everything that the jobs of its verb make in ``test``, told the same, agrees bit by bit;
* jobs that agree executed each statement that differs between what it reached then and reaches today, in the
  code that has it, and went every way that a changed condition leads, but to an error;
* where something differs that exists once a module is imported (a function's parameters, a base, a constant's
  name), they executed each statement that names it;
* entries of registries that differ were among those that the jobs of its rule use;
* no constant differs, no default, and nothing of which no line tells whether it was worked out.

All other jobs are refused, with what is missing, and will run again.
"""

LOOKS_ON = True
