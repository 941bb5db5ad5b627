"""Networks that are no VGG, recognised by the names and shapes of their arrays.

Stands on the standard library. The names are those of torchvision, timm, Keras, facenet-pytorch,
InsightFace, Ultralytics, Darknet and Hugging Face.
"""

import re
from collections.abc import Iterable, Mapping

import numpy as np

NETWORKS = tuple(
    (name, tuple(map(re.compile, patterns)))
    for name, *patterns in (  # the first whose patterns all occur in some name
        ("a set of LoRA adapters", r"lora_(A|B|up|down|te|unet)\b|lora_(up|down)\."),
        (
            "a diffusion model",
            r"model\.diffusion_model\.|(^|\.)(down|up)_blocks\.\d+\.|double_blocks\.\d+\.",
        ),
        (
            "a language model",
            r"\.self_attn\.[qkv]_proj\.|(^|\.)h\.\d+\.attn\.c_attn|word_embeddings"
            r"|\.attention\.self\.query|(^|\.)wte\.|embed_tokens",
        ),
        ("CLIP", r"^(visual|vision_model|text_model)\.|\.(visual|vision_model)\.|text_projection"),
        ("a Swin transformer or its like", r"relative_position_bias_table|attn\.cpb_mlp"),
        (
            "a vision transformer (ViT)",
            r"(^|[./])(cls_token|class_token|pos_embed)|patch_embed|class_token|encoder_layer_\d+"
            r"|encoderblock_\d+|transformerblock",
        ),
        ("a ConvNeXt", r"layer_scale$|stages\.\d+\.blocks\.\d+\.gamma|convnext"),
        (
            "FaceNet, a face encoder (Inception-ResNet)",
            r"(^|\.)block35|(^|\.)repeat_1\.",
            r"(^|\.)last_bn\.",
        ),
        ("an ArcFace face encoder (IResNet)", r"layer1\.0\.prelu\."),
        ("an ArcFace face encoder", r"(^|\.)input_layer\.", r"(^|\.)body\.\d+\.(res|shortcut)"),
        ("MobileFaceNet, a face encoder", r"(^|\.)conv_?6_?(dw|sep)|(^|\.)conv2_dw\."),
        ("a SphereFace face encoder", r"(^|\.)relu1_1\.weight", r"(^|\.)conv1_1\."),
        ("LightCNN, a face encoder", r"features\.0\.filter\.|(^|\.)(conv1|group1)\.filter"),
        ("MTCNN, a face detector", r"(^|\.)(pnet|rnet|onet)\."),
        ("MTCNN, a face detector", r"(^|\.)conv4_[12]\.", r"(^|\.)prelu1\."),
        ("BlazeFace, a face detector", r"(^|\.)backbone1\."),
        ("RetinaFace, a face detector", r"(^|\.)(BboxHead|LandmarkHead)\."),
        (
            "a YOLO detector",
            r"(^|\.)model\.\d+\.(conv|cv\d|m|dfl)\.|^(module\.)?module_list\.\d+\."
            r"|(^|\.)(yolo|darknet|dark\d)",
        ),
        ("a Faster R-CNN or Mask R-CNN detector", r"(^|\.)rpn\.head|roi_heads\."),
        ("an SSD detector", r"classification_head\.module_list"),
        ("a RetinaNet or FCOS detector", r"head\.classification_head\.conv"),
        ("RAFT, a network for optical flow", r"(^|\.)update_block\."),
        ("a DETR detector", r"class_embed\.", r"bbox_embed\."),
        (
            "a SqueezeNet",
            r"(^|[./])(squeeze|fire\d+)[./_]|[./](squeeze|expand1x1|expand3x3)(_\d+)?[./]",
        ),
        ("a DenseNet", r"denseblock\d|denselayer\d|dense_block|pool2_conv|conv5_block16_0_bn"),
        ("an Inception-ResNet", r"block35|(^|[./])conv_7b|repeat_1\."),
        ("an Xception", r"sepconv\d|(^|\.)block1\.rep\.|conv3\.pointwise"),
        (
            "an Inception network",
            r"Mixed_\d[a-e]\.|(^|\.)inception_?\d[a-e]\b|inception_\d[a-e]|Conv2d_1a_3x3"
            r"|features\.\d+\.branch|(^|[./])mixed\d+|conv2d_93\b",
        ),
        ("a NASNet", r"normal_conv_1|cell_stem|reduction_(left|right)|cell_0\."),
        ("a RegNet", r"trunk_output\.block1|(^|\.)s1\.b1\.|regnet"),
        ("a ShuffleNet", r"stage2\.0\.branch[12]\."),
        ("a MNASNet", r"(^|\.)layers\.8\.0\.layers\.0\."),
        (
            "an EfficientNet",
            r"features\.1\.0\.block\.\d\.|block1a_|blocks\.0\.0\.se\.conv_reduce|_blocks\.0\._",
        ),
        ("an EfficientNet", r"(^|\.)blocks\.0\.0\.conv\.", r"(^|\.)blocks\.3\.0\.se\."),
        (
            "a MobileNet or its like",
            r"(features|backbone)\.1\.(conv|block)\.0\.|features\.\d+\.conv\.0\.0|conv_dw_1(\b|_)"
            r"|block_1_expand|expanded_conv|blocks\.0\.0\.conv_dw|(^|\.)model\.1\.3\.weight",
        ),
        ("an HRNet", r"(^|\.)stage2\.0\.branches\."),
        (
            "a ResNet",
            r"layer1\.0\.(conv1|bn1)|conv2_block1_1_conv|res2a_branch2a"
            r"|encoder\.stages\.0\.layers\.0\.layer\.0\.convolution",
        ),
        (
            "a network for fast style transfer, which paints by itself",
            r"(^|\.)res1\.conv1\.conv2d|(^|\.)in1\.(weight|scale)|deconv1\.conv2d",
        ),
        (
            "a U-Net",
            r"(^|\.)(down1\.maxpool_conv|inc\.double_conv|encoder1\.enc1conv1|dconv_down1)",
        ),
        ("the linear layers of LPIPS", r"^lin0\.model\.1\.", r"^lin4\.model\.1\."),
        ("a LeNet", r"(^|[./])conv2[./_]", r"(^|[./])fc3[./_]"),
        ("an AlexNet or CaffeNet", r"(^|[./])conv5[./_]", r"(^|[./])fc8[./_]"),
    )
)
FIRST_KERNELS = {11: "an AlexNet (its first kernels are 11×11)"}
FIRST_LAYER = re.compile(
    r"(.*[./])?(features\.0|slice1\.0|0|conv1|conv1_1|conv2d|conv2d_1)[./]"
    r"(conv2d/|conv1/)?(weight|weights|kernel|W)(:0)?"
)


def recognise(arrays: Mapping[str, np.ndarray]) -> str | None:
    """What network arrays of these names are of, such as "a ResNet"; None if it cannot be told.

    Only the array of a first layer is read.
    """
    return _by_names(arrays) or _by_first_kernels(arrays)


def _by_names(names: Iterable[str]) -> str | None:
    names = list(names)
    for network, patterns in NETWORKS:
        if all(any(pattern.search(name) for name in names) for pattern in patterns):
            return network
    return None


def _by_first_kernels(arrays: Mapping[str, np.ndarray]) -> str | None:
    for name in arrays:
        if FIRST_LAYER.fullmatch(name):
            sides = {side for side in arrays[name].shape if side in FIRST_KERNELS}
            if arrays[name].ndim == 4 and sides:
                return FIRST_KERNELS[sides.pop()]
    return None
