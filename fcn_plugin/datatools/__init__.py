"""Offline work on data: new data sets, the check, the built-in drawings, VOC with SBD, class weights."""
