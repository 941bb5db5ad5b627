"""Files that are often mistaken for weights, recognised by their first bytes, with a remedy.

Stands on the standard library.
"""

from collections.abc import Iterable

INSTEAD = "use torchvision's weights: nnscratch weights fetch vgg19"
PICTURE = "is a picture, not a weight file; give it as CONTENT or STYLE"
NPY = (
    "is a lone .npy: expected an .npz of named arrays; a dict in an .npy is a pickle and is not "
    "executed: if you trust the file, load it with NumPy and save its arrays with numpy.savez, as "
    "conv1_1_W and conv1_1_b"
)
SIGNATURES = (  # offset, bytes, message
    (0, b"\x93NUMPY", NPY),
    (0, b"version https://git-lfs", "is a Git LFS pointer, not the file; run: git lfs pull"),
    (0, b"\x1f\x8b", "is compressed with gzip; unpack it first"),
    (0, b"BZh", "is compressed with bzip2; unpack it first"),
    (0, b"\xfd7zXZ", "is compressed with xz; unpack it first"),
    (0, b"\x28\xb5\x2f\xfd", "is compressed with Zstandard; unpack it first"),
    (0, b"7z\xbc\xaf", "is a 7z archive; unpack it first"),
    (0, b"Rar!", "is a RAR archive; unpack it first"),
    (257, b"ustar", "is a tar: unpack it; one of torch before 0.2 must be saved by a newer torch"),
    (8, b"\x03\x00\x00\x00V 1", f"is a Lua Torch file (.t7), which is not supported; {INSTEAD}"),
    (0, b"GGUF", f"is a GGUF file of a language model; {INSTEAD}"),
    (0, b"\x89PNG", PICTURE),
    (0, b"\xff\xd8\xff", PICTURE),
)
WITHIN = (  # anywhere in the first 64 bytes
    (b"VGG_ILSVRC", f"is a .caffemodel of Caffe, which is not supported; {INSTEAD}"),
    (b"pytorch", f"is an ONNX file, which is not supported; {INSTEAD}"),
)
PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head")
WEIGHT_SUFFIXES = (".h5", ".hdf5", ".pth", ".pt", ".mat", ".npz", ".safetensors", ".caffemodel")


def recognise(start: bytes) -> str | None:
    """The message for a file that begins with `start`, None if it is not recognised."""
    if not start:
        return "is empty; fetch it again"
    if not start.strip(b"\0"):
        return "begins with zeros only: an interrupted download; fetch it again"
    if start.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith(PAGES):
        return "is a web page, perhaps a login page; download the file in a browser"
    for offset, signature, message in SIGNATURES:
        if start[offset : offset + len(signature)] == signature:
            return message
    return next((message for signature, message in WITHIN if signature in start[:64]), None)


def recognise_archive(names: Iterable[str]) -> str | None:
    """The message for a zip that contains a weight file instead of being one, else None."""
    for name in names:
        if name.endswith("/archive_format"):
            return "is a torch.export program; save model.state_dict() alone"
        if name.lower().endswith(WEIGHT_SUFFIXES):
            return f"is an archive with {name!r} in it; unpack it, and give that file"
    return None
