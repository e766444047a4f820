"""What everything stands on: errors, files, artifacts, images, statistics, devices, logs, frequencies."""
