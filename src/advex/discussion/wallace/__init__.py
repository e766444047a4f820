"""Wallace: learning from incorrectly labeled data."""
