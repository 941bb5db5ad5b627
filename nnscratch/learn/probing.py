"""Runs the probe of a claim on some functions and records an Observation.

Stands on `specification` and `observation`. All exceptions of the learner's code are recorded.
"""

import inspect
import traceback
import warnings
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nnscratch.learn.observation import Call, Observation, Raised, Value
from nnscratch.learn.specification import Claim, Functions, Probe

PLAIN = (int, float, complex, str, bytes, np.generic, type(None))


def observe(claim: Claim, functions: Functions, seed: int, rung: int, file=None) -> Observation:
    """Run the probe twice with the same seed; the second run only tells whether it agrees.

    file: an exception is located in its lines
    """
    first = _run(claim, functions, seed, rung, file)
    if first.raised is None:
        second = _run(claim, functions, seed, rung, file)
        first.repeatable = second.raised is None and first.like(second)
    return first


def _run(claim: Claim, functions: Functions, seed: int, rung: int, file) -> Observation:
    recorder = Recorder(functions)
    observation = Observation(calls=recorder._calls)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = claim.probe(recorder, generator(claim, seed, rung), rung)
            observation.values = {name: Value.of(value) for name, value in values.items()}
    except Exception as error:
        observation.raised = _raised(error, claim.probe, file)
    observation.changed_arguments = tuple(dict.fromkeys(recorder._changed))
    return observation


def generator(claim: Claim, seed: int, rung: int) -> np.random.Generator:
    """The random numbers of one case: the same for every answer."""
    return np.random.default_rng([seed, rung, zlib.crc32(claim.name.encode())])


def _raised(error: Exception, probe: Probe, file: str | None) -> Raised:
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    ours = {__file__, getattr(getattr(probe, "__code__", None), "co_filename", "")}
    outside = any(f.filename not in ours and "site-packages" not in f.filename for f in frames)
    # a call with parameters that the function does not have fails in this file
    inside = outside or frames[-1].filename == __file__
    return Raised(type(error).__name__, str(error), lines[-1] if lines else None, inside)


# -- recording calls ------------------------------------------------------------------------------


class Recorder:
    """The functions of an exercise as attributes; records their calls and changed arguments."""

    def __init__(self, functions: Functions):
        self._functions = dict(functions)
        self._calls: list[Call] = []
        self._changed: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name not in self._functions:
            raise AttributeError(f"the exercise asks for no {name!r}")
        function = self._functions[name]
        return function if isinstance(function, type) else self._recorded(name, function)

    def _recorded(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            arguments = named_arguments(function, args, options)
            before = {key: _copy(value) for key, value in arguments.items()}
            self._calls.append(Call(name, before))
            result = function(*args, **options)
            for key, value in arguments.items():
                if not _unchanged(before[key], value):
                    self._changed.append(f"{key} of {name}")
            return result

        return call


def named_arguments(function, args: tuple, options: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments by parameter name; "argument 3" where the function has fewer parameters."""
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        names = []
    names += [f"argument {i + 1}" for i in range(len(names), len(args))]
    return {**dict(zip(names, args, strict=False)), **options}


def _copy(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    if type(value) in (list, tuple):
        return type(value)(map(_copy, value))
    return {k: _copy(v) for k, v in value.items()} if type(value) is dict else value


def _unchanged(before: Any, now: Any) -> bool:
    """Whether arrays, numbers and texts are equal; other objects are not looked into."""
    if isinstance(before, np.ndarray):
        return before.shape == np.shape(now) and bool(
            ((before == now) | ((before != before) & (now != now))).all()
        )
    if isinstance(before, (list, tuple)):
        same = isinstance(now, (list, tuple)) and len(before) == len(now)
        return same and all(map(_unchanged, before, now))
    if isinstance(before, dict):
        same = isinstance(now, dict) and before.keys() == now.keys()
        return same and all(_unchanged(before[k], now[k]) for k in before)
    if isinstance(before, PLAIN):
        return isinstance(now, PLAIN) and bool(before == now or (before != before and now != now))
    return True
