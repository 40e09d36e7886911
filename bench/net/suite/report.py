"""Markdown and the folder of results."""

import json
import pathlib

import machine as machines
from chart import Bar, bars
from figures import BY_KEY, FIGURES, WITHOUT_RATIO, tunnels

_RESULTS = ("tunnel-offload", "tunnel-gro", "tunnel-none", "congestion", "packets", "connections",
            "bond", "shards", "lanes")
_CHARTS = (
    ("tcp", "One TCP stream through the tunnel", "Gbit/s", ("tcp_ab_gbps", "tcp_ba_gbps")),
    ("cpu", "CPU seconds of both ends per gigabyte", "s/GB", ("cpu_s_per_gb",)),
    ("packets", "Packets per second under 1 % loss", "thousands",
     ("packets_64_kpps", "packets_1200_kpps")),
    ("rtt-idle", "Round trip, idle", "ms", ("rtt_idle_p50_ms", "rtt_idle_p99_ms")),
    ("rtt-loaded", "Round trip beside a saturating TCP stream", "ms",
     ("rtt_loaded_p50_ms", "rtt_loaded_p99_ms")),
    ("memory", "Resident memory of both ends at the end", "MB", ("memory_end_mb",)),
)


def table(header, rows):
    """Lines of a Markdown table, padded so that it can be read as it is."""
    cells = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
             for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return lines


def targets_table(lines):
    return table(["figure", "target", "measured", "verdict"],
                 [[line["figure"], line["target"], line["measured"], line["verdict"]]
                  for line in lines])


def write(folder, name, results, body):
    """NAME.json, NAME.md and, from all that lies in the folder, targets.md."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    head = [f"# {name}", "", *("- " + line for line in machines.lines(results["machine"])), ""]
    text = "\n".join([*head, *targets_table(results["targets"]), "", *body]) + "\n"
    (folder / f"{name}.md").write_text(text, encoding="utf-8")
    _write_all_targets(folder)
    return text


def _write_all_targets(folder):
    found = [json.loads(path.read_text(encoding="utf-8"))
             for path in (folder / f"{name}.json" for name in _RESULTS) if path.exists()]
    lines = ["# Targets", "",
             *targets_table([line for results in found for line in results["targets"]]), "",
             *(f"- {results['command']}: {results['machine']['date']}, QuicEther "
               f"{results['machine']['quicether_commit']}" for results in found)]
    (folder / "targets.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def tunnel_body(results):
    """The part of tunnel-*.md that follows the targets."""
    summary, ratios = results["medians"], results["ratios"]
    keys = [figure for figure in FIGURES if any(figure.key in each for each in summary.values())]
    lines = ["## Medians", "", "One row per figure; in brackets the ratio to wireguard-go in the "
             "same run.", ""]
    rows = []
    for figure in keys:
        row = [f"{figure.title}, {figure.unit}"]
        for name, figures in summary.items():
            cell = figures.get(figure.key)
            text = f"{cell['median']:.{figure.digits}f}" if cell else "-"
            ratio = ratios.get(name, {}).get(figure.key)
            if ratio is not None and figure.key not in WITHOUT_RATIO:
                text += f" ({ratio:.2f})"
            row.append(text)
        rows.append(row)
    lines += table(["", *summary], rows)
    disturbed = max((cell["others_cores"]["most"] for cell in summary.values()
                     if "others_cores" in cell), default=0)
    if disturbed > 0.1:
        lines += ["", f"Other programs used up to {disturbed:.2f} cores meanwhile: only ratios say "
                  "something, and not much."]
    versions = {run["peer"]: run["version"] for run in results["runs"] if "version" in run}
    lines += ["", "## Versions", "", *(f"- {name}: {text}" for name, text in versions.items())]
    troubles = [f"- {run['peer']}, run {run['run']}: {text}" for run in results["runs"]
                for text in run.get("troubles", [])]
    return lines + (["", "## What did not work", "", *troubles] if troubles else [])


def tunnel_charts(folder, name, results):
    """NAME-*.svg: the tunnels alone, the best first."""
    summary = tunnels(results["medians"])
    note = (f"{results['machine']['cpu']}, {results['machine']['cores']} cores, Linux "
            f"{results['machine']['kernel']}, veth {results['options']['veth']}, medians of "
            f"{results['options']['runs']}; both ends on this machine")
    for suffix, title, unit, keys in _CHARTS:
        rows = [(peer, [_bar(figures.get(key)) for key in keys])
                for peer, figures in summary.items() if any(key in figures for key in keys)]
        rows.sort(key=lambda row: max(bar.value for bar in row[1] if bar),
                  reverse=BY_KEY[keys[0]].more_is_better)
        if rows:
            svg = bars(title, unit, [BY_KEY[key].title for key in keys], rows, note)
            (pathlib.Path(folder) / f"{name}-{suffix}.svg").write_text(svg, encoding="utf-8")


def _bar(cell):
    return Bar(cell["median"], cell["least"], cell["most"]) if cell else None
