"""Comment 6 (Wallace): its experiments with a job of their own."""
