"""Neural style transfer by hand: the pixels learn, the weights stay as they are.

Gatys, Ecker and Bethge 2016. Content: the deep features of the scene, place by place. Style: which
features occur together, wherever that is; a Gram matrix holds it.
"""

import sys
from pathlib import Path

import nnscratch as nns
from nnscratch import Tensor, optim
from nnscratch.data import contact_strip, read_image, save_image
from nnscratch.style import vgg

CONTENT_LAYER = "relu3_2"
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1")
STYLE_WEIGHT = 20

data = Path(__file__).parent.parent / "data"
content = read_image(data / "scene.png", size=128)  # (3, H, W) in [0, 1]
style = read_image(data / "style.png", size=128)
network = vgg.load("builtin")


def gram(x):
    """Features (1, C, H, W) -> (C, C): the mean product of each two channels."""
    channels = x.reshape(x.shape[1], -1)  # (1, C, H, W) -> (C, H W)
    return channels @ channels.T / channels.shape[1]


def difference(x, target):
    """0 where x is the target, 1 where x is 0."""
    return ((x - target) ** 2).sum() / (target**2).sum()


with nns.no_grad():
    content_target = network.features(content[None], [CONTENT_LAYER])[CONTENT_LAYER]
    style_features = network.features(style[None], STYLE_LAYERS)
    style_targets = {name: gram(features) for name, features in style_features.items()}

image = Tensor(content[None], requires_grad=True)  # begin with the scene
optimizer = optim.Adam([image], lr=0.015)
for step in range(1, 61):
    features = network.features(image, [CONTENT_LAYER, *STYLE_LAYERS])
    content_cost = difference(features[CONTENT_LAYER], content_target)
    style_cost = sum(difference(gram(features[n]), style_targets[n]) for n in STYLE_LAYERS) / 3
    optimizer.zero_grad()
    (content_cost + STYLE_WEIGHT * style_cost).backward()
    optimizer.step()
    image.data = image.data.clip(0, 1)
    if step in (1, 10, 30, 60):
        print(f"step {step:2}: content {content_cost.item():.3f}, style {style_cost.item():.4f}")

path = sys.argv[1] if len(sys.argv) > 1 else "style.png"
save_image(path, contact_strip([content, style, image.numpy()[0]]))
print(f"wrote {path}: scene, painting, and the scene in the painting's style")
