"""Comment 2 (Goh, robust feature leakage): its experiments with a job of their own."""
