"""Audio → text: spoken words, spelt."""
