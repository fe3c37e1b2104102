"""Point refinement: which pixels, and what corrects their logits."""
