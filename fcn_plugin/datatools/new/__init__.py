"""Make a data set with configs from a folder of images and masks."""
