"""How the interfaces are declared: stub classes whose methods carry an explicit vtable slot.

    class IHttpModuleFactory(Interface, iid="ba32d330-…", implemented_by="module", first_seen="iis7.0"):
        @slot(0)
        def GetHttpModule(self, ppModule: Out[Ptr[Ptr[CHttpModule]]], pAllocator: Ptr[IModuleAllocator]) -> HRESULT: ...

A slot number is absolute: the index into the vtable that the object points to, inherited slots included. The attribute
name is unique in the whole table (``overload``), ``name=`` is the C++ name where they differ. Annotations are never
evaluated: :func:`parse` reads their text when a table is asked for, so importing the declaration stays cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal, TypeVar

    _Stub = TypeVar("_Stub", bound=Callable[..., Any])
    Side = Literal["host", "module", "either"]

INTERFACES: dict[str, type[Interface]] = {}
"""The declared interfaces by name, as far as their files are imported; a base comes before what derives from it."""

INTERFACE_ALIASES = {
    "IHttpApplicationStartProvider": "IHttpApplicationProvider",
    "IHttpApplicationStopProvider": "IHttpApplicationProvider",
}
"""Second names of interfaces."""


class Symbol(int):
    """An integer that remembers the name it has in C."""

    def __new__(cls, name: str, value: int) -> Symbol:
        self = super().__new__(cls, value)
        self.name = name
        return self

    name: str

    def __str__(self) -> str:
        return self.name


NULL: Any = Symbol("NULL", 0)
FALSE = Symbol("FALSE", 0)
TRUE = Symbol("TRUE", 1)
S_OK = Symbol("S_OK", 0)


class Type(NamedTuple):
    """A parsed annotation: the C text, and what the wrappers around it said."""

    text: str
    direction: str = "in"
    optional: bool = False
    length: int | None = None
    """Number of elements of an array."""


class Param(NamedTuple):
    """One parameter; ``this`` is not listed."""

    name: str
    type: str
    direction: str
    """``"in"``, ``"out"`` or ``"inout"``."""
    default: str | None
    """C text of the value that the caller's compiler supplies, or ``None``."""
    optional: bool
    """The header says that it may be null."""
    array: int | None
    """Number of elements it points to, where that is fixed."""


class Method(NamedTuple):
    """One vtable slot."""

    interface: str
    """The class that declares it."""
    slot: int
    name: str
    overload: str
    returns: str
    params: tuple[Param, ...]
    const: bool
    pure: bool
    protected: bool
    deprecated: bool
    first_seen: str
    """Oldest header generation that has it."""


class _Slot(NamedTuple):
    number: int
    name: str | None
    const: bool
    pure: bool
    protected: bool
    deprecated: bool
    first_seen: str | None


_MARK = "__slot__"


def slot(
    number: int,
    *,
    name: str | None = None,
    const: bool = False,
    pure: bool = True,
    protected: bool = False,
    deprecated: bool = False,
    first_seen: str | None = None,
) -> Callable[[_Stub], _Stub]:
    """Declare that the stub stands for vtable index ``number``; the other arguments are fields of :class:`Method`."""
    mark = _Slot(number, name, const, pure, protected, deprecated, first_seen)

    def declare(stub: _Stub) -> _Stub:
        stub.__dict__[_MARK] = mark
        return stub

    return declare


def is_stub(function: Callable[..., Any]) -> bool:
    """Tell whether ``function`` is a bare declaration, which no class has overridden."""
    return _MARK in function.__dict__


class Interface:
    """Base of every declared C++ class.

    A subclass that names ``first_seen`` is a declaration and enters :data:`INTERFACES`; any other subclass (a host
    object, say) implements the nearest declaration among its bases.
    """

    iid: ClassVar[str | None]
    """Lower-case GUID text; ``None`` for the two classes that have none."""
    implemented_by: ClassVar[Side]
    """Which side makes such objects."""
    first_seen: ClassVar[str]
    """Oldest header generation: iis7.0, iis7.5, sdk8.1, sdk10.0.14393, sdk10.0.19041 or sdk10.0.20348."""

    header: ClassVar[str]
    """The file of the Windows SDK that declares it, in lower case."""

    def __init_subclass__(
        cls,
        *,
        iid: str | None = None,
        implemented_by: Side = "host",
        first_seen: str | None = None,
        header: str = "httpserv.h",
        **kwargs: Any,
    ) -> None:
        super().__init_subclass__(**kwargs)
        if first_seen is not None:
            cls.iid, cls.implemented_by, cls.first_seen, cls.header = iid, implemented_by, first_seen, header
            INTERFACES[cls.__name__] = cls

    @classmethod
    def chain(cls) -> list[type[Interface]]:
        """Return the declarations that this class is made of, the root first."""
        return [c for c in reversed(cls.__mro__) if INTERFACES.get(c.__name__) is c]

    @classmethod
    def own_slots(cls) -> list[Method]:
        """Return the slots that this declaration itself adds, in slot order."""
        return sorted(
            (_method(cls, n, f) for n, f in vars(cls).items() if _MARK in getattr(f, "__dict__", ())),
            key=lambda m: m.slot,
        )

    @classmethod
    def table(cls) -> tuple[Method, ...]:
        """Return the whole vtable, inherited slots first.

        Raises:
            TypeError: the declared slot numbers have a gap or a double.
        """
        chain = cls.chain()
        declaration = chain[-1]
        if declaration not in _TABLES:
            methods = [m for c in chain for m in c.own_slots()]
            if [m.slot for m in methods] != list(range(len(methods))):
                raise TypeError(f"{declaration.__name__}: slots {[m.slot for m in methods]} are not consecutive")
            _TABLES[declaration] = tuple(methods)
        return _TABLES[declaration]


_TABLES: dict[type[Interface], tuple[Method, ...]] = {}


def signature(stub: Any) -> tuple[str, tuple[Param, ...]]:
    """Return the C text of the result, and the parameters without ``self``."""
    names = [n for n in stub.__code__.co_varnames[: stub.__code__.co_argcount] if n != "self"]
    defaults = stub.__defaults__ or ()
    texts: list[str | None] = [None] * (len(names) - len(defaults)) + [str(value) for value in defaults]
    params = []
    for name, default in zip(names, texts, strict=True):
        t = parse(stub.__annotations__[name])
        text = t.text if t.length is None else f"{t.text} *"
        params.append(Param(name, text, t.direction, default, t.optional, t.length))
    return parse(stub.__annotations__["return"]).text, tuple(params)


def _method(cls: type[Interface], overload: str, stub: Any) -> Method:
    mark: _Slot = stub.__dict__[_MARK]
    returns, params = signature(stub)
    return Method(
        cls.__name__,
        mark.number,
        mark.name or overload,
        overload,
        returns,
        params,
        mark.const,
        mark.pure,
        mark.protected,
        mark.deprecated,
        mark.first_seen or cls.first_seen,
    )


_C_NAMES = {"None": "void", "unsigned_int": "unsigned int"}
_TYPES: dict[str, Type] = {}


def parse(annotation: str) -> Type:
    """Read an annotation made of the names in :mod:`pyiismod.abi.types`.

    Raises:
        TypeError: an unknown wrapper.
    """
    if annotation not in _TYPES:
        _TYPES[annotation] = _parse(annotation)
    return _TYPES[annotation]


def _parse(annotation: str) -> Type:
    wrapper, bracket, rest = annotation.partition("[")
    if not bracket:
        return Type(_C_NAMES.get(annotation, annotation))
    inner = rest[:-1]
    if wrapper == "Array":
        element, _, length = inner.rpartition(", Literal[")
        return parse(element)._replace(length=int(length[:-1]))
    t = parse(inner)
    match wrapper:
        case "Out":
            return t._replace(direction="out")
        case "InOut":
            return t._replace(direction="inout")
        case "Nullable":
            return t._replace(optional=True)
        case "Ptr":
            return t._replace(text=t.text + ("*" if t.text.endswith("*") else " *"))
        case "ConstPtr":
            return t._replace(text=f"const {t.text} *")
        case "ConstRef":
            return t._replace(text=f"const {t.text} &")
    raise TypeError(f"{annotation}: unknown wrapper {wrapper}")
