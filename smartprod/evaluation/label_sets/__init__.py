"""How good a model for several labels is: scores, per-label table, and its report."""
