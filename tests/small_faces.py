"""A few drawn people and settings for a training of a second, for tests that need a model."""

from dataclasses import replace
from functools import cache

from nnscratch.faces.drawn.people import generated_people
from nnscratch.faces.training import FaceSettings, Schedule

SETTINGS = FaceSettings(
    people=5,
    pictures=3,
    size=(16, 12),
    widths=(4, 6, 8),
    start="random",
    schedule=Schedule(steps=4, warmup=2),
)


def recipe(steps=4, **settings):
    return replace(SETTINGS, schedule=Schedule(steps=steps, warmup=2), **settings)


@cache
def people(count=12, pictures=4, seed=0):
    return generated_people(count, pictures, size=20, seed=seed)
