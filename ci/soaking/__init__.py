"""The parts of ci/soak."""
