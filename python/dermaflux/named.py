"""Mappings of names that are listed elsewhere: the keys of a treatment, the outputs of a run."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, TypeVar

Value = TypeVar("Value")


class Named(Mapping[str, Value]):
    """A mapping over its `_entries`; a name that they do not hold is an error that says where all are listed."""

    _entries: Mapping[str, Value]
    _unknown: ClassVar[str]

    def __getitem__(self, name: str) -> Value:
        try:
            return self._entries[name]
        except KeyError:
            raise KeyError(f"{name} {self._unknown}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
