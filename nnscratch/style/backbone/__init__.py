"""The training of the built-in network, and the pictures drawn for it.

Stands on `style.vgg`, `nn` and `optim`. Nothing else in the package needs it; `train` comes first.
"""
