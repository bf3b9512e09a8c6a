"""What happened in a training step, told number by number."""
