"""Fused layers in C for training on the CPU, each with its plain definition elsewhere."""
