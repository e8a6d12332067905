"""docs/capacity.svg, drawn from two tables of the page."""

import math

from scenarios import LOGINS

WIDTH, HEIGHT = 880, 360
TOP, BOTTOM = 60, 300
PANELS = ((70, 420), (510, 860))
LEAST, MOST = 0.001, 30.0
TICKS = ((0.001, "1 ms"), (0.01, "10 ms"), (0.1, "0.1 s"), (1, "1 s"), (10, "10 s"))
COLOURS = ("#1b7837", "#b35806", "#762a83")
FONT = 'font-family="sans-serif" font-size="12"'


def seconds(cell):
    """A cell such as `12 ms` or `3.4 s`; `None` for a dash."""
    if cell == "–":
        return None
    number, unit = cell.split()
    return float(number) * (0.001 if unit == "ms" else 1)


def cells(lines):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def of_time(value):
    """A height between 0 and 1, on a logarithmic scale."""
    return math.log(min(max(value, LEAST), MOST) / LEAST) / math.log(MOST / LEAST)


def of_share(value):
    return value / 0.7


def height(part):
    return BOTTOM - (BOTTOM - TOP) * part


def text(x, y, words, anchor="middle", more=""):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" {FONT}{more}>{words}</text>'


def line(points, colour):
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
    return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>', *dots]


def axes(place, names, ticks, title, below):
    left, right = place
    drawn = [text((left + right) / 2, 24, title, more=' font-weight="bold"')]
    for part, label in ticks:
        y = height(part)
        drawn.append(f'<path d="M{left} {y:.1f}H{right}" stroke="#ccc"/>')
        drawn.append(text(left - 6, y + 4, label, "end"))
    drawn += [text(at(place, i, len(names)), BOTTOM + 18, name) for i, name in enumerate(names)]
    return [*drawn, text((left + right) / 2, BOTTOM + 40, below)]


def at(place, index, number):
    left, right = place
    return left + (right - left) * (index + 0.5) / number


def lines(place, series, legend):
    """`series`: a name, and a height or `None` for each step. `legend`: where the names begin."""
    drawn = []
    for number, (name, parts) in enumerate(series):
        colour = COLOURS[number]
        points = [
            (at(place, index, len(parts)), height(part))
            for index, part in enumerate(parts)
            if part is not None
        ]
        drawn += line(points, colour)
        x, y = legend
        drawn.append(text(x, y + 16 * number, name, "start", f' fill="{colour}"'))
    return drawn


def waits(tables):
    rows = cells(tables["controllers"])
    names = list(dict.fromkeys(row[0] for row in rows))
    series = []
    for kind in dict.fromkeys(row[1] for row in rows):
        found = [seconds(row[4]) for row in rows if row[1] == kind]
        parts = [None if wait is None else of_time(wait) for wait in found]
        series.append((f"one fails: {kind}", parts))
    ticks = [(of_time(value), label) for value, label in TICKS]
    place = PANELS[0]
    drawn = axes(place, names, ticks, "99 % of the logins wait no longer than", "controllers")
    return drawn + lines(place, series, (place[0] + 170, 150))


def shares(tables):
    rows = cells(tables["host_logons"])
    let_in = [of_share(float(row[1].split()[0]) / 100) for row in rows]
    late = [of_share(int(row[6].replace(",", "")) / LOGINS) for row in rows]
    ticks = [(of_share(part / 10), f"{10 * part} %") for part in range(0, 8, 2)]
    place = PANELS[1]
    names = [row[0] for row in rows]
    drawn = axes(place, names, ticks, "of all logins, with one controller", "host_logons")
    return drawn + lines(place, [("let in", let_in), ("answered too late", late)], (530, 90))


def draw(tables):
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
    ground = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    return "\n".join([head, ground, *waits(tables), *shares(tables), "</svg>"]) + "\n"
