"""Comment 4 (Nakano): its experiments with a job of their own."""
