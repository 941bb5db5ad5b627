"""nnscratch train-backbone: make a small network for style transfer, such as the built-in one."""

import argparse
import json
import time
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
from rich.console import Console

from nnscratch import files, weights
from nnscratch.progress import live_line
from nnscratch.style import vgg
from nnscratch.style.backbone import train
from nnscratch.style.backbone.train import KINDS, LEARNT, BackboneRecipe

DESCRIPTION = """\
Make a small VGG-shaped network for `nnscratch style --weights OUT`. All pictures it learns from are
drawn by program.

  distilled  its features, through 1×1 projections, become those of a VGG (the default with
             --teacher; the built-in network is made so from VGG-19's blocks 1 to 3)
  labels     it learns to tell textures, directions, scales and colours (the default without)
  gabor      random oriented waves, nothing is learnt
  random     random orthogonal weights, nothing is learnt"""
EPILOG = """\
example:
  nnscratch train-backbone --teacher vgg19.npz -o small.safetensors
  nnscratch train-backbone --kind labels --steps 1500 -o textures.safetensors"""
CREDITS = {
    "distilled": "distilled by nnscratch train-backbone from the features of a VGG (Simonyan and "
    "Zisserman 2015, CC BY 4.0) on procedural pictures",
    "labels": "trained by nnscratch train-backbone on labels of procedural pictures",
    "gabor": "random Gabor filters by nnscratch train-backbone",
    "random": "random orthogonal weights by nnscratch train-backbone",
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    add, default = parser.add_argument, BackboneRecipe()
    add("-o", "--output", metavar="OUT", required=True, help="a .safetensors or .npz file")
    add("--teacher", metavar="FILE", help="VGG-19, by its file or by vgg19 once fetched")
    add("--kind", choices=KINDS, help="how the weights come about")
    add("--steps", metavar="N", type=int, default=default.steps, help=f"default {default.steps}")
    add("--batch", metavar="N", type=int, default=default.batch, help=f"default {default.batch}")
    add("--size", metavar="N", type=int, default=default.size, help=f"pixels ({default.size})")
    add("--lr", metavar="R", type=float, default=default.lr, help=f"default {default.lr:g}")
    add("--seed", metavar="N", type=int, default=default.seed, help=f"default {default.seed}")
    add("--json", metavar="FILE", help="write the recipe, the losses and the time as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    _check_output(options.output)
    kind = options.kind or ("distilled" if options.teacher else "labels")
    given = {
        f.name: getattr(options, f.name) for f in fields(BackboneRecipe) if hasattr(options, f.name)
    }
    recipe = BackboneRecipe(**{**given, "kind": kind})
    teacher = vgg.load(options.teacher, "avg", "edge") if options.teacher else None
    losses: list[float] = []
    start = time.perf_counter()
    with live_line(kind, recipe.steps if kind in LEARNT else 1) as advance:

        def watch(step: int, loss: float, note: str) -> None:
            losses.append(loss)
            advance(f"loss {loss:.3f} ({note})")

        network = train.make(recipe, teacher, watch)
        if not losses:
            advance("drawn")
    seconds = time.perf_counter() - start
    given_weights = train.as_weights(network, f"{CREDITS[kind]}; seed {recipe.seed}")
    weights.save(options.output, given_weights, np.float16)
    _say(options.output, given_weights, seconds)
    if options.json:
        record = {"recipe": asdict(recipe), "losses": losses, "seconds": seconds}
        files.write_text(options.json, json.dumps(record))
    return 0


def _check_output(path: str) -> None:
    files.check_suffix(path, "--output")
    files.check_place(path)


def _say(path: str, made: weights.VGGWeights, seconds: float) -> None:
    count = sum(w.weight.size + w.bias.size for w in made.layers.values())
    megabytes = Path(path).stat().st_size / 1e6
    Console(highlight=False, soft_wrap=True, markup=False).print(
        f"{path}: {count:,} weights in {len(made.layers)} convolutions, {megabytes:.2f} MB, "
        f"{seconds:.0f} s\nnext: nnscratch style CONTENT STYLE -o OUT.png --weights {path}"
    )
