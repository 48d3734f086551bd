"""Put the catalogue's features together: one row per customer."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Sequence
from contextlib import AbstractContextManager

from netlift import engine as engines
from netlift.engine import Session
from netlift.errors import NotEnoughData, SettingsError
from netlift.features import browsing, campaigns, customer_value, enrichment, lifecycle, matrix, own, purchases, spending, survey, totals
from netlift.features.attributes import attributes, skewed, unregistered
from netlift.features.catalogue import Subject
from netlift.features.clock import Clock, clock
from netlift.features.customer_value import Valued
from netlift.features.gates import gates
from netlift.features.matrix import Matrix
from netlift.features.outcome import outcome
from netlift.features.rollups import RolledUp, leave_out, roll_up, spent_on
from netlift.features.wide import Wide
from netlift.records import Feature, Features, Floats, Forecast, ForecastCheck, Learnt, Outcome, Progress, Tables, silent
from netlift.settings import Settings

READ = (
    "customers",
    "transactions",
    "products",
    "events",
    "survey",
    "enrichment",
    "campaigns",
    "contacted",
    "responses",
)  # never contacts: Spark needs none


def computing(settings: Settings, engine: Session, tables: Tables) -> AbstractContextManager[Session]:
    """The session that computes features and keeps their table: `engine`, or the Spark of the settings until the block ends.

    Raises:
        SettingsError: Spark cannot be reached or started.
        MissingExtra: the settings name Spark, and pyspark is not installed.
    """
    return engines.computing(settings.engine, engine, [name for name in READ if tables.has(name)])


def build(settings: Settings, engine: Session, tables: Tables, progress: Progress = silent, *, learnt: Learnt | None = None) -> Features:
    """Compute every feature that the tables allow, as of `settings.features.as_of`.

    The session keeps the wide table `features`: customer_id and a DOUBLE column per feature. Of very many customers only a sample's
    values are handed over. `learnt` is what an earlier run took from all its customers: then nothing is learnt from these.

    Raises:
        SettingsError: `features.include`, `features.value` or `response.column` names something unknown.
        NotEnoughData: there is no customer, or no fact before `as_of`.
        MissingExtra: the settings name Spark, and pyspark is not installed.
    """
    with computing(settings, engine, tables) as session, own.blamed(settings, session) as queries:
        return _build(settings, session, tables, progress, learnt=learnt, queries=queries)


def _build(
    settings: Settings, engine: Session, tables: Tables, progress: Progress, *, learnt: Learnt | None, queries: dict[str, str]
) -> Features:
    moment = clock(settings, engine, tables)
    literals = {**moment.literals(), "{currency}": settings.project.currency, "{addressed}": tables.addressed("c")}
    rolled = _totalled(settings, engine, tables, moment=moment, learnt=learnt)
    wide = Wide(engine, literals)
    subjects = _subjects(settings, engine, tables, literals, rolled=rolled is not None)
    subjects += own.subjects(settings, engine, tables, taken=_taken(settings, tables, subjects))
    for number, subject in enumerate(subjects):
        progress(number / (len(subjects) + 1), f"facts about {subject.name}")
        entries = [e for e in subject.entries if tables.has(subject.optional_of, *e.needs)]
        queries |= own.alone(subject, wide.filled(subject.relation))
        wide.add_subject(subject, entries, ranges=None if rolled is None else rolled.ranges, learnt=learnt)
    notes = _population(engine, tables, literals) + tuple(note for subject in subjects for note in subject.notes)
    valued = _valued(settings, engine, tables, moment=moment, learnt=learnt)
    if valued.features:
        wide.add(valued.table, valued.features, tiers={"spend": f"{valued.table}.sufficiency"})
    limits = _lifecycle(settings, engine, tables, moment=moment, learnt=learnt)
    if limits is not None:
        lifecycle.keep(engine, moment, limits)
        wide.add(lifecycle.TABLE, [lifecycle.FEATURE])
    if columns := attributes(settings, tables):
        wide.add("customers", columns)
    if not wide.features:
        raise NotEnoughData("No feature can be computed: customers has no numeric column and transactions is not given; add one of them.")
    sql, made, alone = own.over_features(settings, engine, wide.sql, wide.features)
    queries |= alone
    features = [*wide.features, *made]
    read = matrix.read(engine, sql, [f.name for f in features])
    judged = outcome(settings, engine, tables, clock=moment, customer_ids=read.customer_ids)
    final = _decided(features, read.values, judged)
    value, value_name = _value(settings, read)
    return Features(
        as_of=moment.local,
        features=final,
        customer_ids=read.customer_ids,
        values=read.values,
        inputs=_inputs(settings, final),
        value=value,
        value_name=value_name,
        outcome=judged,
        notes=(*notes, *unregistered(settings, tables), *valued.notes, *gates(engine, tables, moment, judged)),
        rows=read.rows,
        forecast=None if valued.check is None else _forecast(settings, read, valued.check),
        learnt=Learnt(wide.shares, valued.parameters, valued.check, limits),
        sufficiency=wide.sufficiency(),
    )


def _totalled(settings: Settings, engine: Session, tables: Tables, *, moment: Clock, learnt: Learnt | None) -> RolledUp | None:
    """Keep baskets and what they add up to; the roll-ups, where transactions are in parts."""
    if not tables.has("transactions"):
        return None
    rolled = roll_up(engine, tables, moment=moment.local)
    if learnt is None:  # else no forecast is checked
        totals.keep(engine, totals.THEN, until=customer_value.cut(moment, settings.features.horizon), rolled=rolled)
    totals.keep(engine, totals.NOW, until=moment.local, rolled=rolled)
    if rolled is not None and tables.left_out:
        leave_out(rolled, (totals.NOW,) if learnt is not None else (totals.NOW, totals.THEN))
    return rolled


def _population(engine: Session, tables: Tables, literals: dict[str, str]) -> tuple[str, ...]:
    """Who the customers are: the table customers if given, else everybody who bought before `as_of`, as the purchases' features know."""
    buyers = "SELECT customer_id FROM features_purchases"
    if not tables.has("customers"):
        engine.keep("features_population", buyers)
        later = engine.rows(
            "SELECT count(DISTINCT t.customer_id) FROM transactions AS t LEFT JOIN features_population AS p"
            f" ON t.customer_id = p.customer_id WHERE p.customer_id IS NULL AND t.local_timestamp >= {literals['{as_of}']}"
        )[0][0]
        return (f"{later:,} customers bought only after the features' date and are left out",) if later else ()
    engine.keep("features_population", "SELECT customer_id FROM customers")
    if not tables.has("transactions"):
        return ()
    strangers = engine.rows(
        f"SELECT count(*) FROM ({buyers}) AS b LEFT JOIN customers AS c ON b.customer_id = c.customer_id WHERE c.customer_id IS NULL"
    )[0][0]
    return (f"{strangers:,} customers in transactions are not in customers and are left out",) if strangers else ()


def _subjects(settings: Settings, engine: Session, tables: Tables, literals: dict[str, str], *, rolled: bool) -> list[Subject]:
    found: list[Subject] = []
    if tables.has("transactions"):
        found += [purchases.EVER, purchases.LATELY]
        made = {"category": spending.categories, "channel": spending.channels}
        found += [made[kind](engine, literals["{as_of}"], rolled=rolled) for kind in spent_on(tables)]
    if all(tables.has(table, *(c for c in columns)) for table, columns in campaigns.SUBJECT.needs.items()):
        found.append(campaigns.SUBJECT)
    if tables.has("events", "session_id"):
        found.append(browsing.subject(engine, tables, names=settings.features.events, as_of=literals["{as_of}"]))
    if tables.has("survey"):
        found.append(survey.subject(engine, tables, as_of_utc=literals["{as_of_utc}"]))
    if tables.has("enrichment"):
        found.append(enrichment.subject(settings, tables))
    return [s for s in found if s.entries]


def _taken(settings: Settings, tables: Tables, subjects: Sequence[Subject]) -> list[str]:
    of_subjects = [e.feature.name for s in subjects for e in s.entries if tables.has(s.optional_of, *e.needs)]
    later = [lifecycle.FEATURE.name, *customer_value.NAMES] if tables.has("transactions") else []
    return [*of_subjects, *later, *(f.name for f in attributes(settings, tables))]


def _valued(settings: Settings, engine: Session, tables: Tables, *, moment: Clock, learnt: Learnt | None) -> Valued:
    if not tables.has("transactions"):
        return Valued()
    return customer_value.foretell(engine, moment=moment, horizon=settings.features.horizon, learnt=learnt)


def _lifecycle(settings: Settings, engine: Session, tables: Tables, *, moment: Clock, learnt: Learnt | None) -> tuple[float, float] | None:
    """The limits of stages of life, as learnt, or where they are asked for."""
    if learnt is not None:
        return learnt.lifecycle
    if not settings.segments.lifecycle:
        return None
    if not tables.has("transactions"):
        raise SettingsError("segments.lifecycle tells stages of life by purchases, and the table transactions is missing; add it.")
    return lifecycle.limits(engine, moment)


def _forecast(settings: Settings, read: Matrix, check: ForecastCheck) -> Forecast:
    spend, low, high = (read.column(name) for name in ("expected_spend", "expected_spend_low", "expected_spend_high"))
    return Forecast(settings.features.horizon, spend, low, high, check)


def _decided(features: list[Feature], values: Floats, outcome: Outcome | None) -> tuple[Feature, ...]:
    """The features with their scale, and marked where they know the very answers that judge segments."""
    overlaps = outcome is not None and outcome.overlaps
    final = []
    for number, feature in enumerate(features):
        attribute = feature.group == "attribute"
        scale = "log" if attribute and skewed(values[:, number]) else feature.scale
        # answers before the features' date may predict answers after it; only an outcome of the same time is circular
        circular = feature.uses_response and (overlaps or attribute)
        final.append(dataclasses.replace(feature, scale=scale, uses_response=circular))
    return tuple(final)


def _inputs(settings: Settings, features: tuple[Feature, ...]) -> tuple[str, ...]:
    """What segmentation may cluster on: what the settings name, else everything that may be and is not circular."""
    names = [f.name for f in features]
    for name in settings.features.include:
        _known(name, names, "features.include")
    return settings.features.include or tuple(f.name for f in features if f.clustered and not f.uses_response)


def _value(settings: Settings, read: Matrix) -> tuple[Floats | None, str]:
    named = settings.features.value
    if named is not None:
        return read.column(_known(named, read.names, "features.value")), named
    if "monetary" in read.names:
        return read.column("monetary"), f"money spent, {settings.project.currency}"
    return None, ""


def _known(name: str, names: Sequence[str], key: str) -> str:
    """The name of a feature, or a sentence that says what would be right."""
    if name in names:
        return name
    close = difflib.get_close_matches(name, names, n=1)
    hint = (
        f"; did you mean '{close[0]}'?"
        if close
        else f"; the features are {', '.join(names)}. A new one is a line in tables.customers.derive."
    )
    raise SettingsError(f"{key} names '{name}', which is neither in the catalogue nor a numeric column of customers{hint}")
