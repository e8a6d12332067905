"""The figures that have a counterpart, as bars in an SVG file."""

from xml.sax.saxutils import escape

from . import figures

_WIDTH, _MARGIN = 760, 16
# Where the bars begin, and how long the longest may be.
_LEFT, _LONGEST = 330, 250
_BAR, _PAIR, _GROUP, _HEAD = 12, 40, 34, 56
_OURS, _THEIRS, _INK, _PALE = "#1f6feb", "#b0b7c0", "#1f2328", "#59636e"

_FRAME = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"
     viewBox="0 0 {width} {height}" role="img" aria-label="{title}"
     font-family="Helvetica, Arial, sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
{body}
</svg>
"""


def write(path, found):
    """Writes the chart of `figures.Figures`."""
    title = "The cost of an NTLM login: ntlmdc and gss-ntlmssp"
    body = [_text(_MARGIN, 24, title, size=16, weight="bold")]
    legend = f"{found.about['date']}, commit {found.about['commit']}, {found.about['cpu']}"
    body.append(_text(_MARGIN, 42, legend, fill=_PALE))
    body += _legend()
    y = _HEAD
    for group, members in found.groups.items():
        pairs = [one for one in members if one.ratio is not None]
        if not pairs:
            continue
        body.append(_text(_MARGIN, y + 22, group, weight="bold"))
        y += _GROUP
        for figure in pairs:
            body += _pair(figure, y)
            y += _PAIR
    note = "Each pair has a scale of its own. Medians; a line shows the quartiles."
    body.append(_text(_MARGIN, y + 16, note, fill=_PALE))
    frame = _FRAME.format(
        width=_WIDTH, height=y + 30, title=escape(title), body="\n".join(body)
    )
    path.write_text(frame)


def _legend():
    x = _WIDTH - 190
    for name, colour in (("ntlmdc", _OURS), ("gss-ntlmssp", _THEIRS)):
        yield _bar(x, 14, 12, colour)
        yield _text(x + 18, 24, name)
        x += 75


def _pair(figure, y):
    better = "more" if figure.unit in figures.MORE_IS_BETTER else "less"
    yield _text(_MARGIN, y + 13, figure.title.strip())
    yield _text(_MARGIN, y + 27, f"{better} is better", fill=_PALE, size=10)
    factor = figure.ratio if better == "more" else 1 / figure.ratio
    both = ((figure.ours, _OURS, f"   {_told(factor)}"), (figure.theirs, _THEIRS, ""))
    scale = _LONGEST / max(found.median for found, _, _ in both)
    for found, colour, more in both:
        length = max(1, found.median * scale)
        yield _bar(_LEFT, y + 2, length, colour)
        low, high = found.low * scale, min(found.high * scale, _LONGEST + 20)
        if high - low > 1:
            yield _whisker(_LEFT + low, _LEFT + high, y + 2 + _BAR / 2)
        end = _LEFT + max(length, high) + 6
        yield _text(end, y + 12, figure.text(found.median) + more)
        y += _BAR + 3


def _told(factor):
    word = "better" if factor >= 1 else "worse"
    factor = max(factor, 1 / factor)
    return f"{factor:,.0f} times {word}" if factor >= 10 else f"{factor:.2f} times {word}"


def _bar(x, y, length, colour):
    size = f'width="{length:.1f}" height="{_BAR}"'
    return f'<rect x="{x}" y="{y}" {size} fill="{colour}"/>'


def _whisker(left, right, y):
    place = f'x1="{left:.1f}" x2="{right:.1f}" y1="{y}" y2="{y}"'
    return f'<line {place} stroke="{_INK}" stroke-width="1.5"/>'


def _text(x, y, text, fill=_INK, size=12, weight="normal"):
    look = f'fill="{fill}" font-size="{size}" font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {look}>{escape(text)}</text>'
