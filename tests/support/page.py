"""A page as a test reads it: tags, links, text, and what it would load from elsewhere."""

import re
from html.parser import HTMLParser

VOID = {"meta", "img", "br", "link", "input", "hr"}
OWN = ("data:image/", "#", "../../data_docs/", "../../snapshot_docs/")
"""How links begin that lead to the page itself or to another page of its lake."""


class Page(HTMLParser):
    """Collects tags, pictures and text, and checks that tags are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.alts: list[str] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        self.links += [value for key in ("src", "href") if (value := values.get(key))]
        if tag == "img":
            self.alts.append(values.get("alt") or "")
        if "id" in values:
            self.ids.append(values["id"] or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}>"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        """The visible text with single spaces."""
        return re.sub(r"\s+", " ", " ".join(self.words))


def foreign(text: str) -> list[str]:
    """Lists what a page loads from, or links to on, other hosts and other folders."""
    links = [link for link in Page(text).links if not link.startswith(OWN)]
    return links + re.findall(r"https?://[^\s\"'<]+|@import|url\(", text)
