"""The engines that tests compare; only the definition where the engines are taken away.

With NNSCRATCH_TEST_WITHOUT_ENGINES in the environment, `conftest` hides the package of engines:
then the tests show that everything above works without it.
"""

import contextlib

try:
    from nnscratch.engines import engine
except ModuleNotFoundError:
    ENGINES = ALGORITHMS = ("definition",)

    def engine(name):
        """Nothing to choose from."""
        return contextlib.nullcontext()

else:
    ENGINES = ("definition", "numpy")
    ALGORITHMS = ("definition", "numpy:im2col", "numpy:winograd", "numpy:winograd-2x2")
