"""Names that are not there: what PyTorch's are called here, and what a misspelt one may mean.

Stands on difflib alone. The packages call `no_attribute` from their `__getattr__`.
"""

# fmt: off

import difflib
import importlib.util
import sys
from collections.abc import Iterable

_LIST = "layers in a plain list, tuple or dictionary are registered"
_RNG = "write Tensor(rng.{}(size=shape).astype(np.float32)) with rng = np.random.default_rng(seed)"
_ARRAY = "write Tensor(np.{}(..., dtype=np.float32))"
_RESIZE = (
    "for nearest, write x.reshape(N, C, H, 1, W, 1).broadcast_to((N, C, H, f, W, f)) and "
    ".reshape(N, C, H * f, W * f)"
)
# By module: names of PyTorch that are no function, layer or method of that name here.
OTHER_NAMES = {
    "nnscratch": {
        **{name: _ARRAY.format(name) for name in ("zeros", "ones", "empty", "full", "eye")},
        **{name: _ARRAY.format(name) for name in ("arange", "linspace")},
        "randn": _RNG.format("normal"), "rand": _RNG.format("uniform"),
        "randint": "write rng.integers(low, high, shape) with rng = np.random.default_rng(seed)",
        "manual_seed": "pass a seed or np.random.default_rng(seed) where chance is involved",
        "from_numpy": "write Tensor(array)", "as_tensor": "write Tensor(array)",
        "cat": "it is nnscratch.concatenate", "clamp": "it is nnscratch.clip",
        "mm": "write a @ b", "bmm": "write a @ b", "dot": "write a @ b", "pow": "write x ** y",
        "save": "use nnscratch.weights.save_state(module, path), or Model.save",
        "load": "use nnscratch.weights.load_state(module, path), or Model.load",
        "inference_mode": "it is nnscratch.no_grad", "Model": "it is nnscratch.training.Model",
        "float32": "dtypes are NumPy's: np.float32", "float64": "dtypes are NumPy's: np.float64",
        "device": 'the array decides: x.to("cuda"), model.to("cuda")',
        "cuda": 'the array decides: x.to("cuda"), model.to("cuda")',
    },
    "nnscratch.functional": {
        "gelu": "write 0.5 * x * (1 + F.tanh(0.79788456 * (x + 0.044715 * x ** 3)))",
        "silu": "write x * F.sigmoid(x)", "mish": "write x * F.tanh(F.softplus(x))",
        "logsigmoid": "write -F.softplus(-x)", "relu6": "write x.clip(0, 6)",
        "hardtanh": "write x.clip(-1, 1)", "one_hot": "write np.eye(classes)[labels]; "
        "cross_entropy also takes class numbers",
        "l1_loss": "write (x - y).abs().mean()",
        "smooth_l1_loss": "write d = (x - y).abs(); nns.where(d < 1, d * d / 2, d - 0.5).mean()",
        "huber_loss": "write d = (x - y).abs(); nns.where(d < 1, d * d / 2, d - 0.5).mean()",
        "kl_div": "write (target * (target.log() - x)).mean()",
        "binary_cross_entropy": "use binary_cross_entropy_with_logits, without a last sigmoid",
        "cosine_similarity": "write (F.normalize(a) * F.normalize(b)).sum(1)",
        "pairwise_distance": "write ((a - b) ** 2).sum(1).sqrt(); pairwise_distances is of all "
        "pairs", "cdist": "it is functional.pairwise_distances",
        "embedding": "write weight[numbers]", "interpolate": _RESIZE, "upsample": _RESIZE,
        "adaptive_max_pool2d": "for size 1, use Tensor.max over the axes",
    },
    "nnscratch.nn": {
        "ModuleList": _LIST, "ModuleDict": _LIST, "ParameterList": _LIST, "ParameterDict": _LIST,
        "Buffer": "use module.register_buffer(name, tensor)",
        "functional": "import nnscratch.functional as F",
        "utils": "gradients are clipped by optim.clip_grad_norm",
        "ELU": "use functional.elu, also as a layer of a Sequential",
        "Softplus": "use functional.softplus, also as a layer of a Sequential",
        "LogSoftmax": "use functional.log_softmax",
        "GELU": "write a function of x as a layer of a Sequential; see functional.gelu",
        "SiLU": "use lambda x: x * F.sigmoid(x), also as a layer of a Sequential",
        "Embedding": "write weight[numbers] with weight = nn.Parameter(array)",
        "Upsample": _RESIZE,
        "CrossEntropyLoss": "losses are functions: functional.cross_entropy",
        "NLLLoss": "losses are functions: functional.nll_loss",
        "MSELoss": "losses are functions: functional.mse_loss",
        "L1Loss": "losses are functions: (x - y).abs().mean()",
        "BCELoss": "use functional.binary_cross_entropy_with_logits, without a last sigmoid",
        "BCEWithLogitsLoss": "losses are functions: functional.binary_cross_entropy_with_logits",
        "TripletMarginLoss": "losses are functions: functional.triplet_margin_loss",
        "PairwiseDistance": "use functional.pairwise_distances",
        "AdaptiveMaxPool2d": "for size 1, use Tensor.max over the axes",
        "ZeroPad2d": "use functional.pad",
        "ReflectionPad2d": "use functional.pad with mode=\"reflect\"",
        "ReplicationPad2d": "use functional.pad with mode=\"edge\"",
    },
    "nnscratch.optim": {
        "lr_scheduler": "set optimizer.lr to a function of the step, as optim.cosine_rate",
        "clip_grad_norm_": "use optim.clip_grad_norm",
    },
}
OWN = {
    "nnscratch.nn": "; a Module with a forward of your own can be it",
    "nnscratch.optim": "; see Optimizer for one of your own",
}
# fmt: on


def no_attribute(module: str, name: str) -> AttributeError:
    """The error for a name that `module` does not have, with what to write instead."""
    hint = OTHER_NAMES[module].get(name) or _elsewhere(module, name)
    hint = hint or "not here" + (did_you_mean(name, _public(module)) or OWN.get(module, ""))
    return AttributeError(f"{module.removeprefix('nnscratch.')}.{name}: {hint}", name=name)


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """ "; did you mean X?", X being the name that is most like `name`; "" if none is."""
    by_small = {known.lower(): known for known in names}
    close = difflib.get_close_matches(name.lower(), by_small, 1)
    return f"; did you mean {by_small[close[0]]}?" if close else ""


def _elsewhere(module: str, name: str) -> str:
    """Where else the package has that name."""
    if name.startswith("_"):
        return ""
    for place in OTHER_NAMES:
        if place != module and place in sys.modules and name in _public(place):
            return f"it is {place}.{name}"
    if hasattr(getattr(sys.modules.get("nnscratch.tensor"), "Tensor", None), name):
        return f"it is a method of Tensor: x.{name}"
    if other := getattr(sys.modules.get("nnscratch.protocols"), "OTHER_NAMES", {}).get(name):
        return f"it is a method of Tensor, here called {other}"
    if hasattr(sys.modules[module], "__path__") and importlib.util.find_spec(f"{module}.{name}"):
        return f"write import {module}.{name} first"
    return ""


def _public(module: str) -> list[str]:
    """The names of functions and classes of the package that a module offers."""
    items = vars(sys.modules[module]).items()
    ours = ((name, getattr(value, "__module__", None)) for name, value in items)
    return [name for name, home in ours if str(home).startswith("nnscratch") and name[0] != "_"]
