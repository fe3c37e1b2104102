"""Point refinement: choose pixels and correct their logits."""
