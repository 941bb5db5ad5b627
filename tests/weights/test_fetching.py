"""Fetching, from a server on loopback that behaves in every way: only the right file is kept."""

import contextlib
import hashlib
import http.server
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from nnscratch.weights import fetching

CONTENT = np.random.default_rng(0).bytes(300_000)
NAME = f"vgg19-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth"
OTHER = CONTENT[::-1]


class Server:
    """Answers GET by `behaviour(handler, first byte asked for)`; remembers what was asked."""

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
    """As a good server does, but what lies behind `stop` is promised and not sent."""
    if start >= len(content):
        answer(handler, 416, b"", Content_Range=f"bytes */{len(content)}")
        return
    span = f"bytes {start}-{len(content) - 1}/{len(content)}"
    status, headers = (206, {"Content_Range": span}) if start else (200, {})
    answer(handler, status, content[start:stop], len(content) - start, **headers)


def whole(handler, start):
    ranged(handler, start)


def breaks_off(every):
    """Each connection brings `every` bytes more."""
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
    "no range, ever": (lambda h, s: answer(h, 416, b""), "has no beginning"),
    "a page": (
        lambda h, s: answer(h, 200, b"<p>Log in</p>", Content_Type="text/html; charset=utf-8"),
        "gave a page, not a file",
    ),
    "a page that says it is a file": (
        lambda h, s: answer(h, 200, b"\n<!DOCTYPE html>", Content_Type="application/zip"),
        "gave a page, not a file",
    ),
    "another file": (lambda h, s: answer(h, 200, OTHER), "gave another file: expected a SHA-256"),
    "nothing": (lambda h, s: answer(h, 200, b""), "gave another file"),
    "too long a length": (lies_about_the_length(300_001), "after 300,000 of 300,001 bytes"),
    "too short a length": (lies_about_the_length(299_999), "gave another file"),
    "an absurd length": (lies_about_the_length(10**15), "no VGG has so many"),
    "more than fits": (lies_about_the_length(2 * 10**9), "choose another folder"),
    "no end": (endless, "more than 500,000 bytes came"),
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
    with pytest.raises(ValueError, match="a page"):
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


@pytest.mark.parametrize("url", ["file:///etc/hosts", "ftp://x/y", "vgg19.pth", "http://", "//x/y"])
def test_an_address_of_another_kind(tmp_path, url):
    with pytest.raises(ValueError, match=r"expected an address https"):
        fetching.fetch("vgg19", tmp_path, url)


def test_a_name_that_is_not_known(tmp_path):
    with pytest.raises(ValueError, match=r"one of \('vgg16', 'vgg19'\) to fetch, got 'vgg20'"):
        fetching.fetch("vgg20", tmp_path)


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
        ("vgg19.pth", None),
        ("vgg-verydeep-19.mat", None),
    ],
)
def test_the_hash_that_a_name_promises(name, promised):
    assert fetching.hash_in_name(name) == promised


def test_the_published_names():
    assert fetching.BASE == "https://download.pytorch.org/models/"
    assert fetching.FILES == {"vgg16": "vgg16-397923af.pth", "vgg19": "vgg19-dcbb9e9d.pth"}
