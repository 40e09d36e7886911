"""Bar charts as SVG: rows of labelled bars, with the spread of the runs as a thin line."""

import dataclasses
from xml.sax.saxutils import escape

_WIDTH, _LABELS, _RIGHT, _TOP, _BAR, _GAP = 860, 190, 90, 64, 16, 10
_COLOURS = ("#1f6f8b", "#68a3b5", "#b4d2db")
_OURS = ("#c2410c", "#e2824d", "#f6c3a3")
_STYLE = ("text{font-family:system-ui,sans-serif;font-size:12px;fill:#222}"
          ".title{font-size:16px;font-weight:600}.small{fill:#666}"
          ".grid{stroke:#ddd}.spread{stroke:#222}")


@dataclasses.dataclass(frozen=True)
class Bar:
    """A value, and the least and the most of the runs behind it."""
    value: float
    least: float
    most: float


def _nice_step(most, ticks=6):
    """1, 2 or 5 times a power of ten, so that about `ticks` of them reach `most`."""
    power = 1.0
    while power * ticks < most:
        power *= 10
    while power * ticks >= most:
        power /= 10
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor * ticks >= most)


def _number(value):
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def bars(title, unit, series, rows, note=""):
    """rows: [(label, [Bar or None for each of series])]; labels that begin with qed stand out."""
    most = max((bar.most for _, values in rows for bar in values if bar), default=1) or 1
    step = _nice_step(most)
    top_value = step * -(-most // step)
    scale = (_WIDTH - _LABELS - _RIGHT) / top_value
    row_height = _BAR * len(series) + _GAP
    bottom = _TOP + row_height * len(rows)
    height = bottom + 46
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
           f'viewBox="0 0 {_WIDTH} {height}" role="img">',
           f"<title>{escape(title)} ({escape(unit)})</title><style>{_STYLE}</style>",
           f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
           f'<text class="title" x="16" y="26">{escape(title)}, {escape(unit)}</text>']
    out += _legend(series)
    for tick in range(round(top_value / step) + 1):
        x = _LABELS + tick * step * scale
        out.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{bottom}"/>')
        out.append(f'<text class="small" x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">'
                   f"{_number(tick * step)}</text>")
    for index, (label, values) in enumerate(rows):
        out += _row(label, values, _TOP + index * row_height, scale, len(series))
    out.append(f'<text class="small" x="16" y="{height - 10}">{escape(note)}</text></svg>')
    return "\n".join(out) + "\n"


def _legend(series):
    if len(series) < 2:
        return
    x = 16
    for name, colour in zip(series, _COLOURS):
        yield f'<rect x="{x}" y="38" width="12" height="12" fill="{colour}"/>'
        yield f'<text x="{x + 18}" y="48">{escape(name)}</text>'
        x += 36 + 7 * len(name)


def _row(label, values, top, scale, series):
    middle = top + (_BAR * series + _GAP) / 2 + 4
    yield (f'<text x="{_LABELS - 8}" y="{middle:.1f}" text-anchor="end">{escape(label)}</text>')
    colours = _OURS if label.startswith("qed") else _COLOURS
    for index, bar in enumerate(values):
        if bar is None:
            continue
        y = top + _GAP / 2 + index * _BAR
        end = _LABELS + bar.value * scale
        yield (f'<rect x="{_LABELS}" y="{y + 1:.1f}" width="{max(0.5, bar.value * scale):.1f}" '
               f'height="{_BAR - 2}" fill="{colours[index]}"/>')
        if bar.most > bar.least:
            yield (f'<line class="spread" x1="{_LABELS + bar.least * scale:.1f}" '
                   f'x2="{_LABELS + bar.most * scale:.1f}" y1="{y + _BAR / 2:.1f}" '
                   f'y2="{y + _BAR / 2:.1f}"/>')
        text_at = max(end, _LABELS + bar.most * scale) + 6
        yield f'<text x="{text_at:.1f}" y="{y + _BAR - 4:.1f}">{_number(bar.value)}</text>'
