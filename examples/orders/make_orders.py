"""Writes a made-up order file of the shape and with the traps of IBM's campaign example, and the shop's other tables beside it.

    python make_orders.py FOLDER [--customers 600] [--seed 7] [--invalid 0.3]

`customer_orders.csv` has a row per order and repeats the customer on each; README.md lists its traps. Nobody in it exists:
the card numbers are of a range for tests, the national ids begin with 000, which is never given out.
"""

from __future__ import annotations

import argparse
import csv
import random
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

CUSTOMER = (
    *("CUST_ID", "CUSTNAME", "GenderCode", "ADDRESS1", "ADDRESS2", "CITY", "STATE", "COUNTRY_CODE", "POSTAL_CODE", "POSTAL_CODE_PLUS4"),
    *("EMAIL_ADDRESS", "PHONE_NUMBER", "AGE", "GENERATION", "NATIONALITY", "NATIONAL_ID", "DRIVER_LICENSE", "CREDITCARD_TYPE"),
    *("CREDITCARD_NUMBER", "LOCALITY", "SALESMAN_ID"),
)
ORDER = (
    *("ORDER_ID", "ORDER_DATE", "ORDER_TIME", "FREIGHT_CHARGES", "ORDER_SALESMAN", "ORDER_POSTED_DATE", "ORDER_SHIP_DATE", "ORDER_VALUE"),
    *("T_TYPE", "PURCHASE_TOUCHPOINT", "PURCHASE_STATUS", "ORDER_TYPE"),
)
PRODUCTS = (
    *("Baby Food", "Diapers", "Formula", "Lotion", "Baby wash", "Wipes", "Fresh Fruits", "Fresh Vegetables", "Beer", "Wine", "Club Soda"),
    *("Sports Drink", "Chips", "Popcorn", "Oatmeal", "Medicines", "Canned Foods", "Cigarettes", "Cheese", "Cleaning Products"),
    *("Condiments", "Frozen Foods", "Kitchen Items", "Meat", "Office Supplies", "Personal Care", "Pet Supplies", "Sea Food", "Spices"),
)
FIRST, LAST = datetime(2016, 1, 1, 8), datetime(2017, 6, 30, 20)  # noqa: DTZ001 - the shop's own clock
AS_OF = datetime(2017, 5, 1)  # noqa: DTZ001 - features know what was before; the last campaign was after
OUTLIER = 9_999_999
FIRST_NAMES = ("Ada", "Ben", "Carla", "Dev", "Emma", "Finn", "Gwen", "Hugo", "Iris", "Jon", "Kim", "Lena", "Max", "Nora", "Omar", "Pia")
LAST_NAMES = ("Abel", "Berg", "Cole", "Diaz", "Ek", "Fox", "Gray", "Hale", "Ito", "Jain", "Khan", "Lund", "Moss", "Nash", "Ortiz", "Park")
CITIES = (("Boston", "MA", "02108"), ("Austin", "TX", "73301"), ("Newark", "NJ", "07102"), ("Denver", "CO", "80202"))


@dataclass(slots=True)
class Customer:
    """Somebody made up."""

    number: int
    often: bool  # buys often and answers campaigns
    facts: dict[str, Any]
    orders: list[dict[str, Any]] = field(default_factory=list)


def main() -> None:
    """Write the tables and netlift.toml into a folder."""
    parser = argparse.ArgumentParser(description="Write a made-up order file with its traps.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--customers", type=int, default=600)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--invalid", type=float, default=0.3, help="share of customers whose e-mail address cannot be; 1 as in the original"
    )
    given = parser.parse_args()
    write(given.folder, customers=given.customers, seed=given.seed, invalid=given.invalid)
    print(f"Wrote {given.folder}. Now: netlift check {given.folder / 'netlift.toml'}")


def write(folder: Path, *, customers: int = 600, seed: int = 7, invalid: float = 0.3) -> Path:
    """Write everything; gives the path of netlift.toml. The same arguments give the same bytes."""
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    people = [_customer(rng, i, invalid=invalid) for i in range(customers)]
    for couple in range(10, customers - 1, 50):  # some couples share an address
        people[couple + 1].facts["EMAIL_ADDRESS"] = people[couple].facts["EMAIL_ADDRESS"]
    for person in people:
        person.orders = _orders(rng, person)
    rows = sorted((o for p in people for o in p.orders), key=lambda o: (o["ORDER_DATE"], o["CUST_ID"]))
    for number, row in enumerate(rows, 100_001):
        row["ORDER_ID"] = number
    columns = [*CUSTOMER, *ORDER, *PRODUCTS]
    _table(folder / "customer_orders.csv", columns, ([row[c] for c in columns] for row in rows))
    header = ["customer_id", "channel", "status", "purpose", "given_at", "source", "confirmed_at", "confirmed_from"]
    _table(folder / "consents.csv", header, _consents(rng, people))
    _campaigns(rng, people, folder)
    target = folder / "netlift.toml"
    if target.resolve() != Path(__file__).with_name("netlift.toml").resolve():
        shutil.copyfile(Path(__file__).with_name("netlift.toml"), target)
    return target


def _table(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _customer(rng: random.Random, i: int, *, invalid: float) -> Customer:
    first, last, age = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES), rng.randint(19, 79)
    city, state, code = rng.choice(CITIES)
    name = f"{first}.{last}{i}".lower()
    wrong = ("", name, f"{name}@", f"{name}@@example.com", f"{first} {last}@example.com", f"{name}@example", f"{name}@shop.invalid")
    facts = {
        "CUST_ID": 10_001 + i,
        "CUSTNAME": f"{first} {last}",
        "GenderCode": rng.choice(("Mr.", "Master.", "Mrs.", "Miss.")),
        "ADDRESS1": f"{rng.randint(1, 999)} Elm Street",
        "ADDRESS2": rng.choice(("", "", "Apt. 4")),
        "CITY": city,
        "STATE": state,
        "COUNTRY_CODE": "US",
        "POSTAL_CODE": code,
        "POSTAL_CODE_PLUS4": f"{rng.randrange(10_000):04d}",
        "EMAIL_ADDRESS": rng.choice(wrong) if rng.random() < invalid else f"{name}@example.com",
        "PHONE_NUMBER": f"555-01{rng.randrange(100):02d}",
        "AGE": age if rng.random() < 0.7 else f"age-{age}",
        "GENERATION": "Baby_Boomers" if age > 52 else "Gen_X" if age > 37 else "Gen_Y" if age > 22 else "Gen_Z",
        "NATIONALITY": rng.choice(("American", "Canadian", "Mexican")),
        "NATIONAL_ID": f"000-{rng.randrange(1, 100):02d}-{rng.randrange(1, 10_000):04d}",
        "DRIVER_LICENSE": f"X{rng.randrange(10**7):07d}",
        "CREDITCARD_TYPE": "Visa",
        "CREDITCARD_NUMBER": _card(rng),
        "LOCALITY": rng.choice(("Urban", "Rural")),
        "SALESMAN_ID": rng.randint(1, 40),
    }
    return Customer(i, rng.random() < 0.35, facts)


def _card(rng: random.Random) -> str:
    body = "400000" + f"{rng.randrange(10**9):09d}"
    doubled = sum(sum(divmod(2 * int(d), 10)) for d in body[-1::-2]) + sum(int(d) for d in body[-2::-2])
    return body + str(-doubled % 10)


def _orders(rng: random.Random, person: Customer) -> list[dict[str, Any]]:
    """The customer's orders in time; some customers get another e-mail address on the way."""
    count = rng.randint(8, 20) if person.often else rng.randint(1, 4)
    span = int((LAST - FIRST).total_seconds())
    moments = sorted(FIRST + timedelta(seconds=rng.randrange(span)) for _ in range(count))
    moved = rng.randrange(1, count) if count > 1 and rng.random() < 0.1 else count
    found = []
    for place, moment in enumerate(moments):
        facts = dict(person.facts)
        if place < moved < count:
            facts["EMAIL_ADDRESS"] = f"former{person.number}@example.com"
        found.append(facts | _order(rng, moment, often=person.often))
    return found


def _order(rng: random.Random, moment: datetime, *, often: bool) -> dict[str, Any]:
    state = rng.choices(("Complete", "Cancelled", "Abandoned", "In-Progress"), (76, 10, 10, 4))[0]
    value = OUTLIER + rng.randrange(1_000_000) if rng.random() < 0.015 else round(rng.lognormvariate(4.4 if often else 3.6, 0.4), 2)
    posted = moment + timedelta(days=1)
    return {
        "ORDER_DATE": f"{moment:%Y-%m-%d %H:%M:%S}.000",
        "ORDER_TIME": f"{moment:%H:%M:%S}",
        "FREIGHT_CHARGES": rng.randint(0, 12),
        "ORDER_SALESMAN": rng.randint(1, 40),
        "ORDER_POSTED_DATE": f"{posted:%Y-%m-%d %H:%M:%S}.000",
        "ORDER_SHIP_DATE": f"{posted + timedelta(days=rng.randint(1, 5)):%Y-%m-%d %H:%M:%S}.000",
        "ORDER_VALUE": value,
        "T_TYPE": state,
        "PURCHASE_TOUCHPOINT": rng.choice(("Desktop", "Phone", "Tablet")),
        "PURCHASE_STATUS": "Successful" if state == "Complete" else "Unsuccessful",
        "ORDER_TYPE": "High Valued" if value > 100 else "Low Valued",
        **{product: int(rng.random() < (0.6 if product == "Canned Foods" else 0.15)) for product in PRODUCTS},
    }


def _consents(rng: random.Random, people: Sequence[Customer]) -> list[tuple[Any, ...]]:
    """Three in four agreed to e-mail and confirmed it, 90 days ago: an old consent may not be used. One in ten took it back later."""
    given, taken_back = (f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%d}" for days in (90, 30))
    rows: list[tuple[Any, ...]] = []
    for person in people:
        if rng.random() < 0.75:
            rows.append((person.facts["CUST_ID"], "email", "given", "marketing", given, "sign-up form", given, "203.0.113.7"))
            if rng.random() < 0.1:
                rows.append((person.facts["CUST_ID"], "email", "withdrawn", "marketing", taken_back, "letter", "", ""))
    return rows


def _campaigns(rng: random.Random, people: Sequence[Customer], folder: Path) -> None:
    """One past campaign, after AS_OF, that went to most of the customers: what judges the segments."""
    start = AS_OF + timedelta(days=9)
    contacted = [p for p in people if rng.random() < 0.7]
    answered = [p for p in contacted if rng.random() < (0.45 if p.often else 0.02)]
    ids = ["campaign_id", "customer_id"]
    _table(
        folder / "campaigns.csv",
        ["campaign_id", "start", "end", "offer"],
        [("may", f"{start:%Y-%m-%d}", f"{start + timedelta(days=13):%Y-%m-%d}", "Canned foods")],
    )
    _table(folder / "contacted.csv", ids, [("may", p.facts["CUST_ID"]) for p in contacted])
    _table(folder / "responses.csv", [*ids, "responded_at"], [("may", p.facts["CUST_ID"], f"{start:%Y-%m-%d}") for p in answered])


if __name__ == "__main__":
    main()
