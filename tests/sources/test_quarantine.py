"""One row per refused row, with its text as it can be read again."""

from __future__ import annotations

import pyarrow as pa

from netlift.sources.quarantine import LONGEST_TEXT

from .conftest import Shop


def test_text_is_a_line_of_csv_in_the_file_s_delimiter(shop: Shop) -> None:
    """All columns of the file are in the text, also those that were not used; what needs quotes has them."""
    content = 'customer_id;timestamp;amount;note\n1;2017-01-01;x;"a;b ""c"""\n2;2017-01-01;y;"two\nlines"\n'
    shop.load("transactions", content + "3;2017-01-01;1;\n", format={"delimiter": ";"}, max_quarantined=1)
    assert [row[3] for row in shop.quarantined()] == ['1;2017-01-01;x;"a;b ""c"""', '2;2017-01-01;y;"two\nlines"']


def test_one_row_whatever_is_wrong_with_it(shop: Shop) -> None:
    """A row with several faults is there once, with the first column's."""
    shop.load("transactions", "customer_id,timestamp,amount\n1,x,y\n1,2017-01-01,1\n", max_quarantined=1)
    assert [row[1] for row in shop.quarantined()] == ["timestamp"]


def test_long_rows_are_cut(shop: Shop) -> None:
    """A row's text is kept up to a bound."""
    long = "z" * 2 * LONGEST_TEXT
    shop.load("customers", f"customer_id,x,n\n1,{long},y\n2,{long},1,2\n3,,1\n", types={"n": "number"}, max_quarantined=1)
    assert [len(row[3]) for row in shop.quarantined()] == [LONGEST_TEXT, LONGEST_TEXT]


def test_rows_of_parquet(shop: Shop) -> None:
    """A row of typed values is written as CSV too, and its number stands for the line."""
    table = pa.table({"customer_id": [1, None], "n": [1.5, 2.5], "word": ["a", "b,c"]})
    shop.load("customers", table, max_quarantined=1)
    assert shop.quarantined() == [(2, "customer_id", "is missing", ',2.5,"b,c"')]


def test_a_new_load_starts_empty(shop: Shop) -> None:
    """Refused rows of an earlier load are gone."""
    shop.load("customers", "customer_id\n1\n,\n", max_quarantined=1)
    shop.load("customers", "customer_id\n1\n")
    assert shop.quarantined() == []
