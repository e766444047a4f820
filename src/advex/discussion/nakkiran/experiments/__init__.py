"""Comment 5 (Nakkiran): its experiments with a job of their own."""
