"""The verb *measure*: instruments that turn models and data sets into rows of a tidy table.

An instrument is a function ``rows(entry, bench)`` in a module of its own, and a class that says without torch
what it needs, reads and costs (:mod:`advex.instruments.kinds`). An entry each of
:data:`advex.registries.INSTRUMENTS` and :data:`advex.registries.KINDS` name them.
"""
