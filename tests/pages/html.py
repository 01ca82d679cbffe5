"""What every static page has to be: well-formed, without scripts, with pictures that decode, loading nothing from elsewhere."""

import base64
import io
from html.parser import HTMLParser

from PIL import Image

_VOID = {"meta", "img", "path", "polyline", "circle"}
_INSIDE = "data:image/png;base64,"


class Page(HTMLParser):
    """Fails on tags that are not closed in order and on scripts; collects texts, pictures inside the page and what is loaded."""

    def __init__(self, html):
        super().__init__()
        self.open, self.loads, self.pictures, self.texts = [], [], [], []
        self.feed(html)
        self.close()
        assert not self.open
        assert "nan" not in html.split("</style>")[1].split("base64")[0]

    @property
    def text(self):
        return " ".join(self.texts)

    def handle_starttag(self, tag, attrs):
        assert tag != "script"
        for name, value in attrs:
            assert not name.startswith("on")
            if name in ("src", "href"):
                self._link(value)
        if tag not in _VOID:
            self.open.append(tag)

    def _link(self, value):
        if value.startswith(_INSIDE):
            with Image.open(io.BytesIO(base64.b64decode(value.removeprefix(_INSIDE), validate=True))) as image:
                image.load()
                self.pictures.append(image)
        else:
            self.loads.append(value)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.texts.append(data)
