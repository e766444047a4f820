"""Experiments with a job of their own: a module each, and a row of ``experiments`` in the configuration.

The row ``source/name`` is the module ``source.name``. Each has two functions, whose arguments are described
in :mod:`advex.experiments.contract`:

``run(inputs, settings, seed, machine)``
    computes what the row says that it makes: tables, pictures or pages by name.
``work(inputs, sizes, meter)``
    counts what that costs, before it runs; none if it is not counted.

The packages are sources. What is not torch's must not be in reach of an experiment whose row says so
(``environment: figures``).
"""
