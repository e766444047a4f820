"""Which code made an artifact: a digest of the definitions of the library that a job reaches.

A job reaches what its script and its named entries name, what those name, and so on. The digest covers each
of these definitions by its canonical form (:mod:`advex.records.provenance.definitions`), and what each name
in it stands for. Where a definition lives is no part of that: renaming and moving modules, splitting them,
reordering what is in them, and editing comments, docstrings and layout change no digest. What cannot be
followed counts as everything it might be:

* a module that is used as a value (passed on, assigned to, asked for an attribute it does not define) counts
  whole, and a package with all that is in it; so does a module whose definition uses ``globals()`` or a name
  that is bound nowhere;
* ``exec``, ``eval``, ``importlib`` with anything but a constant, ``sys.modules``, ``__subclasses__`` and the
  like count as the whole library;
* a name that is bound twice, and a module that does more than bind names when it is imported (calls, loops,
  decorators and base classes that are not known to be quiet), count as their whole module in its order; the
  latter in every job that may import it;
* a class counts whole, with its decorators, bases, defaults and annotations, and so does a function;
* of settings (dataclasses with ``config=STRICT``) the last fields with defaults count only where a job reads
  an attribute of that name, or reads fields without naming them; those after the last one read do not;
* functions that a module names in ``IMPORTS_OTHERS`` were looked at: what they import by name is not ours;
* strings ``"advex.module:definition"`` count as what they name;
* of a registry (:class:`advex.common.names.registry.Registry`) only the entries count that the job declares,
  and those whose names are among the strings of what it reaches; ``NORMS["l2"]`` names none, so that a
  lookup can be left to those jobs that declare it. That a job looks up no other entry is made sure when it
  runs.

Modules and packages that only look on while a job works set ``LOOKS_ON = True``: logs, progress, records and
this one. They change no result, so their definitions do not count.
"""

from advex.records.provenance.code import Code
from advex.records.provenance.reached import Reached

LOOKS_ON = True

__all__ = ["Code", "Reached"]
