"""Files that people bring in the place of weights, told by their first bytes, with what to do.

Stands on the standard library.
"""

from collections.abc import Iterable

SIGNS = (  # where, which bytes, what it is and what helps
    (0, b"\x93NUMPY", "is a lone .npy: expected an .npz of named arrays; {npy}"),
    (0, b"version https://git-lfs", "is a pointer of Git LFS, not the file; run: git lfs pull"),
    (0, b"\x1f\x8b", "is compressed with gzip; unpack it first"),
    (0, b"BZh", "is compressed with bzip2; unpack it first"),
    (0, b"\xfd7zXZ", "is compressed with xz; unpack it first"),
    (0, b"\x28\xb5\x2f\xfd", "is compressed with Zstandard; unpack it first"),
    (0, b"7z\xbc\xaf", "is a 7z archive; unpack it first"),
    (0, b"Rar!", "is a RAR archive; unpack it first"),
    (257, b"ustar", "is a tar: unpack it; one of torch before 0.2 must be saved by a newer torch"),
    (8, b"\x03\x00\x00\x00V 1", "is of Lua Torch (.t7), which is not read; {instead}"),
    (0, b"GGUF", "is a GGUF of a language model; {instead}"),
    (0, b"\x89PNG", "is a picture, not a weight file; give it as CONTENT or STYLE"),
    (0, b"\xff\xd8\xff", "is a picture, not a weight file; give it as CONTENT or STYLE"),
)
WITHIN = (  # anywhere in the first bytes
    (b"VGG_ILSVRC", "is a .caffemodel of Caffe, which is not read; {instead}"),
    (b"pytorch", "is an ONNX, which is not read; {instead}"),
)
PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head")
LINES = {
    "npy": "a dict in it is a pickle, which is not run: where you trust it, load it with NumPy and "
    "save its arrays with numpy.savez, as conv1_1_W and conv1_1_b",
    "instead": "take torchvision's: nnscratch weights fetch vgg19",
}
MEMBERS = (".h5", ".hdf5", ".pth", ".pt", ".mat", ".npz", ".safetensors", ".caffemodel")


def recognised(start: bytes) -> str | None:
    """What a file is that begins with `start` and is no weight file, and the remedy."""
    if not start:
        return "is empty; fetch it again"
    if not start.strip(b"\0"):
        return "begins with zeros alone: a download that stopped; fetch it again"
    if start.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith(PAGES):
        return "is a web page: a login or a notice came in its place; download it in a browser"
    for at, sign, words in SIGNS:
        if start[at : at + len(sign)] == sign:
            return words.format(**LINES)
    for sign, words in WITHIN:
        if sign in start[:64]:
            return words.format(**LINES)
    return None


def archived(names: Iterable[str]) -> str | None:
    """What a zip is that holds a weight file, rather than being one."""
    for name in names:
        if name.endswith("/archive_format"):
            return "is a program of torch.export; save model.state_dict() alone"
        if name.lower().endswith(MEMBERS):
            return f"is an archive with {name!r} in it; unpack it, and give that file"
    return None
