"""Backbones of Long et al., CVPR 2015, Table 1, that mmpretrain lacks."""
