"""Statistics of the judge: intervals over seeds and images, many tests at once, how many seeds are enough."""
