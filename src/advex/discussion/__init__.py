"""The discussion: a folder for the paper and for each comment, with all that belongs to it alone."""
