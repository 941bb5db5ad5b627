"""The definitions of kernels, whatever engine is chosen."""

from nnscratch import kernels

conv = kernels.definition(kernels.conv)
conv_grad_input = kernels.definition(kernels.conv_grad_input)
conv_grad_weight = kernels.definition(kernels.conv_grad_weight)
