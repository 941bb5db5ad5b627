"""The definitions of kernels, whatever engine is chosen."""

from nnscratch import kernels

conv = kernels.conv.__wrapped__
conv_grad_input = kernels.conv_grad_input.__wrapped__
conv_grad_weight = kernels.conv_grad_weight.__wrapped__
