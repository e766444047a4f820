"""Gilmer and Hendrycks: adversarial example researchers need to expand what is meant by robustness."""
