"""What ci/bench measures, beside ci/bench itself."""
