"""What a notebook shows: small HTML with everything escaped."""

from html.parser import HTMLParser

import numpy as np

from nnscratch import Tensor, nn, notebook
from nnscratch.training import Model


class Cells(HTMLParser):
    """The rows of a table, as lists of texts; all tags must be closed."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.open = [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.rows[-1].append(text)


class Evil(nn.Linear):
    def __repr__(self):
        return "<script>alert('&')</script>"


def test_a_summary_is_a_table():
    net = nn.Sequential({"<b>": nn.Conv2d(3, 4, 3), "b": nn.ReLU()})
    html = nn.summary(net, (1, 3, 8, 8))._repr_html_()
    rows = Cells(html).rows
    assert rows[0] == ["layer", "kind", "output", "parameters", "multiply-adds", "sees", "jump"]
    assert rows[1][:4] == ["<b>", "Conv2d", "(1, 4, 6, 6)", "112"]
    assert rows[-1][:2] == ["total", "112"]
    assert "<b>" not in html


def test_a_history_has_a_line_for_each_epoch():
    model = Model(nn.Linear(2, 1, rng=0)).compile("sgd", "mse")
    x = np.ones((4, 2), np.float32)
    history = model.fit(x, x[:, :1], epochs=3, verbose=False, validation_data=(x, x[:, :1]))
    rows = Cells(history._repr_html_()).rows
    assert rows[0] == ["epoch", "loss", "val_loss"]
    assert rows[1:] == [
        [str(i + 1), *(f"{history[name][i]:.4g}" for name in rows[0][1:])] for i in range(3)
    ]
    assert history == dict(history) and model.history is history


def test_tensors_and_models_are_their_repr_with_the_shape():
    x = Tensor(np.ones((2, 500, 3), np.float32))
    html = x._repr_html_()
    assert "shape (2, 500, 3), float32, on cpu" in html and "Tensor([[[1." in html
    assert len(html) < 2000
    html = Model(nn.Sequential(Evil(1, 1)))._repr_html_()
    assert "<script>" not in html and "&lt;script&gt;alert(&#x27;&amp;&#x27;)" in html


def test_heads_are_escaped():
    assert notebook.text(1, "<i>").startswith("&lt;i&gt;<br>")
