"""`$metadata` is read safely, whatever namespaces, bases and aliases it uses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.errors import SourceError
from netlift.sources.odata_metadata import EntitySet, Property, parse

V4 = """<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="com.shop.types" Alias="T" xmlns="http://docs.oasis-open.org/odata/ns/edm">
 <EnumType Name="Colour"><Member Name="Red" Value="0"/></EnumType>
 <TypeDefinition Name="Money" UnderlyingType="Edm.Decimal" Scale="2"/>
 <EntityType Name="Base"><Key><PropertyRef Name="ID"/></Key><Property Name="ID" Type="Edm.Int64" Nullable="false"/></EntityType>
 <ComplexType Name="Address"><Property Name="Street" Type="Edm.String"/></ComplexType>
 <EntityType Name="Order" BaseType="T.Base">
  <Property Name="Total" Type="Edm.Decimal" Precision="15" Scale="2"/>
  <Property Name="Pieces" Type="Edm.Decimal"/>
  <Property Name="Weight" Type="Edm.Decimal" Scale="variable"/>
  <Property Name="Fee" Type="T.Money"/>
  <Property Name="Colour" Type="com.shop.types.Colour"/>
  <Property Name="To" Type="T.Address"/>
  <Property Name="Tags" Type="Collection(Edm.String)"/>
  <NavigationProperty Name="Customer" Type="T.Base"/>
 </EntityType>
</Schema>
<Schema Namespace="com.shop" xmlns="http://docs.oasis-open.org/odata/ns/edm">
 <EntityContainer Name="C"><EntitySet Name="Orders" EntityType="T.Order"/><Singleton Name="Me" Type="T.Base"/></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""
V2 = """<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" xmlns:sap="http://www.sap.com/Protocols/SAPData">
<edmx:DataServices><Schema Namespace="S" xmlns="http://schemas.microsoft.com/ado/2008/09/edm">
 <EntityType Name="O"><Key><PropertyRef Name="A"/><PropertyRef Name="B"/></Key><Property Name="A" Type="Edm.String"/>
  <Property Name="B" Type="Edm.DateTime" sap:display-format="Date"/><Property Name="C" Type="Edm.Decimal"/></EntityType>
 <EntityContainer Name="C"><EntitySet Name="Os" EntityType="S.O"/></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""


def test_v4_with_bases_aliases_and_own_types() -> None:
    """A base type's key and properties come first; enumerations are text, type definitions what they are defined as."""
    found = parse(V4.encode(), named="The service")
    assert found.version == "v4"
    assert list(found.sets) == ["Orders"]
    orders = found.sets["Orders"]
    assert orders.key == ("ID",)
    assert [(p.name, p.type, p.scale) for p in orders.properties.values()] == [
        ("ID", "Edm.Int64", 0),
        ("Total", "Edm.Decimal", 2),
        ("Pieces", "Edm.Decimal", 0),
        ("Weight", "Edm.Decimal", None),
        ("Fee", "Edm.Decimal", 2),
        ("Colour", "Edm.String", 0),
        ("To", "T.Address", 0),
        ("Tags", "Collection(Edm.String)", 0),
    ]


def test_v2_with_two_keys_and_a_day() -> None:
    """SAP's own attribute says that a moment is only ever a day."""
    properties = {"A": Property("A", "Edm.String"), "B": Property("B", "Edm.DateTime", day=True), "C": Property("C", "Edm.Decimal")}
    assert parse(V2.encode(), named="The service").sets == {"Os": EntitySet("Os", ("A", "B"), properties)}


BOMB = '<!DOCTYPE e [<!ENTITY a "x"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (BOMB + V2, "holds a document type definition, which OData never needs"),
        ('<!DOCTYPE e SYSTEM "file:///etc/passwd">' + V2, "holds a document type definition"),
        ("<html><body/></html>", "gives XML that is no OData \\$metadata \\(it begins with 'html'\\)"),
        ("{}", "gives no OData \\$metadata: not well-formed"),
        ("", "gives no OData \\$metadata: no element found"),
        (V4[:-30], "gives no OData \\$metadata"),
        (V2.replace('"1.0"', '"3.0"'), "is written in EDMX 3.0; netlift reads OData V4 .* and V2"),
        (V2.replace('EntityType="S.O"', 'EntityType="S.X"'), "'Os' holds rows of type 'S.X' and does not describe it"),
        (V2.replace('EntitySet Name="Os"', "EntitySet"), "lacks the attribute 'Name'"),
        (
            V4.replace('EntityType Name="Base"', 'EntityType Name="Base" BaseType="T.Base"').replace("T.Order", "T.Nothing"),
            "does not describe it",
        ),
    ],
)
def test_what_is_no_metadata_is_refused(document: str, message: str) -> None:
    """Harmful, foreign, cut and contradictory documents each get one sentence."""
    with pytest.raises(SourceError, match=message) as error:
        parse(document.encode(), named="The service")
    assert "\n" not in str(error.value)


def test_types_in_a_circle_end() -> None:
    """A type that is its own base is read once."""
    found = parse(V4.replace('EntityType Name="Base"', 'EntityType Name="Base" BaseType="T.Order"').encode(), named="The service")
    assert "Total" in found.sets["Orders"].properties


@given(st.binary(max_size=200) | st.integers(0, len(V4)).map(lambda n: (V4[:n] + "<" + V4[n + 3 :]).encode()))
def test_no_document_does_worse_than_be_refused(document: bytes) -> None:
    """Any bytes are either read or refused with a SourceError."""
    try:
        parse(document, named="The service")
    except SourceError as error:
        assert "\n" not in str(error)  # noqa: PT017 - most documents are refused, and some may be read
