"""Networks that are no VGG are named by their arrays, and never loaded."""

import numpy as np
import pytest

from nnscratch.weights import layouts
from nnscratch.weights.other_networks import recognise
from nnscratch.weights.readers.contents import Contents

FIRST = {"features.0.weight": (64, 3, 3, 3), "features.0.bias": (64,)}
NETWORKS = [  # what it is, its library, some of its arrays: a name, or (name, shape)
    ("an AlexNet", "torchvision", ("features.0.weight", (64, 3, 11, 11)), "features.0.bias"),
    ("an AlexNet", "LPIPS", ("net.slice1.0.weight", (64, 3, 11, 11)), "net.slice1.0.bias"),
    ("an AlexNet", "Keras", ("conv2d/kernel", (11, 11, 3, 96)), "conv2d/bias"),
    ("an AlexNet", "Caffe", "conv1_W", "conv5_W", "fc8_W"),
    ("a SqueezeNet", "torchvision", *FIRST.items(), "features.3.squeeze.weight"),
    ("a SqueezeNet", "torchvision", *FIRST.items(), "features.12.expand3x3.bias"),
    ("a SqueezeNet", "Keras", "conv1/kernel", "fire2/squeeze1x1/kernel:0"),
    ("a ResNet", "torchvision", "conv1.weight", "layer1.0.conv1.weight"),
    ("a ResNet", "in parallel", "module.layer1.0.bn1.running_mean"),
    ("a ResNet", "Keras", "conv1_conv/kernel:0", "conv2_block1_1_conv/kernel:0"),
    ("a ResNet", "old Keras", "res2a_branch2a/res2a_branch2a_W_1:0"),
    (
        "a DenseNet",
        "torchvision",
        "features.conv0.weight",
        "features.denseblock1.denselayer1.norm1",
    ),
    ("a DenseNet", "Keras", "conv2_block1_1_conv/kernel", "pool2_conv/kernel"),
    ("an Inception network", "torchvision", "Mixed_5b.branch1x1.conv.weight"),
    ("an Inception network", "GoogLeNet", "inception3a.branch1.conv.weight"),
    ("an Inception network", "timm", "features.3.branch1.conv.weight"),
    ("an Inception network", "Keras", "conv2d_1/kernel:0", "conv2d_93/kernel:0"),
    ("an Inception-ResNet", "Keras", "block35_1_conv/kernel", "conv_7b/kernel"),
    ("an Xception", "Keras", "block1_conv1/kernel", "block2_sepconv1/depthwise_kernel"),
    ("a MobileNet", "torchvision v2", "features.0.0.weight", "features.1.conv.0.0.weight"),
    ("a MobileNet", "torchvision v3", "features.0.0.weight", "features.1.block.0.0.weight"),
    ("a MobileNet", "Keras", "conv1/kernel", "conv_dw_1/depthwise_kernel"),
    ("a MobileNet", "Keras v2", "Conv1/kernel", "block_1_expand/kernel"),
    ("a MobileNet", "timm", "conv_stem.weight", "blocks.0.0.conv_dw.weight"),
    ("an EfficientNet", "torchvision", "features.0.0.weight", "features.1.0.block.0.0.weight"),
    ("an EfficientNet", "timm", "blocks.0.0.conv_dw.weight", "blocks.0.0.se.conv_reduce.weight"),
    ("an EfficientNet", "timm v2", "blocks.0.0.conv.weight", "blocks.3.0.se.conv_reduce.weight"),
    ("an EfficientNet", "Keras", "stem_conv/kernel", "block1a_dwconv/depthwise_kernel"),
    ("a vision transformer", "torchvision", "class_token", "conv_proj.weight"),
    ("a vision transformer", "timm", "cls_token", "patch_embed.proj.weight"),
    ("a Swin transformer", "timm", "layers.0.blocks.0.attn.relative_position_bias_table"),
    ("a ConvNeXt", "timm", "stem.0.weight", "stages.0.blocks.0.gamma"),
    ("a MNASNet", "torchvision", "layers.0.weight", "layers.8.0.layers.0.weight"),
    ("a ShuffleNet", "torchvision", "conv1.0.weight", "stage2.0.branch1.0.weight"),
    ("a RegNet", "torchvision", "stem.0.weight", "trunk_output.block1.block1-0.proj.0.weight"),
    (
        "FaceNet, a face encoder",
        "facenet-pytorch",
        "repeat_1.0.branch0.conv.weight",
        "last_bn.bias",
    ),
    ("an ArcFace face encoder", "InsightFace", "conv1.weight", "layer1.0.prelu.weight"),
    ("an ArcFace face encoder", "IR-50", "input_layer.0.weight", "body.0.res_layer.0.weight"),
    ("a YOLO detector", "Ultralytics", "model.0.conv.weight", "model.22.dfl.conv.weight"),
    ("a YOLO detector", "Darknet", "module_list.0.conv_0.weight"),
    (
        "a Faster R-CNN",
        "torchvision",
        "backbone.body.layer1.0.conv1.weight",
        "rpn.head.bbox_pred.bias",
    ),
    ("CLIP", "OpenAI", "visual.conv1.weight", "text_projection"),
    ("a diffusion model", "Stable Diffusion", "model.diffusion_model.input_blocks.0.0.weight"),
    ("a language model", "Llama", "model.layers.0.self_attn.q_proj.weight"),
    ("a language model", "BERT", "bert.encoder.layer.0.attention.self.query.weight"),
    (
        "a network for fast style transfer",
        "Johnson",
        "conv1.conv2d.weight",
        "res1.conv1.conv2d.weight",
    ),
]


def arrays_of(items):
    named = [(item, (2,)) if isinstance(item, str) else item for item in items]
    return {name: np.zeros(shape, np.float32) for name, shape in named}


@pytest.mark.parametrize("row", NETWORKS, ids=lambda row: f"{row[0]}, {row[1]}")
def test_each_is_named(row):
    network, _, *items = row
    said = f"weights: 'net' is {network}.*, not a VGG; use torchvision's weights"
    with pytest.raises(ValueError, match=said):
        layouts.interpret(Contents("pth (zip)", arrays_of(items)), "net")


def test_a_vgg_and_unknown_names_are_not_named():
    assert recognise(arrays_of(FIRST.items())) is None
    assert recognise(arrays_of(["block1_conv1/kernel", "conv1_1.weight", "fc6_W"])) is None
    assert recognise(arrays_of(["classifier.6.weight", "head.fc.weight", "weights"])) is None
    assert recognise({}) is None
