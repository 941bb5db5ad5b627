"""Claims about the output size of a sliding window."""

from nnscratch.learn import claim

FUNCTIONS = ("output_size",)
READS = "nnscratch/kernels/window.py"


def _settings(rng, rung):
    """From a window and a stride to all arguments together; places left over are arbitrary."""
    kernel, stride = int(rng.integers(3, 6)), int(rng.integers(3, 6))
    options = {"stride": stride}
    if rung in (1, 4):
        options["padding"] = int(rng.integers(1, kernel))
    if rung in (2, 5):
        before, more = int(rng.integers(0, 3)), int(rng.choice([1, 3]))
        options["padding"] = (before, before + more) if rung == 2 else (before + more, before)
        kernel = max(kernel, before + more + 1)
    if rung >= 3:
        options["dilation"] = int(rng.integers(2, 5))
    rest = 0 if rung == 2 else int(rng.integers(0, stride))  # places after the last window
    length = int(rng.integers(3, 6)) * stride + rest + options.get("dilation", 1) * (kernel - 1) + 1
    return length - sum(_pair(options)), kernel, options


def _pair(options):
    padding = options.get("padding", 0)
    return padding if isinstance(padding, tuple) else (padding, padding)


def _with_type(size):
    """A number and whether it is an int: 4.0 is not."""
    return {"size": size, "type int": "yes" if hasattr(size, "__index__") else "no"}


def _counted(settings, may_hang_over=False):
    """The size by counting windows one by one."""

    def counted(f, rng, rung):
        size, kernel, options = settings(rng, rung)
        stride, (before, after) = options.get("stride", 1), _pair(options)
        last_place = options.get("dilation", 1) * (kernel - 1)
        total, start = 0, 0
        while start + last_place < size + before + after:
            total, start = total + 1, start + stride
        all_seen = start - stride + last_place == size + before + after - 1
        total += may_hang_over and not all_seen and start < size + before
        return {"size": total, "type int": "yes"}

    return counted


def _floor_settings(rng, rung):
    return (10, 3, {"stride": 2}) if rung == 0 else _settings(rng, rung - 1)


@claim(
    "sizes with strides, paddings and dilations",
    rungs=7,
    by_hand="size = floor((10 - 3) / 2) + 1 = floor(3.5) + 1 = 3 + 1 = 4",
    oracle=_counted(_floor_settings),
)
def floor(f, rng, rung):
    size, kernel, options = _floor_settings(rng, rung)
    return _with_type(f.output_size(size, kernel, **options))


def _ceil_settings(rng, rung):
    """Hanging over (0, 1, 3), one that would begin behind the input (2, 4), and even ones (5).

    At last with gaps, the window reaching over two strides; some hang over, some do not.
    """
    if rung == 0:
        return 10, 3, {"stride": 2}
    if rung in (1, 3):
        size, kernel, options = _settings(rng, rung - 1)
        return size + 2 * kernel, kernel, options
    if rung == 6:
        stride = int(rng.integers(3, 6))
        options = {"stride": stride, "padding": 1, "dilation": stride}
        return 4 * stride + int(rng.integers(0, stride)), 3, options
    stride, steps = int(rng.integers(4, 7)), int(rng.integers(2, 5))
    kernel = int(rng.integers(2, 4))
    if rung == 5:
        kernel = stride + int(rng.integers(1, 3))  # so that one more would still begin inside
        return steps * stride + kernel, kernel, {"stride": stride}
    # the last whole window begins at steps * stride; one more would begin 0 or 1 after the input
    before = int(rng.integers(0, 2))
    size = (steps + 1) * stride - before - (0 if rung == 2 else 1)
    after = int(rng.integers(1, kernel))
    return size, kernel, {"stride": stride, "padding": (before, after)}


@claim(
    "ceil mode",
    rungs=7,
    by_hand="size = ceil((10 - 3) / 2) + 1 = ceil(3.5) + 1 = 4 + 1 = 5",
    oracle=_counted(_ceil_settings, may_hang_over=True),
)
def ceil(f, rng, rung):
    size, kernel, options = _ceil_settings(rng, rung)
    return _with_type(f.output_size(size, kernel, **options, ceil_mode=True))


@claim("ValueError where no window fits, and only there", rungs=8)
def fits(f, rng, rung):
    """Too long by 3 or 1, with padding, ceil mode, dilation, the last two; then three that fit."""
    kernel, stride = (5, 1) if rung == 0 else (int(rng.integers(4, 7)), int(rng.integers(1, 4)))
    padding = (0, 0, 1, 0, int(rng.integers(1, 3)), 1, 2, 3)[rung]
    dilation = int(rng.integers(2, 4)) if rung >= 3 else 1
    too_long = (3, 1, 1, 1, 1, 0, -2, -2)[rung]
    size = dilation * (kernel - 1) + 1 - 2 * padding - too_long
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    if rung == 2:
        options["ceil_mode"] = True
    try:
        result = f.output_size(size, kernel, **options)
        outcome = {"ValueError": "no"}
    except ValueError:
        result, outcome = 0, {"ValueError": "yes"}
    return outcome | ({} if too_long > 0 else {"size if it fits": result})
