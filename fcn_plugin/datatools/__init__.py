"""Offline tools for data: new data sets, the check, the built-in mini data set, VOC with SBD, class weights."""
