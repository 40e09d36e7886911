"""The bonds of ../profiles.toml."""

import dataclasses
import pathlib
import re
import tomllib

FILE = pathlib.Path(__file__).resolve().parents[1] / "profiles.toml"
_UNITS = {"kbit": 1e-3, "Mbit": 1.0, "Gbit": 1e3, "us": 1e-3, "ms": 1.0, "s": 1e3}


@dataclasses.dataclass(frozen=True)
class Bond:
    """Some links between two ends; `links` and `back` are profiles of the link emulator."""
    name: str
    title: str
    links: tuple
    back: tuple
    flaps: tuple = ()
    warm: int = 3
    sweep: bool = True
    queues: str = ""

    def rates(self, backwards=False):
        """Mbit/s of the links."""
        return [part(link, "rate") for link in (self.back if backwards else self.links)]

    def fastest(self):
        return max(range(len(self.links)), key=self.rates().__getitem__)

    def round_trips(self):
        """ms of the links, without queues."""
        return [part(there, "delay") + part(back, "delay")
                for there, back in zip(self.links, self.back)]

    def mtu(self, link):
        return int(min(part(text[link], "mtu", 1500) for text in (self.links, self.back)))


def part(link, name, otherwise=None):
    """A number of a profile: Mbit/s, ms, or without a unit."""
    found = re.search(rf"(?:^|,){name}=([\d.]+)([a-zA-Z]*)", link)
    if not found:
        return otherwise
    return float(found.group(1)) * _UNITS.get(found.group(2), 1.0)


def load(path=FILE):
    """{name: Bond}, in the file's order."""
    with open(path, "rb") as file:
        entries = tomllib.load(file)["bond"]
    bonds = {}
    for entry in entries:
        links = tuple(entry.pop("links"))
        back = tuple(entry.pop("back", links))
        flaps = tuple(entry.pop("flaps", ()))
        if len(back) != len(links):
            raise ValueError(f"{entry['name']}: as many links back as there are needed")
        bonds[entry["name"]] = Bond(links=links, back=back, flaps=flaps, **entry)
    return bonds
