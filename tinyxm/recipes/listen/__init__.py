"""Audio → text: spoken words, letter by letter, by connectionist temporal classification.

Trained on words that a synthesiser says in many voices, and asked about voices and words it has never heard; and about
digits that people recorded.
"""

from tinyxm.recipes.listen.job import Listen

RECIPE = Listen()

__all__ = ["RECIPE", "Listen"]
