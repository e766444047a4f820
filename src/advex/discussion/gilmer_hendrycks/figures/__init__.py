"""One module for each figure of Gilmer and Hendrycks' comment."""
