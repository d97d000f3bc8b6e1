"""Treatments: what the input files say, resolved and checked."""

import json
from collections.abc import Mapping
from functools import cached_property
from html import escape
from os import PathLike

from . import _core
from .named import Named

Value = bool | int | float | str | list[float]


def toml_text(value: Value) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # TOML knows no pairs of surrogates
    if isinstance(value, list):
        return f"[{', '.join(map(toml_text, value))}]"
    return repr(float(value))


def override_texts(changes: Mapping[str, Value] | None) -> list[tuple[str, str]]:
    """Changes as the command line gives them."""
    return [(key, toml_text(value)) for key, value in (changes or {}).items()]


def unit_of(key: str) -> str:
    """Unit of a key, those of layers included."""
    units = {row["key"]: row["unit"] for row in _core.keys()}
    return units.get(key) or units.get(f"skin.layer.NAME.{key.rsplit('.', 1)[-1]}") or "1"


class Treatment(Named[object]):
    """One treatment of one dot: every key of the input with its value, in the unit of the key.

    Immutable; `with_` makes a changed copy. Get one with :func:`load`.
    """

    _unknown = "is not a key of this treatment; `dermaflux info --keys` lists them"

    def __init__(self, document: _core.TreatmentDocument):
        self._document = document

    def with_(self, changes: Mapping[str, Value]) -> "Treatment":
        """A copy with some keys changed.

        Parameters
        ----------
        changes: dotted keys and their values in the unit of the key; `skin.class`, `scar.class`, `ink.model`, `needle.model`
            and `machine.model` choose another file.

        Raises
        ------
        InputError: unknown key, value out of range, or numbers that do not fit together.

        Examples
        --------
        >>> import dermaflux as df
        >>> scar = df.load(df.configs() / "treatments/normal_scalp.toml").with_({"skin.class": "hypertrophic"})
        >>> scar["skin.ogden_modulus_mpa"]
        0.429
        """
        return Treatment(self._document.with_overrides(override_texts(changes)))

    def __reduce__(self) -> tuple[object, ...]:
        return Treatment, (self._document,)  # for another process: what is cached is made again there

    @cached_property
    def values_with_source(self) -> Mapping[str, _core.ConfigValue]:
        """Every key with value, range, source and place, as the files give them."""
        return self._document.values

    @property
    def _entries(self) -> Mapping[str, _core.ConfigValue]:
        return self.values_with_source

    @property
    def title(self) -> str:
        return self._document.title

    @property
    def skin_class(self) -> str:
        return self._document.skin_class

    @property
    def layers(self) -> dict[str, float]:
        """Layers of the skin at the dot's axis from the surface down, with their thickness [mm]."""
        return dict(zip(self._document.layers, self._document.layer_thickness_mm, strict=True))

    @property
    def contraindications(self) -> list[str]:
        """Why nobody should treat this client now; empty if nothing forbids it."""
        return self._document.contraindications

    def resolved(self) -> dict[str, dict[str, object]]:
        """Every key with value, unit, range and source, as one dictionary."""
        return json.loads(self._document.json())

    def __getitem__(self, key: str) -> object:
        return super().__getitem__(key).value

    def __repr__(self) -> str:
        return (
            f"<Treatment '{self.title}': {self['machine.depth_mm']} mm, {self['machine.dwell_ms']} ms at "
            f"{self['machine.frequency_hz']} Hz, {self['needle.model']}, {self['ink.model']}, skin {self.skin_class}>"
        )

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><td>{escape(name)}</td><td>{mm:.3f} mm</td></tr>" for name, mm in self.layers.items())
        return f"<p>{escape(repr(self))}</p><table><tr><th>layer</th><th>thickness</th></tr>{rows}</table>"


def load(path: str | PathLike[str], changes: Mapping[str, Value] | None = None) -> Treatment:
    """Reads a treatment file with all files it names.

    Parameters
    ----------
    path: a TOML file as in `configs/treatments/`.
    changes: keys to override, as in :meth:`Treatment.with_`.

    Raises
    ------
    InputError: the message names file, line, key, value, allowed range and a suggestion.
    FileError: no such file.
    """
    return Treatment(_core.TreatmentDocument.load(path, override_texts(changes)))
