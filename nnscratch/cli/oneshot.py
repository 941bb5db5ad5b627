"""nnscratch oneshot: learn characters from one example each."""

import argparse
import json
import time
from dataclasses import replace
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from nnscratch import files
from nnscratch.data.omniglot import read_background, read_runs
from nnscratch.faces import oneshot
from nnscratch.faces.intervals import wilson
from nnscratch.faces.monitor import Monitor
from nnscratch.progress import live_line

TASKS = ("omniglot",)
WATCHED = 10  # steps from one look at a batch to the next
DESCRIPTION = """\
Omniglot's one-shot task: a network learns from a background of alphabets what makes two drawings
the same character. Then, for characters of new alphabets drawn by new people, it is shown one
drawing of each of 20 and asked for each of 20 others which it is. Chance is wrong in 95 %.

  embedding  the network alone
  chamfer    no learning: distance to the nearest ink of like direction, under the best affine map
  combined   both opinions together
  hausdorff  no learning: modified Hausdorff distance, the task's usual baseline"""
EPILOG = """\
The files are those of github.com/brendenlake/omniglot: images_background_small1.zip, all_runs.zip.

example:
  nnscratch oneshot omniglot --background images_background_small1.zip --runs all_runs.zip"""


def configure(parser: argparse.ArgumentParser) -> None:
    losses = tuple(oneshot.RECIPES)
    default = oneshot.RECIPES[losses[0]]
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    add = parser.add_argument
    add("task", choices=TASKS, help="the task")
    add("--background", metavar="ZIP", required=True, help="drawings to learn from")
    add("--runs", metavar="ZIP", required=True, help="the tests")
    add("--loss", choices=losses, default=losses[0], help=f"default {losses[0]}")
    add("--steps", metavar="N", type=int, default=default.schedule.steps, help="of training")
    add("--seed", metavar="N", type=int, default=0)
    add("--seeds", metavar="N", type=int, default=1, help="train so many networks")
    add("--json", metavar="FILE", help="write errors and time as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.steps < 1 or options.seeds < 1:
        raise ValueError("expected --steps and --seeds of at least 1")
    background, runs = read_background(options.background), read_runs(options.runs)
    costs = oneshot.yardsticks(runs)
    networks = [
        _learn(options, background, runs, costs["chamfer"], options.seed + i)
        for i in range(options.seeds)
    ]
    errors = {
        "embedding_error": [n["embedding_error"] for n in networks],
        "combined_error": [n["combined_error"] for n in networks],
        "chamfer_error": [oneshot.mean_error(costs["chamfer"], runs)],
        "hausdorff_error": [oneshot.mean_error(costs["hausdorff"], runs)],
    }
    trials = sum(len(run.items) for run in runs)
    _show(errors, trials)
    if options.json:
        means = {name: float(np.mean(values)) for name, values in errors.items()}
        seconds = float(np.mean([n["seconds_training"] for n in networks]))
        record = {**means, "seconds_training": seconds, "trials": trials, "seeds": networks}
        files.write_text(options.json, json.dumps(record, indent=1))
    return 0


def _learn(
    options: argparse.Namespace, background: Any, runs: Any, chamfer: np.ndarray, seed: int
) -> dict[str, float]:
    """Train one network, and ask it."""
    recipe = oneshot.RECIPES[options.loss]
    recipe = replace(recipe, schedule=replace(recipe.schedule, steps=options.steps))
    monitor, start = Monitor(), time.perf_counter()
    note = ""
    with live_line(f"seed {seed}", options.steps) as advance:

        def watch(step: int, loss: float, encodings: np.ndarray, labels: np.ndarray) -> None:
            nonlocal note
            if step % WATCHED == 0 or step == 1:  # reading a batch costs a twentieth of a step
                note = monitor.update(encodings, labels, loss).line()
            advance(note)

        network = oneshot.learn(background, recipe, seed, watch)
    seconds = time.perf_counter() - start
    embedding = np.stack([oneshot.embedding_costs(network, run) for run in runs])
    combined = oneshot.combined_costs(embedding, chamfer)
    return {
        "seed": seed,
        "embedding_error": oneshot.mean_error(embedding, runs),
        "combined_error": oneshot.mean_error(combined, runs),
        "seconds_training": seconds,
    }


def _show(errors: dict[str, list[float]], trials: int) -> None:
    table = Table("opinion", "error", "95 % interval", box=box.SIMPLE)
    for name, values in errors.items():
        error = float(np.mean(values))
        interval = wilson(error * trials, trials)
        table.add_row(
            name.removesuffix("_error"),
            f"{100 * error:.2f} %",
            f"{100 * interval.low:.1f} to {100 * interval.high:.1f} %",
        )
    Console().print(table)
