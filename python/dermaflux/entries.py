"""What the members of a study gave, compactly: numbers in one array, so that a million members are no million objects."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from .result import OUTPUTS

Index = tuple[int, ...]
Entry = dict[str, object]  # "outputs" of a member, or why it failed as "error"
NAMES = tuple(OUTPUTS)

_ABSENT, _GOOD, _FAILED = range(3)


def indices(chosen: np.ndarray) -> list[Index]:
    """Where an array is true, in the order of its memory."""
    return [tuple(index) for index in np.argwhere(chosen).tolist()]


class Entries(Mapping[Index, Entry]):
    """Entries of the members that are done, by index. Entries are made when they are asked for; a null of JSON is a NaN in between."""

    def __init__(self, shape: Sequence[int], names: Sequence[str] = NAMES):
        self.shape, self.names = tuple(shape), tuple(names)
        members = math.prod(self.shape)
        self._values = np.empty((members, len(self.names)))  # memory of members that are not done is never touched
        self._state = np.zeros(members, dtype=np.uint8)
        self._errors: dict[int, str] = {}
        self._done = 0

    @property
    def failed(self) -> int:
        return len(self._errors)

    def place(self, index: Sequence[int]) -> int:
        """Number of a member in the order of the axes. Raises IndexError where there is none, TypeError for what is no index."""
        place = 0
        for n, length in zip(index, self.shape, strict=True):
            if not 0 <= n < length:
                raise IndexError(f"{tuple(index)} is no index of a study of shape {self.shape}")
            place = place * length + n
        return place

    def add(self, index: Sequence[int], entry: Entry) -> None:
        """Takes the entry of a member. Where one failed and another did not, the one that did not counts. Outputs that the entry
        does not name are no number."""
        place = self.place(index)
        before = self._state[place]
        if "error" in entry:
            if before != _GOOD:
                self._state[place] = _FAILED
                self._errors[place] = str(entry["error"])
        else:
            outputs: Mapping[str, float | None] = entry["outputs"]  # type: ignore[assignment]
            row = outputs.values() if tuple(outputs) == self.names else map(outputs.get, self.names)
            self._values[place] = [math.nan if value is None else value for value in row]
            self._state[place] = _GOOD
            self._errors.pop(place, None)
        self._done += before == _ABSENT

    def forget_failed(self) -> None:
        """Takes out members that failed, so that they run again."""
        self._state[list(self._errors)] = _ABSENT
        self._done -= len(self._errors)
        self._errors.clear()

    def missing(self) -> set[Index]:
        """Indices of members that are not done."""
        return set(self._indices(_ABSENT))

    def column(self, name: str) -> np.ndarray:
        """One output of all members, shape of the study; NaN where there is none."""
        column = np.where(self._state == _GOOD, self._values[:, self.names.index(name)], np.nan)
        return column.reshape(self.shape)

    def columns(self, names: Sequence[str]) -> np.ndarray:
        """Outputs that stand side by side, of all members, shape of the study and their number; NaN where there is none."""
        first = self.names.index(names[0])
        side_by_side = self._values[:, first : first + len(names)]
        return np.where((self._state == _GOOD)[:, None], side_by_side, np.nan).reshape(*self.shape, len(names))

    def errors(self) -> np.ndarray:
        """Why members failed, shape of the study; empty where they did not."""
        texts = np.full(len(self._state), "", dtype=object)
        for place, text in self._errors.items():
            texts[place] = text
        return texts.reshape(self.shape)

    def _indices(self, *states: int) -> Iterator[Index]:
        places = np.flatnonzero(np.isin(self._state, states))
        return zip(*(axis.tolist() for axis in np.unravel_index(places, self.shape)), strict=True)

    def __contains__(self, index: object) -> bool:
        return self._state[self.place(index)] != _ABSENT  # type: ignore[arg-type]

    def __getitem__(self, index: Index) -> Entry:
        place = self.place(index)
        if self._state[place] == _ABSENT:
            raise KeyError(index)
        if place in self._errors:
            return {"error": self._errors[place]}
        row = self._values[place].tolist()
        return {"outputs": {name: None if value != value else value for name, value in zip(self.names, row, strict=True)}}

    def __iter__(self) -> Iterator[Index]:
        return self._indices(_GOOD, _FAILED)

    def __len__(self) -> int:
        return int(self._done)
