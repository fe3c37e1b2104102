"""Turn a folder of images and masks into a data set with configs."""
