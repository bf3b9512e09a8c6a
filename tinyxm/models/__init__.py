"""Cross-modal models, and the linear methods they are measured against."""
