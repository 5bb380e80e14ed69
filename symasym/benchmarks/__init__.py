"""What `symasym bench` measures, a file for each part of the table."""
