"""Fetching from a local server with many kinds of faults: only the right file is kept."""

import contextlib
import errno
import hashlib
import http.server
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from nnscratch.files import locking
from nnscratch.weights import fetching

CONTENT = np.random.default_rng(0).bytes(300_000)
NAME = f"vgg19-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth"
OTHER = CONTENT[::-1]


class Server:
    """Answers GET by `behaviour(handler, first byte requested)`; records the requests."""

    def __init__(self):
        self.behaviour, self.asked = whole, []
        served = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                wanted = self.headers.get("Range")
                served.asked.append(wanted)
                with contextlib.suppress(ConnectionError):  # the other side may have left
                    served.behaviour(self, int(wanted[6:-1]) if wanted else 0)

            def log_message(self, *words):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = False  # closing waits for them
        self.url = f"http://127.0.0.1:{self.http.server_port}/{NAME}"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self):
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setitem(fetching.FILES, "vgg19", NAME)
    server = Server()
    yield server
    server.close()


# -- ways to behave -------------------------------------------------------------------------------


def answer(handler, status, body, length=None, **headers):
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)


def ranged(handler, start, content=CONTENT, stop=None):
    """A correct answer, except that bytes after `stop` are announced and not sent."""
    if start >= len(content):
        answer(handler, 416, b"", Content_Range=f"bytes */{len(content)}")
        return
    span = f"bytes {start}-{len(content) - 1}/{len(content)}"
    status, headers = (206, {"Content_Range": span}) if start else (200, {})
    answer(handler, status, content[start:stop], len(content) - start, **headers)


def whole(handler, start):
    ranged(handler, start)


def breaks_off(every):
    """Each connection sends `every` more bytes."""
    return lambda handler, start: ranged(handler, start, stop=start + every)


def ignores_range(handler, start):
    answer(handler, 200, CONTENT)


def lies_about_the_length(length):
    def behave(handler, start):
        if start:
            ranged(handler, start)
        else:
            answer(handler, 200, CONTENT, length)

    return behave


def fetch(server, folder, **more):
    return fetching.fetch("vgg19", folder, server.url, **more)


def only(folder):
    return [path.name for path in folder.iterdir()]


# -- what goes well -------------------------------------------------------------------------------


def test_a_file_comes_and_is_verified_and_progress_is_told(server, tmp_path):
    told = []
    path = fetch(server, tmp_path, progress=lambda here, total: told.append((here, total)))
    assert path == tmp_path / NAME
    assert path.read_bytes() == CONTENT
    assert only(tmp_path) == [NAME]
    assert [here for here, _ in told] == sorted(here for here, _ in told)
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert {total for _, total in told} == {len(CONTENT)}


def test_what_is_here_is_not_fetched_again(server, tmp_path):
    fetch(server, tmp_path)
    fetch(server, tmp_path)
    assert server.asked == [None]


def test_a_connection_that_breaks_off_is_taken_up_again(server, tmp_path):
    server.behaviour = breaks_off(100_000)
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=100000-", "bytes=200000-"]


def test_the_next_call_goes_on_where_the_last_one_stopped(server, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "TRIES", 1)
    server.behaviour = breaks_off(100_000)
    with pytest.raises(ValueError, match=r"after 100,000 of 300,000 bytes; 0.1 MB are kept"):
        fetch(server, tmp_path)
    assert only(tmp_path) == [f"{NAME}.part"]
    server.behaviour = whole
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=100000-"]


def test_a_server_that_ignores_the_range_sends_all_of_it(server, tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:1000])
    server.behaviour = ignores_range
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert server.asked == ["bytes=1000-"]


def test_another_range_than_asked_for_is_not_added(server, tmp_path):
    def shifted(handler, start):
        ranged(handler, start - 10 if start else 0)

    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:1000])
    server.behaviour = shifted
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert server.asked == ["bytes=1000-", None]


@pytest.mark.parametrize("part", [OTHER[:1000], OTHER, OTHER + b"x", CONTENT + b"x"])
def test_a_part_of_another_file_is_dropped_and_all_is_fetched(server, tmp_path, part):
    (tmp_path / f"{NAME}.part").write_bytes(part)
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert only(tmp_path) == [NAME]


def test_a_part_that_is_whole_only_lacks_its_name(server, tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT)
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert server.asked == []


def test_no_length_at_all(server, tmp_path):
    def unmeasured(handler, start):
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(CONTENT)

    told = []
    server.behaviour = unmeasured
    path = fetch(server, tmp_path, progress=lambda *pair: told.append(pair))
    assert path.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), None)


def test_a_redirect_is_followed(server, tmp_path):
    def elsewhere(handler, start):
        if handler.path == "/moved":
            whole(handler, start)
        else:
            answer(handler, 302, b"", Location="/moved")

    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:1000])
    server.behaviour = elsewhere
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert server.asked == ["bytes=1000-"] * 2


def test_a_slow_server_is_waited_for(server, tmp_path, monkeypatch):
    def slow(handler, start):
        answer(handler, 200, CONTENT[:100_000], len(CONTENT))
        for begin in (100_000, 200_000):
            time.sleep(0.1)
            handler.wfile.write(CONTENT[begin : begin + 100_000])

    monkeypatch.setattr(fetching, "TIMEOUT", 5.0)
    server.behaviour = slow
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert server.asked == [None]


# -- stopped half-way -----------------------------------------------------------------------------


def interrupted(*told):
    raise KeyboardInterrupt


def test_what_ctrl_c_leaves_is_said_and_used(server, tmp_path):
    with pytest.raises(KeyboardInterrupt, match=rf"^0\.\d MB are kept in '.*{NAME}\.part'$"):
        fetch(server, tmp_path, progress=interrupted)
    assert only(tmp_path) == [f"{NAME}.part"]
    kept = (tmp_path / f"{NAME}.part").stat().st_size
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert 0 < kept < len(CONTENT) and server.asked == [None, f"bytes={kept}-"]


def test_ctrl_c_before_the_first_byte_promises_nothing(server, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "_open", interrupted)
    with pytest.raises(KeyboardInterrupt, match="^$"):
        fetch(server, tmp_path)
    assert only(tmp_path) == []


# -- several at once ------------------------------------------------------------------------------

SECOND_PROCESS = """
import sys
from nnscratch.files import locking
from nnscratch.weights import fetching
fetching.FILES["vgg19"] = sys.argv[1]
fetching.fetch("vgg19", *sys.argv[2:])
"""


@contextlib.contextmanager
def half_way(server, folder):
    """Another process that has begun to fetch, and waits for an event."""
    go_on, part = threading.Event(), folder / f"{NAME}.part"

    def waits(handler, start):
        if go_on.is_set():
            whole(handler, start)
            return
        answer(handler, 200, CONTENT[:100_000], len(CONTENT))
        go_on.wait(20)
        handler.wfile.write(CONTENT[100_000:])

    server.behaviour = waits
    words = [sys.executable, "-c", SECOND_PROCESS, NAME, str(folder), server.url]
    with subprocess.Popen(words) as process:
        try:
            while not (part.is_file() and part.stat().st_size > 50_000):
                assert process.poll() is None
                time.sleep(0.01)
            yield process, go_on
        finally:
            go_on.set()


def test_a_process_that_was_quicker_spares_the_download(server, tmp_path, monkeypatch):
    @contextlib.contextmanager
    def waits_for_the_other(target):
        target.write_bytes(CONTENT)
        yield

    monkeypatch.setattr(fetching, "_alone", waits_for_the_other)
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert server.asked == []


def test_two_processes_do_not_spoil_each_other(server, tmp_path):
    with half_way(server, tmp_path) as (process, go_on):
        with pytest.raises(ValueError, match=rf"another process is fetching '.*{NAME}'; wait"):
            fetch(server, tmp_path)
        assert server.asked == [None]
        go_on.set()
        assert process.wait(20) == 0
    assert (tmp_path / NAME).read_bytes() == CONTENT
    assert only(tmp_path) == [NAME]


def test_a_process_that_dies_locks_nobody_out(server, tmp_path):
    with half_way(server, tmp_path) as (process, go_on):
        process.kill()
        process.wait(20)
        go_on.set()
        kept = (tmp_path / f"{NAME}.part").stat().st_size
        assert len(only(tmp_path)) == 2  # it could not remove its lock
        assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={kept}-"]
    assert only(tmp_path) == [NAME]


def test_another_file_is_fetched_meanwhile(server, tmp_path, monkeypatch):
    other = NAME.replace("vgg19", "vgg16")
    monkeypatch.setitem(fetching.FILES, "vgg16", other)
    with half_way(server, tmp_path) as (_, go_on):
        go_on.set()
        assert fetching.fetch("vgg16", tmp_path, server.url) == tmp_path / other


def test_a_lock_that_was_removed_under_our_hands_is_none(server, tmp_path, monkeypatch):
    """The holder removed the lock file after we opened it: a third process may hold the next."""
    lock = locking.system_lock

    def too_late(file):
        (tmp_path / f"{NAME}.lock").unlink()
        lock(file)

    monkeypatch.setattr(locking, "system_lock", too_late)
    with pytest.raises(ValueError, match="another process"):
        fetch(server, tmp_path)
    assert server.asked == [] and only(tmp_path) == []


def test_a_file_system_without_locks(server, tmp_path, monkeypatch):
    def unknown(file):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locking, "system_lock", unknown)
    assert fetch(server, tmp_path).read_bytes() == CONTENT
    assert only(tmp_path) == [NAME]


# -- what goes wrong: in words, and the earlier file stays ----------------------------------------


def stalls(handler, start):
    answer(handler, 200, CONTENT[:1000], len(CONTENT))
    time.sleep(0.6)


def hangs_up(handler, start):
    handler.close_connection = True


def speaks_another_language(handler, start):
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")


def endless(handler, start):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(bytes(10_000))


WRONG = {
    "not found": (lambda h, s: answer(h, 404, b"no"), "answered 404 Not Found"),
    "at fault": (lambda h, s: answer(h, 500, b"no"), "answered 500 Internal Server Error"),
    "no range, ever": (lambda h, s: answer(h, 416, b""), "has no first byte"),
    "a page": (
        lambda h, s: answer(h, 200, b"<p>Log in</p>", Content_Type="text/html; charset=utf-8"),
        "gave a web page, not a file",
    ),
    "a page that says it is a file": (
        lambda h, s: answer(h, 200, b"\n<!DOCTYPE html>", Content_Type="application/zip"),
        "gave a web page, not a file",
    ),
    "another file": (lambda h, s: answer(h, 200, OTHER), "gave another file: expected a SHA-256"),
    "nothing": (lambda h, s: answer(h, 200, b""), "gave another file"),
    "too long a length": (lies_about_the_length(300_001), "after 300,000 of 300,001 bytes"),
    "too short a length": (lies_about_the_length(299_999), "gave another file"),
    "an absurd length": (lies_about_the_length(10**15), "unlike a VGG"),
    "more than fits": (lies_about_the_length(2 * 10**9), "choose another folder"),
    "no end": (endless, "over 500,000 bytes"),
    "silence": (stalls, "after|timed out"),
    "hanging up": (hangs_up, "without a network: fetch it on another machine, and copy it to"),
    "another language": (speaks_another_language, "cannot fetch"),
    "in circles": (lambda h, s: answer(h, 302, b"", Location=h.path), "answered 302"),
    "to a local file": (
        lambda h, s: answer(h, 302, b"", Location="file:///etc/hosts"),
        "is not allowed",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_goes_wrong_is_said_and_the_earlier_file_stays(server, tmp_path, monkeypatch, case):
    server.behaviour, said = WRONG[case]
    limits = {"absurd": 2 << 30, "fits": 2 << 30}
    limit = next((value for word, value in limits.items() if word in case), 500_000)
    monkeypatch.setattr(fetching, "LIMIT", limit)
    monkeypatch.setattr(fetching, "TIMEOUT", 0.2)
    usage = fetching.shutil.disk_usage(tmp_path)._replace(free=10**9)
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda path: usage)
    (tmp_path / NAME).write_bytes(b"earlier")
    start = time.perf_counter()
    with pytest.raises(ValueError, match=said) as caught:
        fetch(server, tmp_path)
    assert time.perf_counter() - start < 3
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("weights: ")
    assert (tmp_path / NAME).read_bytes() == b"earlier"
    part = tmp_path / f"{NAME}.part"  # either nothing, or the beginning of the right file
    assert not part.is_file() or CONTENT.startswith(part.read_bytes())


def test_an_answer_without_a_byte_does_not_cost_what_is_here(server, tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:1000])
    server.behaviour = lambda handler, start: answer(handler, 200, b"", len(CONTENT))
    with pytest.raises(ValueError, match="before the first byte"):
        fetch(server, tmp_path)
    assert (tmp_path / f"{NAME}.part").read_bytes() == CONTENT[:1000]


def test_a_page_in_between_does_not_cost_what_is_here(server, tmp_path):
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:1000])
    server.behaviour = WRONG["a page"][0]
    with pytest.raises(ValueError, match="a web page"):
        fetch(server, tmp_path)
    assert (tmp_path / f"{NAME}.part").read_bytes() == CONTENT[:1000]


def test_a_bad_file_is_not_kept(server, tmp_path):
    server.behaviour = WRONG["another file"][0]
    with pytest.raises(ValueError, match="nothing was kept"):
        fetch(server, tmp_path)
    assert only(tmp_path) == []


def test_a_broken_earlier_file_is_replaced(server, tmp_path):
    (tmp_path / NAME).write_bytes(CONTENT[:-1])
    assert fetch(server, tmp_path).read_bytes() == CONTENT


def test_nobody_listens(server, tmp_path):
    server.close()
    with pytest.raises(ValueError, match=r"refused.*copy it to '.*\.pth'"):
        fetch(server, tmp_path)
    server.__init__()  # for the fixture to close


def test_a_folder_that_cannot_take_it(server, tmp_path):
    (tmp_path / f"{NAME}.part").mkdir()
    with pytest.raises(ValueError, match="cannot write"):
        fetch(server, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="cannot create the folder"):
        fetch(server, tmp_path / "file")
    with pytest.raises(ValueError, match="create it first"):
        fetch(server, tmp_path / "none" / "deeper")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/hosts",
        "ftp://x/y",
        "vgg19.pth",
        "http://",
        "//x/y",
        "http://[x",
        "http://a..b/c",
    ],
)
def test_an_address_of_another_kind(tmp_path, url):
    with pytest.raises(ValueError, match=r"expected an address https"):
        fetching.fetch("vgg19", tmp_path, url)


def test_a_name_that_is_not_known(tmp_path):
    with pytest.raises(ValueError, match=r"one of vgg11, vgg13, .* to fetch, got 'vgg20'"):
        fetching.fetch("vgg20", tmp_path)
    with pytest.raises(ValueError, match="got 'vgg20'"):
        fetching.fetched("vgg20")


def test_never_from_https_to_http():
    class Answer:
        closed = False

        def close(self):
            self.closed = True

    request = fetching.urllib.request.Request("https://here/a")
    body = Answer()
    with pytest.raises(ValueError, match="not followed"):
        fetching._Redirects().redirect_request(request, body, 302, "Found", {}, "http://here/b")
    assert body.closed
    on = fetching._Redirects().redirect_request(request, body, 302, "", {}, "https://there/b")
    assert on.full_url == "https://there/b"


# -- names and places -----------------------------------------------------------------------------


def test_the_folder_is_the_usual_one_of_the_platform(monkeypatch, tmp_path):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    assert fetching.cache_folder("linux") == tmp_path / ".cache/nnscratch"
    assert fetching.cache_folder("darwin") == tmp_path / "Library/Caches/nnscratch"
    assert fetching.cache_folder("win32") == tmp_path / "AppData/Local/nnscratch"
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert fetching.cache_folder("win32") == tmp_path / "local/nnscratch"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert fetching.cache_folder("linux") == tmp_path / "xdg/nnscratch"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert fetching.cache_folder("linux") == tmp_path / ".cache/nnscratch"


def test_without_a_folder_it_goes_there_and_it_is_made(server, monkeypatch, tmp_path):
    monkeypatch.setattr(fetching, "cache_folder", lambda: tmp_path / "a" / "b")
    assert fetch(server, None).parent == tmp_path / "a" / "b"


def test_no_home_is_said(monkeypatch):
    def nowhere():
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", nowhere)
    with pytest.raises(ValueError, match="no home; name a folder"):
        fetching.cache_folder()


@pytest.mark.parametrize(
    ("name", "promised"),
    [
        ("vgg19-dcbb9e9d.pth", "dcbb9e9d"),
        ("vgg16_features-amdegroot-88682ab5.pth", "88682ab5"),
        ("vgg19-dcbb9e9d (1).pth", "dcbb9e9d"),
        ("vgg13-19584684.pth", "19584684"),
        ("vgg19-20240131ab.pth", "20240131ab"),
        ("vgg19-20240131.pth", None),  # a day
        ("vgg19.pth", None),
        ("vgg-verydeep-19.mat", None),
    ],
)
def test_the_hash_that_a_name_promises(name, promised):
    assert fetching.hash_in_name(name) == promised


def test_the_published_names():
    assert fetching.BASE == "https://download.pytorch.org/models/"
    counts, norms = ("11", "13", "16", "19"), ("", "_bn")
    assert list(fetching.FILES) == [f"vgg{count}{norm}" for norm in norms for count in counts]
    for name, file_name in fetching.FILES.items():
        assert file_name == f"{name}-{fetching.hash_in_name(file_name)}.pth"
    digest = "dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44"
    assert digest.startswith(fetching.hash_in_name(fetching.FILES["vgg19"]))


# -- what has been fetched ------------------------------------------------------------------------


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """An empty cache folder; the current folder is a different empty one."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(fetching, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


def test_what_was_fetched_is_found_by_its_name_and_not_hashed_again(server, cache, monkeypatch):
    path = fetch(server, None)
    monkeypatch.setattr(fetching, "sha256", None)
    assert fetching.fetched("vgg19") == fetching.locate("vgg19") == path
    assert server.asked == [None]


@pytest.mark.parametrize("ask", [fetching.fetched, fetching.locate])
def test_what_was_not_fetched_is_said_with_the_command(server, cache, ask):
    cache.mkdir()
    (cache / f"{NAME}.part").write_bytes(CONTENT[:1000])
    with pytest.raises(ValueError, match=rf"no '.*{NAME}'; .*: nnscratch weights fetch vgg19$"):
        ask("vgg19")
    assert server.asked == []


def test_a_path_stays_as_it_is(cache):
    for path in ("vgg20", "./vgg19", "none/vgg19", Path("vgg19"), "builtin"):
        assert fetching.locate(path) is path


def test_a_file_here_wins_over_the_name(server, cache):
    fetch(server, None)
    Path("vgg19").mkdir()
    assert fetching.locate("vgg19") == cache / NAME
    Path("vgg19").rmdir()
    Path("vgg19").write_text("a file")
    assert fetching.locate("vgg19") == "vgg19"
