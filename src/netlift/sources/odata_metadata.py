"""What an OData service says of itself in `$metadata`: its entity sets, their keys and the types of their properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal
from xml.parsers import expat

from netlift.errors import SourceError

Version = Literal["v4", "v2"]


@dataclass(frozen=True, slots=True)
class Property:
    """One column of an entity set."""

    name: str
    type: str  # Edm.String, Edm.Decimal, …; another name where it is a structure or a collection
    scale: int | None = None  # digits after the point, where it is an Edm.Decimal; None: any number
    day: bool = False  # an Edm.DateTime of V2 that is only ever a day


@dataclass(frozen=True, slots=True)
class EntitySet:
    """What can be read as a table."""

    name: str
    key: tuple[str, ...]  # properties that together name a row; () where the service names none
    properties: Mapping[str, Property]


@dataclass(frozen=True, slots=True)
class Metadata:
    """A service."""

    version: Version
    sets: Mapping[str, EntitySet]


@dataclass
class _Type:
    base: str | None
    key: list[str] = field(default_factory=list)
    properties: dict[str, Property] = field(default_factory=dict)


class _Refused(Exception):
    """The document holds what $metadata never needs."""


def parse(document: bytes, *, named: str) -> Metadata:
    """Read `$metadata`; `named` is the service in words. Document types and entities are refused, so nothing is fetched or expanded.

    Raises:
        SourceError: this is no `$metadata`, or the service speaks a version that netlift does not.
    """
    reader = _Reader()
    try:
        reader.read(document)
    except _Refused as error:
        raise SourceError(
            f"The $metadata of {named} holds {error}, which OData never needs and which can do harm; it is not read."
        ) from None
    except expat.ExpatError as error:
        raise SourceError(f"{named} gives no OData $metadata: {error}; check the url of the connection.") from None
    except KeyError as error:
        raise SourceError(f"The $metadata of {named} is wrong: an element lacks the attribute {error}; ask the service's owner.") from None
    if reader.edmx is None:
        raise SourceError(
            f"{named} gives XML that is no OData $metadata (it begins with '{reader.root}'); check the url of the connection."
        )
    return Metadata(_version(reader.edmx, named), {name: reader.entity_set(name, of) for name, of in reader.sets.items()})


def _version(edmx: str, named: str) -> Version:
    if edmx.startswith("4."):
        return "v4"
    if edmx == "1.0":
        return "v2"
    raise SourceError(f"{named} says it is written in EDMX {edmx}; netlift reads OData V4 (EDMX 4.0) and V2 (EDMX 1.0).")


class _Reader:
    """Collects types and entity sets while the XML is read. Namespaces differ between versions, so local names decide."""

    def __init__(self) -> None:
        self.root: str | None = None
        self.edmx: str | None = None  # its version
        self.sets: dict[str, str] = {}
        self._types: dict[str, _Type] = {}
        self._simple: dict[str, Property] = {}  # enumerations and type definitions → what they are written as
        self._aliases: dict[str, str] = {}
        self._namespace = ""
        self._path: list[str] = []
        self._entity: _Type | None = None

    def read(self, document: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._doctype
        parser.Parse(document, True)

    def entity_set(self, name: str, of: str) -> EntitySet:
        key: list[str] = []
        properties: dict[str, Property] = {}
        seen: set[str] = set()
        following: str | None = of
        while following is not None and self._full(following) not in seen:
            full = self._full(following)
            seen.add(full)
            entity = self._types.get(full)
            if entity is None:
                raise SourceError(
                    f"$metadata says that '{name}' holds rows of type '{full}' and does not describe it; ask the service's owner."
                )
            key = key or entity.key
            properties = {**{p.name: self._plain(p) for p in entity.properties.values()}, **properties}
            following = entity.base
        return EntitySet(name, tuple(key), properties)

    def _plain(self, p: Property) -> Property:
        written = self._simple.get(self._full(p.type))
        return replace(written, name=p.name) if written else p

    def _full(self, name: str) -> str:
        namespace, _, local = name.rpartition(".")
        return f"{self._aliases.get(namespace, namespace)}.{local}"

    @staticmethod
    def _doctype(*_: object) -> None:
        raise _Refused("a document type definition")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        local = tag.rpartition(" ")[2]
        parent = self._path[-1] if self._path else None
        self._path.append(local)
        if parent is None:
            self.root = local
            self.edmx = attributes.get("Version") if local == "Edmx" else None
        elif local == "Schema":
            self._namespace = attributes.get("Namespace", "")
            if "Alias" in attributes:
                self._aliases[attributes["Alias"]] = self._namespace
        elif parent == "Schema" and local in {"EntityType", "EnumType", "TypeDefinition"}:
            self._define(local, attributes)
        elif local == "Property" and parent == "EntityType" and self._entity:
            self._entity.properties[attributes["Name"]] = self._property(attributes)
        elif local == "PropertyRef" and parent == "Key" and self._entity:
            self._entity.key.append(attributes["Name"])
        elif local == "EntitySet" and parent == "EntityContainer":
            self.sets[attributes["Name"]] = attributes["EntityType"]

    def _end(self, _: str) -> None:
        if self._path.pop() == "EntityType":
            self._entity = None

    def _define(self, what: str, attributes: dict[str, str]) -> None:
        full = f"{self._namespace}.{attributes['Name']}"
        if what == "EntityType":
            self._entity = self._types[full] = _Type(attributes.get("BaseType"))
        else:
            kind = attributes["UnderlyingType"] if what == "TypeDefinition" else "Edm.String"
            self._simple[full] = self._property({**attributes, "Type": kind})

    def _property(self, attributes: dict[str, str]) -> Property:
        scale = attributes.get("Scale", "0" if self.edmx != "1.0" else "")  # V4 without Scale means whole numbers, V2 any
        day = any(name.endswith("display-format") and value == "Date" for name, value in attributes.items())
        return Property(attributes["Name"], attributes["Type"], int(scale) if scale.isdecimal() else None, day)
