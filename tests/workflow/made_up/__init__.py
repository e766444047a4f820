"""A source that nobody made: a test puts it into a copy of the library, and its row into the tables."""
