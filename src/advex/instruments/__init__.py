"""The verb *measure*: instruments that turn models and data sets into rows of a tidy table.

Every instrument is a module here with a function ``rows(entry, bench)``, found by its name, the ``kind`` of
an instrument in ``config/experiments.yaml``.
"""
