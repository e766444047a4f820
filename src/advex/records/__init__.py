"""Records: what was made by what, kept, checked, explained and published."""
