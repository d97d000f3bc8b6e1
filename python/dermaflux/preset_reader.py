"""The reader of the driver module (`core/preset/preset_reader.hpp`) for Python: the same code refuses and answers."""

import datetime
import os
from collections.abc import Mapping

from . import _core
from .preset import LARGEST_BYTES

Path_ = str | os.PathLike[str]


class PresetReader:
    """A preset that the driver's reader has accepted.

    Parameters
    ----------
    path: the preset.
    machine_model: model of this machine, which the preset must name.
    limits: lowest and highest value that this machine may take of depth_mm, dwell_ms, frequency_hz, stroke_mm, angle_deg and
        hand_force_n; one that is left out refuses every preset.
    today: date that it must not have expired at; that of this computer otherwise.
    allow_research: accept status research.
    public_key: PEM file; the signature beside the preset is verified with it.
    allow_unsigned: accept a preset without a public key.

    Raises
    ------
    InputError: refused; the message holds the name of the error, the key and why. FileError: no such file.

    Examples
    --------
    >>> import dermaflux as df
    >>> try:
    ...     df.PresetReader(df.configs() / "schema/preset-1.1.0.schema.json", "rotary_pen", {})
    ... except df.InputError as error:
    ...     print(str(error).split(": ")[1])
    refused, not_canonical at byte 1
    """

    def __init__(
        self,
        path: Path_,
        machine_model: str,
        limits: Mapping[str, tuple[float, float]],
        *,
        today: datetime.date | None = None,
        allow_research: bool = False,
        public_key: Path_ | None = None,
        allow_unsigned: bool = False,
    ):
        try:
            with open(path, "rb") as file:
                content = file.read(LARGEST_BYTES + 1)
        except OSError as error:
            raise _core.FileError(f"{os.fspath(path)}: cannot be read ({error.strerror}); give the path of a preset") from None
        if public_key is not None:
            from .preset_signing import verify_bytes

            verify_bytes(content, path, public_key)
        low, high = ({name: float(ends[n]) for name, ends in limits.items()} for n in (0, 1))
        day = (today or datetime.date.today()).isoformat()
        try:
            self._reader = _core.PresetReader(content, machine_model, low, high, day, allow_research, allow_unsigned or public_key is not None)
        except _core.InputError as error:
            raise _core.InputError(f"{os.fspath(path)}: {error}") from None

    @property
    def settings(self) -> dict[str, float]:
        """Settings for skin of average measures, in the unit of the name."""
        return self._reader.settings

    @property
    def alarms(self) -> list[dict[str, object]]:
        """What to watch: name, quantity, side (below, above, outside), unit, warn, stop, action, reason; NaN where there is no level."""
        return self._reader.alarms

    def sessions(self) -> dict[str, object]:
        """When the skin may be treated again: count (fewest, most), purposes of the sessions, earliest_day since the last session,
        days_between (shortest, longest), touch_up_years (5, 50 and 95 % of the draws; infinite where not before
        touch_up_horizon_years). Raises InputError where the preset does not say."""
        return self._reader.sessions()

    def settings_for(self, thickness_um: float, force_n: float) -> tuple[dict[str, float], dict[str, float]]:
        """Settings for a measured skin, and what to expect of them. Raises InputError where the driver must stop."""
        return self._reader.settings_for(thickness_um, force_n)

    def allows(self, settings: Mapping[str, float]) -> str:
        """Name of the error of settings outside envelope or machine; none if they may be used."""
        return self._reader.allows(dict(settings))

    def judge(self, quantity: str, value: float) -> str:
        """fine, warn or stop by the alarms on a quantity, and by the session plan on the days since the last session; stop for a
        quantity that none of them knows and for what is no number."""
        return self._reader.judge(quantity, value)

    def text(self, path: str) -> str:
        """A text of the document by its path, e.g. needle/model; empty if there is none."""
        return self._reader.text(path)

    def number(self, path: str) -> float:
        """A number of the document by its path, e.g. location/range/depth_mm/min; NaN if there is none."""
        return self._reader.number(path)
