"""Options that all commands have."""

import argparse
import pathlib
import shutil

_RESULTS = pathlib.Path(__file__).resolve().parents[2] / "results" / "latest"


def parser(program, description):
    made = argparse.ArgumentParser(prog=program, description=description,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--quick", action="store_true",
                      help="seconds instead of minutes: shows that it works, the figures say little")
    made.add_argument("--output", metavar="FOLDER", default=str(_RESULTS),
                      help="where results go (bench/results/latest)")
    made.add_argument("--json", metavar="FILE", help="a copy of the JSON")
    made.add_argument("--logs", metavar="FOLDER", help="keep configurations and logs there")
    return made


def filled(given, full, quick):
    """What was not given, from one of two sets of defaults."""
    for name, value in (quick if given.quick else full).items():
        if getattr(given, name, None) is None:
            setattr(given, name, value)
    if given.logs:
        pathlib.Path(given.logs).mkdir(parents=True, exist_ok=True)
    return given


def plain(given):
    """For the JSON: what was asked, without the places of one machine."""
    return {name: value for name, value in vars(given).items()
            if name not in ("output", "json", "logs", "list")}


def copy_json(given, path):
    if given.json:
        shutil.copyfile(path, given.json)
