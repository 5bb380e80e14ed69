"""Objects that are equal if they are written alike, and then the same: what is known of one is found out once."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

__all__ = ["Interned", "lazy"]

T = TypeVar("T")

_MADE: WeakValueDictionary[tuple[Any, ...], Any] = WeakValueDictionary()
_LOCK = Lock()


class Interned(type):
    """The class of classes whose calls give one object for the same arguments, as long as somebody holds it.

    Equality is then identity and a hash costs nothing, whatever the depth of an expression.
    """

    def __call__(cls: type[T], *parts: Any) -> T:
        """The object with these parts."""
        made = _MADE.get((cls, *parts))
        if made is None:
            with _LOCK:  # two threads must not make two of them
                made = _MADE.get((cls, *parts))
                if made is None:
                    made = _MADE[(cls, *parts)] = type.__call__(cls, *parts)
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
