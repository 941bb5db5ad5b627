"""nnscratch oneshot: learn characters from one example each."""

import argparse
import time
from dataclasses import replace

import numpy as np
from rich import box
from rich.table import Table

from nnscratch.cli.common import show, write_json
from nnscratch.faces.intervals import wilson
from nnscratch.faces.monitor import Monitor
from nnscratch.faces.oneshot import task
from nnscratch.faces.oneshot.omniglot import read_background, read_runs
from nnscratch.progress import live_line

TASKS = ("omniglot",)
WATCHED = 10  # steps between readings of the monitor
DESCRIPTION = """\
Omniglot's one-shot task: a network learns from a background of alphabets which drawings show the
same character. It is then shown one drawing of each of 20 characters from new alphabets, drawn by
new people, and classifies 20 other drawings among them. Guessing is wrong in 95 % of cases.

  embedding  the network alone
  chamfer    no training: distance to the nearest ink of like direction, under the best affine map
  combined   the weighted sum of both costs
  hausdorff  no training: modified Hausdorff distance, the task's usual baseline"""
EPILOG = """\
The files are those of github.com/brendenlake/omniglot: images_background_small1.zip, all_runs.zip.

example:
  nnscratch oneshot omniglot --background images_background_small1.zip --runs all_runs.zip"""


def configure(parser: argparse.ArgumentParser) -> None:
    losses = tuple(task.SETTINGS)
    default = task.SETTINGS[losses[0]]
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    add = parser.add_argument
    add("task", choices=TASKS, help="the task")
    add("--background", metavar="ZIP", required=True, help="drawings to train on")
    add("--runs", metavar="ZIP", required=True, help="the tests")
    add("--loss", choices=losses, default=losses[0], help=f"default {losses[0]}")
    add("--steps", metavar="N", type=int, default=default.schedule.steps, help="of training")
    add("--seed", metavar="N", type=int, default=0)
    add("--seeds", metavar="N", type=int, default=1, help="number of networks to train")
    add("--json", metavar="FILE", help="write errors and time as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.steps < 1 or options.seeds < 1:
        raise ValueError("expected --steps and --seeds of at least 1")
    background, runs = read_background(options.background), read_runs(options.runs)
    costs = task.baselines(runs)
    seeds = range(options.seed, options.seed + options.seeds)
    networks = [_learn(options, background, runs, costs["chamfer"], seed) for seed in seeds]
    errors = {name: [n[name] for n in networks] for name in ("embedding_error", "combined_error")}
    for name in ("chamfer", "hausdorff"):
        errors[f"{name}_error"] = [task.mean_error(costs[name], runs)]
    trials = sum(len(run.items) for run in runs)
    _show(errors, trials)
    means = {name: float(np.mean(values)) for name, values in errors.items()}
    seconds = float(np.mean([n["seconds_training"] for n in networks]))
    figures = {**means, "seconds_training": seconds, "trials": trials, "seeds": networks}
    return write_json(options, figures)


def _learn(options, background, runs, chamfer, seed: int) -> dict[str, float]:
    """Train one network and measure its errors."""
    settings = task.SETTINGS[options.loss]
    settings = replace(settings, schedule=replace(settings.schedule, steps=options.steps))
    monitor, start = Monitor(), time.perf_counter()
    note = ""
    with live_line(f"seed {seed}", options.steps) as advance:

        def watch(step, loss, encodings, labels):
            nonlocal note
            if step % WATCHED == 0 or step == 1:  # it takes a twentieth of a step
                note = monitor.update(encodings, labels, loss).line()
            advance(note)

        network = task.learn(background, settings, seed, watch)
    seconds = time.perf_counter() - start
    embedding = np.stack([task.embedding_costs(network, run) for run in runs])
    combined = task.combined_costs(embedding, chamfer)
    return {
        "seed": seed,
        "embedding_error": task.mean_error(embedding, runs),
        "combined_error": task.mean_error(combined, runs),
        "seconds_training": seconds,
    }


def _show(errors: dict[str, list[float]], trials: int) -> None:
    table = Table("method", "error", "95 % interval", box=box.SIMPLE)
    for name, values in errors.items():
        error = float(np.mean(values))
        interval = wilson(error * trials, trials)
        table.add_row(
            name.removesuffix("_error"),
            f"{100 * error:.2f} %",
            f"{100 * interval.low:.1f} to {100 * interval.high:.1f} %",
        )
    show(table)
