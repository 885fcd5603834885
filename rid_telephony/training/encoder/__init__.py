"""Teaches a pretrained multilingual text encoder the labels of this project."""
