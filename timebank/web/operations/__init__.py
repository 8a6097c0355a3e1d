"""What the operator of the installation looks at: the works, messages in doubt, the metrics."""
