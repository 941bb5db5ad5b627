"""nnscratch train-backbone: make a small network for style transfer, such as the built-in one."""

import argparse
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

from nnscratch import files, weights
from nnscratch.cli.common import say, write_json
from nnscratch.progress import live_line
from nnscratch.style import vgg
from nnscratch.style.backbone import train
from nnscratch.style.backbone.train import KINDS, TRAINED, BackboneRecipe

DESCRIPTION = """\
Make a small VGG-shaped network for `nnscratch style --weights OUT`. All training pictures are drawn
by program.

  distilled  trained until 1×1 projections of its features are those of a VGG (the default with
             --teacher; the teacher of the built-in network was VGG-19, blocks 1 to 3)
  labels     trained to predict family, direction, scale and colours of textures (the default
             without --teacher)
  gabor      random Gabor filters, not trained
  random     random orthogonal weights, not trained"""
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
    add("--teacher", metavar="FILE", help="a VGG-19 file, or vgg19 once fetched")
    add("--kind", choices=KINDS, help="how to get the weights")
    add("--steps", metavar="N", type=int, default=default.steps, help=f"default {default.steps}")
    add("--batch", metavar="N", type=int, default=default.batch, help=f"default {default.batch}")
    add("--size", metavar="N", type=int, default=default.size, help=f"pixels ({default.size})")
    add("--lr", metavar="R", type=float, default=default.lr, help=f"default {default.lr:g}")
    add("--seed", metavar="N", type=int, default=default.seed, help=f"default {default.seed}")
    add("--json", metavar="FILE", help="write the recipe, the losses and the time as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    files.check_suffix(options.output, "--output")
    files.check_place(options.output)
    kind = options.kind or ("distilled" if options.teacher else "labels")
    names = ("steps", "batch", "size", "lr", "seed")
    recipe = BackboneRecipe(kind, **{name: getattr(options, name) for name in names})
    teacher = vgg.load(options.teacher, "avg", "edge") if options.teacher else None
    losses: list[float] = []
    start = time.perf_counter()
    with live_line(kind, recipe.steps if kind in TRAINED else 1) as advance:

        def on_step(step: int, loss: float, note: str) -> None:
            losses.append(loss)
            advance(f"loss {loss:.3f} ({note})")

        network = train.make(recipe, teacher, on_step)
        if not losses:
            advance("drawn")
    seconds = time.perf_counter() - start
    network_weights = train.as_weights(network, f"{CREDITS[kind]}; seed {recipe.seed}")
    weights.save(options.output, network_weights, np.float16)
    count = sum(w.weight.size + w.bias.size for w in network_weights.layers.values())
    megabytes = Path(options.output).stat().st_size / 1e6
    say(
        f"{options.output}: {count:,} weights in {len(network_weights.layers)} convolutions, "
        f"{megabytes:.2f} MB, {seconds:.0f} s",
        f"next: nnscratch style CONTENT STYLE -o OUT.png --weights {options.output}",
    )
    record = {"recipe": asdict(recipe), "losses": losses, "seconds": seconds}
    return write_json(options, record)
