"""The paper: its experiments with a job of their own."""
