"""Engines: faster implementations of the functions that `kernels` defines.

Stands on `kernels`; nothing above imports this package, and everything works without it.
`registry` chooses an implementation; each engine is a package of its own.
"""

from nnscratch import kernels
from nnscratch.engines import numpy
from nnscratch.engines.registry import choose, engine, names

kernels.set_default(choose)
