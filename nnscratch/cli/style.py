"""nnscratch style: paint one picture in the style of another."""

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

from nnscratch import files
from nnscratch.data.images import check_target, read_image, save_image
from nnscratch.progress import live_line
from nnscratch.style import Settings, Step, stylize, vgg
from nnscratch.style.transfer import INITS, OPTIMIZERS

EXAMPLE = """example:
  nnscratch style town.jpg starry_night.jpg -o result.png --size 256
  nnscratch style town.jpg starry_night.jpg -o result.png --weights vgg19.npz --optimizer lbfgs"""


def configure(parser: argparse.ArgumentParser) -> None:
    default = Settings()
    parser.description = "Paint the scene of CONTENT in the hand of STYLE (Gatys et al. 2016)."
    parser.epilog = EXAMPLE
    add = parser.add_argument
    add("content", metavar="CONTENT", help="the picture whose scene is kept")
    add("style", metavar="STYLE", help="the picture whose hand is taken")
    add("-o", "--output", metavar="OUT", required=True, help="where the result is written")
    add(
        "--weights", metavar="FILE", default="builtin", help="a VGG weight file (default: built in)"
    )
    add("--size", metavar="N", type=int, default=256, help="longer side in pixels (default 256)")
    add("--iterations", metavar="N", type=int, default=default.iterations, help="default 200")
    add("--content-weight", metavar="W", type=float, default=default.content_weight, help="alpha")
    add("--style-weight", metavar="W", type=float, default=default.style_weight, help="beta")
    add("--tv-weight", metavar="W", type=float, default=default.tv_weight, help="smoothness")
    add("--content-layers", metavar="NAME", nargs="+", help="e.g. relu4_2")
    add("--style-layers", metavar="NAME", nargs="+", help="e.g. relu1_1 relu2_1 relu3_1")
    add("--optimizer", choices=OPTIMIZERS, default=default.optimizer)
    add("--lr", metavar="R", type=float, default=default.lr, help="Adam's step (default 0.02)")
    add("--init", choices=INITS, default=default.init, help="the picture to begin with")
    add("--seed", metavar="N", type=int, default=0, help="of the noise to begin with")
    add("--json", metavar="FILE", help="write settings, losses and time as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    settings = Settings(
        **{
            name: getattr(options, name)
            for name in ("content_weight", "style_weight", "tv_weight", "optimizer", "iterations")
        },
        lr=options.lr,
        init=options.init,
        seed=options.seed,
        content_layers=options.content_layers and tuple(options.content_layers),
        style_layers=options.style_layers and tuple(options.style_layers),
    )
    check_target(options.output)
    content = read_image(options.content, options.size)
    style = read_image(options.style, options.size)
    network = vgg.load(options.weights)
    start = time.perf_counter()
    with live_line("style", settings.iterations) as advance:
        result = stylize(network, content, style, settings, lambda step: advance(_note(step)))
    save_image(options.output, result.image)
    if options.json:
        record = {
            "content": str(Path(options.content)),
            "style": str(Path(options.style)),
            "weights": str(options.weights),
            "size": list(content.shape[1:]),
            "settings": asdict(settings),
            "seconds": time.perf_counter() - start,
            "loss": result.loss,
            "history": result.history,
        }
        files.write_text(options.json, json.dumps(record, indent=1))
    return 0


def _note(step: Step) -> str:
    return (
        f"loss {step.loss:.4f} (content {step.content:.4f}, style {step.style:.4f}, "
        f"smoothness {step.tv:.4f})"
    )
