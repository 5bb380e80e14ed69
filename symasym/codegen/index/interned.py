"""Objects that are equal if they are written alike, and then the same: what is known of one is found out once."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import ref

__all__ = ["Interned", "lazy"]

T = TypeVar("T")

_MADE: dict[tuple[Any, ...], Any] = {}
"""A weak reference to each object by its class and parts; a `WeakValueDictionary`, whose look-up is slower by half."""
_LOCK = Lock()


class Interned(type):
    """The class of classes whose calls give one object for the same arguments, as long as somebody holds it.

    Equality is then identity and a hash costs nothing, whatever the depth of an expression.
    """

    def __call__(cls: type[T], *parts: Any) -> T:
        """The object with these parts."""
        key = (cls, *parts)
        there = _MADE.get(key)
        made = None if there is None else there()
        return _made(cls, key) if made is None else made


def _made(cls: type[T], key: tuple[Any, ...]) -> T:
    with _LOCK:  # two threads must not make two of them
        there = _MADE.get(key)
        made = None if there is None else there()
        if made is None:
            made = object.__new__(cls)
            own = made.__dict__  # half the time of a frozen dataclass's `__init__`
            for name, part in zip(cls.__match_args__, key[1:], strict=True):  # type: ignore[attr-defined]
                own[name] = part

            def drop(gone: Any) -> None:
                if _MADE.get(key) is gone:
                    del _MADE[key]

            _MADE[key] = ref(made, drop)
        return made


class lazy(Generic[T]):
    """A property that is found out when it is first asked for: `functools.cached_property` without its lock."""

    def __init__(self, find: Callable[[Any], T]) -> None:
        self.find = find
        self.__doc__ = find.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, of: Any, owner: type | None = None) -> T:
        found = of.__dict__[self.name] = self.find(of)
        return found
