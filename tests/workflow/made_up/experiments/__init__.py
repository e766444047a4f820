"""The made-up source's experiments with a job of their own."""
