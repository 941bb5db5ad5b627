"""The house rules, read from the source: floors, NumPy's place, docstrings, no hidden state."""

import ast
import configparser
import re
from pathlib import Path

import numpy as np
import pytest

import nnscratch

PACKAGE = Path(__file__).parent.parent / "nnscratch"
FILES = sorted(PACKAGE.rglob("*.py"))

FLOORS = [
    ("backend", "files", "names", "notebook", "progress"),
    ("kernels",),
    ("engines",),
    ("autograd", "protocols"),
    ("tensor",),
    ("operations",),
    ("numpy_functions",),
    ("functional", "summary"),
    ("nn", "optim", "gradcheck"),
    ("opcases", "data", "weights"),
    ("training",),
    ("faces", "style", "visualize", "worlds"),
    ("learn",),
    ("cli",),
    ("__main__",),
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
PACKAGE_FLOOR = FLOOR_OF["nn"]  # `import nnscratch` reaches the rooms up to here
DEVICE_CODE = ("autograd", "tensor", "operations", "functional", "kernels")  # also for CuPy arrays
ENGINE_USERS = ("", "engines", "cli")  # the package offers `engine`; `bench` and `doctor` list them

# What those may ask of NumPy itself: dtypes, constants, generators and checks on the host. All
# else they ask of the library that owns the array.
NUMPY_ALLOWED = {
    *("ndarray", "generic", "integer", "dtype", "result_type", "finfo"),
    *("float16", "float32", "float64"),
    *("inf", "random", "ndindex"),
    *("asarray", "array", "array2string"),  # numbers, lists and repr: these are on the host
}
# State that lives as long as the process. All but `_mode`, `_choice`, `_thread` and `_here`, which
# are thread-local, are shared by all threads on purpose.
STATE = {
    *("autograd._mode", "autograd._clock", "kernels.dispatch._choice"),
    *(f"engines.numpy.memory.{name}" for name in ("_idle", "_all_buffers", "_thread")),
    *("engines.numpy.parallel._pool", "engines.numpy.parallel._here"),
    "engines.numpy.winograd._cache",
}
# Derives matrices of Python numbers with NumPy.
HOST_ONLY = {"kernels.winograd"}


def module_of(path):
    """nnscratch/nn/layers.py -> nn.layers."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}
TREES = {name: ast.parse(path.read_text()) for name, path in MODULES.items()}
every_module = pytest.mark.parametrize("name", MODULES)


def imported(tree, everywhere=True):
    """The modules of the package that `tree` imports, as dotted names without `nnscratch.`."""
    nodes = ast.walk(tree) if everywhere else tree.body
    for node in nodes:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for full in names:
            package, _, rest = full.partition(".")
            while package == "nnscratch" and rest and rest not in MODULES:
                rest = rest.rpartition(".")[0]  # a name within a module
            if package == "nnscratch":
                yield rest


def room(module):
    return module.split(".")[0]


def test_the_source_distribution_has_every_folder():
    """setuptools adds the package itself; what a build or a run leaves behind starts otherwise."""
    root = PACKAGE.parent
    lines = (root / "MANIFEST.in").read_text().splitlines()
    grafts = {line.removeprefix("graft ") for line in lines if line.startswith("graft ")}
    assert {"tests", "docs", "data", "examples", "exercises", ".github"} <= grafts
    left_behind = ("__", "build", "dist", "nnscratch", ".")
    folders = {path.name for path in root.iterdir() if path.is_dir()}
    assert {name for name in folders if not name.startswith(left_behind)} <= grafts <= folders


def test_citation_has_the_version():
    text = (PACKAGE.parent / "CITATION.cff").read_text()
    assert f"\nversion: {nnscratch.__version__}\n" in text


def test_setup_cfg_lists_every_package():
    """find: would be shorter, and cannot take `exercises/` into the package."""
    settings = configparser.ConfigParser()
    settings.read(PACKAGE.parent / "setup.cfg")
    listed = settings["options"]["packages"].split()
    found = {
        ".".join(path.parent.relative_to(PACKAGE.parent).parts)
        for path in FILES
        if path.name == "__init__.py"
    }
    assert set(listed) == found | {"nnscratch._exercises"}
    assert len(listed) == len(set(listed))


# -- floors ---------------------------------------------------------------------------------------


@every_module
def test_every_module_has_a_floor(name):
    assert name == "" or room(name) in FLOOR_OF


def below(lower, upper):
    """Whether `upper` may import `lower`; the package itself ("") stands on the floor of `nn`."""
    return FLOOR_OF[upper] > (FLOOR_OF[lower] if lower else PACKAGE_FLOOR)


def floor_errors(name, tree):
    return [
        f"{name} imports {other or 'nnscratch'}"
        for other in imported(tree)
        if room(other) != room(name) and not below(room(other), room(name))
    ]


@every_module
def test_imports_run_downward_only(name):
    if name:
        assert floor_errors(name, TREES[name]) == []
    else:
        assert max(FLOOR_OF[room(other)] for other in imported(TREES[""])) == PACKAGE_FLOOR


@every_module
def test_nothing_but_the_commands_knows_the_engines(name):
    if room(name) not in ENGINE_USERS:
        assert not [other for other in imported(TREES[name]) if room(other) == "engines"]


def circles(graph):
    """Chains of imports that come back to where they began."""
    found, done = [], set()

    def walk(module, path):
        if module in path:
            found.append([*path[path.index(module) :], module])
        elif module not in done:
            for other in sorted(graph.get(module, ())):
                walk(other, [*path, module])
            done.add(module)

    for module in graph:
        walk(module, [])
    return found


def test_no_module_imports_itself_in_a_circle():
    """A package importing its own files is no circle; two files importing each other is."""
    graph = {
        name: {other for other in imported(tree) if other != name} for name, tree in TREES.items()
    }
    assert circles(graph) == []


def test_the_checks_can_fail():
    upward = ast.parse("from nnscratch.nn import layers")
    assert floor_errors("functional.conv", upward) == ["functional.conv imports nn.layers"]
    assert floor_errors("nn.summary", upward) == []
    above = ast.parse("from nnscratch.tensor import Tensor")
    assert floor_errors("kernels.conv", above) == ["kernels.conv imports tensor"]
    beside = ast.parse("from nnscratch.optim import SGD")
    assert floor_errors("nn.layers", beside) == ["nn.layers imports optim"]
    inside = ast.parse("def f():\n    import nnscratch.cli")
    assert len(floor_errors("tensor", inside)) == ("cli" in MODULES)
    assert floor_errors("tensor", ast.parse("import nnscratch")) == ["tensor imports nnscratch"]
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [["b", "c", "b"]]
    assert numpy_used(ast.parse("np.exp(1)\nnp.inf")) == {"exp", "inf"}
    assert hidden_state("m", ast.parse("cache = {}\nA: dict = {}\nB = ('x',)")) == {"m.cache"}


# -- NumPy's place --------------------------------------------------------------------------------


def numpy_used(tree):
    """What a module asks of NumPy: x for each np.x."""
    chains = [n for n in ast.walk(tree) if isinstance(n, ast.Attribute)]
    return {n.attr for n in chains if getattr(n.value, "id", None) in ("np", "numpy")}


@pytest.mark.parametrize("name", [n for n in MODULES if room(n) in DEVICE_CODE])
def test_numpy_is_asked_for_types_and_constants_only(name):
    assert name in HOST_ONLY or numpy_used(TREES[name]) - NUMPY_ALLOWED == set()


def test_allowed_names_exist_and_none_computes_on_arrays():
    for name in NUMPY_ALLOWED:
        assert not isinstance(getattr(np, name), np.ufunc)


@every_module
def test_heavy_libraries_are_imported_where_they_are_used(name):
    """What `import nnscratch` reaches imports nothing but NumPy at the top of a file."""
    if name == "progress" or name and FLOOR_OF[room(name)] > PACKAGE_FLOOR:
        return
    for node in TREES[name].body:
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) else []
        tops = {n.split(".")[0] for n in names}
        assert not tops & {"scipy", "matplotlib", "cupy", "PIL", "rich", "safetensors", "h5py"}


@every_module
def test_torch_is_never_imported(name):
    for node in ast.walk(TREES[name]):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) else []
        assert not any(n.split(".")[0] == "torch" for n in names)


# -- habits ---------------------------------------------------------------------------------------


def public_without_docstring(tree):
    """Public functions and classes at the top of a module."""
    nodes = [n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))]
    return {n.name for n in nodes if n.name[0] != "_" and ast.get_docstring(n) is None}


# One line each, whose name says it all.
SELF_EXPLAINING = {
    "summary.shapes": {"where", "clip", "asarray", "broadcast_to", "zeros", "full", "concatenate"}
    | {"sum_pool", "max_pool"}
}


@every_module
def test_public_names_have_docstrings(name):
    missing = public_without_docstring(TREES[name]) - SELF_EXPLAINING.get(name, set())
    # every command is a file with these two
    assert missing - ({"configure", "run"} if room(name) == "cli" else set()) == set()


@every_module
def test_every_module_opens_with_what_it_is(name):
    assert ast.get_docstring(TREES[name])


@every_module
def test_no_assert_and_no_print(name):
    for node in ast.walk(TREES[name]):
        assert not isinstance(node, ast.Assert), f"line {node.lineno}: raise an error instead"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print" or room(name) in ("cli", "__main__")


def hidden_state(name, tree):
    """Names at the top of a module bound to something that can change, constants left out."""
    found = set()
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        value = getattr(node, "value", None)
        changes = isinstance(value, (ast.List, ast.Dict, ast.Set, ast.Call, ast.ListComp))
        for target in targets:
            if changes and isinstance(target, ast.Name) and not target.id.strip("_").isupper():
                found.add(f"{name}.{target.id}")
    return found - {f"{name}.__all__"}


@every_module
def test_no_mutable_state_but_the_named(name):
    assert hidden_state(name, TREES[name]) <= STATE
    for node in ast.walk(TREES[name]):
        if name == "engines.numpy.parallel":  # a fork makes the pool anew
            continue
        assert not isinstance(node, ast.Global), f"line {node.lineno}: a global statement"


def test_named_state_exists():
    everything = set().union(*(hidden_state(name, tree) for name, tree in TREES.items()))
    assert everything >= STATE


@every_module
def test_no_global_randomness_and_no_pickle(name):
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
            inner = node.value
            if isinstance(inner.value, ast.Name) and (inner.value.id, inner.attr) == (
                "np",
                "random",
            ):
                assert node.attr in ("default_rng", "Generator"), f"line {node.lineno}"
        if isinstance(node, ast.Import):
            assert "pickle" not in [alias.name for alias in node.names]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_lines_fit(path):
    lines = [re.sub(r"\s+# (noqa|type: ignore).*", "", x) for x in path.read_text().splitlines()]
    assert [i for i, line in enumerate(lines, 1) if len(line) > 100] == []
