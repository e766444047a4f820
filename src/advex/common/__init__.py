"""What everything stands on: errors, files, artifacts, images, statistics, settings, generators."""
