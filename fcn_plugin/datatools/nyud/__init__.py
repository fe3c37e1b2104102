"""NYUDv2 (Silberman et al., ECCV 2012) as images, depth, HHA and labels of 40 classes."""
