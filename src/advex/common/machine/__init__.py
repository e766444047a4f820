"""The machine a user sits at: its settings, its folders, other runs, and how programs start there."""
