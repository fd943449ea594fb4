"""A page taken apart, and a text that would do harm if it were not escaped."""

from html.parser import HTMLParser

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


class Parsed(HTMLParser):
    """The tags with their attributes, and the text."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text += data
