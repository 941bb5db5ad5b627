"""Readers of weight files from other libraries: PyTorch, MatConvNet and Keras.

Stands on NumPy and, for .h5, h5py. Nothing in a file is executed; to read our own .npz and
.safetensors files, none of this is needed.
"""
