"""Cross-modal models, and the linear baselines they are measured against."""
