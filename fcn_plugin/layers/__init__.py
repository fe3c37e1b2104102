"""Plain torch: coordinate maps, bilinear upsampling, crop, faster convolutions on CPUs."""
