"""The few SVG shapes that the charts are made of; coordinates in pixels, y downwards."""

from collections.abc import Sequence

from quals_jax.report.markup import Child, Markup, element


def drawing(width: float, height: float, title: str, *shapes: Child) -> Markup:
    """An SVG image that scales with the page; `title` is what a screen reader says."""
    return element(
        "svg",
        element("title", title),
        *shapes,
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        role="img",
        aria_label=title,
        style=f"min-width:{min(width, 640):.0f}px;max-width:{width:.0f}px",
    )


def text(x: float, y: float, content: Child, class_: str = "", anchor: str = "start") -> Markup:
    """Text with its baseline at y; anchor start, middle or end."""
    return element("text", content, x=x, y=y, class_=class_ or None, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, class_: str = "grid") -> Markup:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def box(
    x: float, y: float, width: float, height: float, class_: str, hint: str | None = None
) -> Markup:
    """A rectangle; `hint` appears under the pointer."""
    label = element("title", hint) if hint else None
    return element(
        "rect", label, x=x, y=y, width=max(width, 0.0), height=max(height, 0.0), class_=class_, rx=1
    )


def path(points: Sequence[tuple[float, float]], class_: str, closed: bool = False) -> Markup:
    """A line through the points."""
    steps = " ".join(f"{'L' if i else 'M'}{x:.1f} {y:.1f}" for i, (x, y) in enumerate(points))
    return element("path", d=steps + ("Z" if closed else ""), class_=class_)


def dot(x: float, y: float, radius: float, class_: str, hint: str | None = None) -> Markup:
    """A disc; `hint` appears under the pointer."""
    label = element("title", hint) if hint else None
    return element("circle", label, cx=x, cy=y, r=radius, class_=class_)
