"""Take out the parts of a page that a browser would not show.

Seen are the `hidden` attribute, inline styles, and rules of the page's own `<style>` with a simple
selector (`.class`, `#id`, `tag`) outside of media queries; style sheets elsewhere are never
fetched. Text in the colour of its own background is hidden too, and white text without any
background near it unless a style sheet that we do not see may give it one.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lxml import etree

from ingest.parsers.html_tree import markup_of, tree

_WORTH_A_LOOK: Final = re.compile(
    r"\bhidden\b|display|visibility|opacity|font|color|text-indent|position|clip", re.IGNORECASE
)
_NOTHING: Final = r"0*\.?0*(?:px|pt|r?em|%)?"
_AWAY: Final = re.compile(r"-\d{3,}.*")
_UNSEEN: Final = {
    "display": re.compile("none"),
    "visibility": re.compile("hidden|collapse"),
    "opacity": re.compile(r"0*\.0\d*|0+%?"),
    "font-size": re.compile(rf"{_NOTHING}|0*\.\d+px|1px"),
    "text-indent": _AWAY,
    "left": _AWAY,
    "top": _AWAY,
    "clip": re.compile(r"rect\((?:[\s,]*[01](?:px)?){4}\s*\)"),
    "clip-path": re.compile(r"inset\((?:50|100)%\)"),
}
_WHITE: Final = re.compile(r"white|snow|ivory|#f[a-f]f[a-f]f[a-f]|#fff|rgba?\(255, ?255, ?255.*")
_CLEAR: Final = re.compile(r"transparent|inherit|initial|none|currentcolor|unset")
_RULE: Final = re.compile(r"([^{}]{1,500})\{([^{}]{0,2000})\}")
_SELECTOR: Final = re.compile(r"(?:[a-z][a-z0-9]*)?(?:[.#][\w-]+)?", re.IGNORECASE)
_AT_RULE: Final = re.compile(r"@[^{};]*+(?:;|\{(?:[^{}]|\{[^{}]*+\})*+\})")
_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
_NEVER: Final = frozenset({"html", "body", "head", "title"})

Style = Mapping[str, str]


def without_hidden(markup: str) -> str:
    """Return `markup` without the elements that cannot be seen; as it is when it hides nothing."""
    if not _WORTH_A_LOOK.search(markup):
        return markup
    root = tree(markup)
    if root is None:
        return markup
    hidden = _Page(root).hidden()
    for element in hidden:
        if element.getparent() is not None:
            element.drop_tree()
    return markup_of(root) if hidden else markup


def hides_itself(attributes: Mapping[str, str | None]) -> bool:
    """Whether an element's own attributes hide it."""
    return "hidden" in attributes or _is_unseen(_declared(attributes.get("style") or ""))


class _Page:
    def __init__(self, root: Any) -> None:
        self._root = root
        self._rules = dict(_rules(root))
        self._styled_elsewhere = root.find(".//link[@rel='stylesheet']") is not None

    def hidden(self) -> list[Any]:
        return [one for one in self._root.iter(etree.Element) if self._is_hidden(one)]

    def _is_hidden(self, element: Any) -> bool:
        if not isinstance(element.tag, str) or element.tag in _NEVER:
            return False
        style = self._style(element)
        if "hidden" in element.attrib or _is_unseen(style):
            return True
        return "color" in style and self._is_camouflaged(element, style["color"])

    def _is_camouflaged(self, element: Any, colour: str) -> bool:
        """Compare with the background of the nearest element that has one."""
        for around in [element, *element.iterancestors()]:
            style = self._style(around)
            background = style.get("background-color") or style.get("background")
            if background and not _CLEAR.fullmatch(background):
                return colour == background or _are_white(colour, background)
        return _are_white(colour) and not self._styled_elsewhere

    def _style(self, element: Any) -> Style:
        names = [element.tag] if isinstance(element.tag, str) else []
        for name in (element.get("class") or "").split():
            names += [f".{name}", f"{element.tag}.{name}"]
        if identity := element.get("id"):
            names += [f"#{identity}", f"{element.tag}#{identity}"]
        rules = ";".join(self._rules[name] for name in names if name in self._rules)
        return _declared(f"{_presentation(element)};{rules};{element.get('style') or ''}")


def _presentation(element: Any) -> str:
    colour, background = element.get("color"), element.get("bgcolor")
    return f"color:{colour or ''};background:{background or ''}"


def _declared(style: str) -> Style:
    """Read declarations; of two for one property the later counts."""
    declared = {}
    for declaration in style.split(";"):
        name, _, value = declaration.partition(":")
        if value := value.lower().replace("!important", "").strip():
            declared[name.strip().lower()] = value
    return declared


def _is_unseen(style: Style) -> bool:
    return any(
        name in style and pattern.fullmatch(style[name]) for name, pattern in _UNSEEN.items()
    )


def _are_white(*colours: str) -> bool:
    return all(_WHITE.fullmatch(colour) for colour in colours)


def _rules(root: Any) -> Iterator[tuple[str, str]]:
    gathered: dict[str, str] = {}
    for sheet in root.iter("style"):
        text = _AT_RULE.sub("", _COMMENT.sub("", sheet.text or ""))
        for selectors, body in _RULE.findall(text):
            for selector in map(str.strip, selectors.split(",")):
                if selector and _SELECTOR.fullmatch(selector):
                    gathered[selector] = f"{gathered.get(selector, '')};{body}"
    yield from gathered.items()
