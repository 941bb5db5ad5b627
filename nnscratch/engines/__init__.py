"""Engines compute the numbers that the definitions in `kernels` define, faster.

Stands on `kernels`; nothing above knows this room, and everything works without it. `registry`
chooses an engine; each engine is a room of its own.
"""

from nnscratch import kernels
from nnscratch.engines import numpy
from nnscratch.engines.registry import choose, engine, names

kernels.set_default(choose)
