"""Comment 3 (Goh, useful, non-robust features): its experiments with a job of their own."""
