"""What the documentation tells to run is what the tests run."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Callable
from typing import Any

from netlift import rules
from netlift.campaigns.html import document
from netlift.cli import letters
from netlift.cli.consent import consent_app
from netlift.cli.privacy import privacy_app
from netlift.engine import spark
from netlift.rules.own import own_rules
from netlift.rules.packs import PARAMETERS
from netlift.rules.verdict import PRESSURE
from netlift.settings import ChannelSettings, DkimSettings, RegisteredColumn, RulesSettings
from netlift.settings.pace import Pace
from tests import spark as spark_tests
from tests.conftest import ROOT

COMPOSE = (ROOT / "docs" / "spark" / "compose.yaml").read_text(encoding="utf-8")


def test_the_compose_file_starts_the_server_of_the_tests() -> None:
    """The same class, the port that netlift expects, and settings that mean what netlift sets."""
    told = dict(line.split("=", 1) for line in re.findall(r"^ +- (spark\.[\w.]+=.*)$", COMPOSE, flags=re.MULTILINE))
    ours = inspect.getsource(spark_tests.connect_server)
    server = "org.apache.spark.sql.connect.service.SparkConnectServer"
    assert f"- {server}" in COMPOSE
    assert server in ours
    assert told["spark.connect.grpc.binding.port"] == str(spark.PORT)
    assert {name: value for name, value in told.items() if name in spark.MEANING}.items() <= spark.MEANING.items()
    assert set(told) - set(spark.MEANING) <= set(re.findall(r'"(spark\.[\w.]+)"', ours))
    assert "- spark-internal" in COMPOSE


def test_the_guide_names_what_there_is() -> None:
    """Keys of [engine] in the guide exist."""
    guide = (ROOT / "docs" / "spark.md").read_text(encoding="utf-8")
    example = (ROOT / "src" / "netlift" / "example.toml").read_text(encoding="utf-8")
    keys = re.findall(r"^(\w+) = ", guide, flags=re.MULTILINE)
    assert keys == ["name", "remote", "exchange"]
    assert all(f"{key} = " in example for key in keys)


def test_the_image_can_run_netlift() -> None:
    """Its Python is one that netlift runs on, its Java is that of the tests, and only what is needed gets into it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (python,) = re.findall(r'PYTHON: "([\d.]+)"', COMPOSE)
    lowest = project["requires-python"].removeprefix(">=")
    assert tuple(map(int, python.split("."))) >= tuple(map(int, lowest.split(".")))
    assert f"openjdk-{spark.JAVA}-jre-headless" in COMPOSE
    assert '"/netlift[spark]"' in COMPOSE
    assert "spark" in project["optional-dependencies"]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert ignored[0] == "*"
    copied = re.findall(r"COPY (.+) \S+$", COMPOSE, flags=re.MULTILINE)
    assert {f"!{name}" for line in copied for name in line.split()} == set(ignored[1:])


def test_the_page_about_people_s_rights_names_every_command_and_key() -> None:
    """Commands of `netlift privacy`, their options, and keys of the register are on the page, and no others."""
    page = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    commands = {command.name for command in privacy_app.registered_commands}
    assert set(re.findall(r"netlift privacy ([a-z-]+)", page)) == commands
    assert all(f"`{key}`" in page or f"{key} = " in page for key in RegisteredColumn.model_fields)
    block = page.split("```toml\n")[1].split("```")[0]
    (line,) = tomllib.loads(block)["tables"]["customers"]["registered"].values()
    assert set(line) == set(RegisteredColumn.model_fields)
    options = {"--reason", "--channel", "--email", "--phone", "--run", "--out", "--yes", "--json"}
    assert set(re.findall(r"--[a-z]+", page)) == options


def test_the_page_about_rules_names_every_rule_pack_fact_key_and_command() -> None:
    """Nothing is missing, and the example of [rules] is accepted."""
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert all(name in page for name in (*PARAMETERS, PRESSURE))
    assert all(f"`{name}`" in page for name in (*rules.packs(), *rules.SOFT, *rules.WRITTEN))
    assert {f"netlift consent {c.name}" for c in consent_app.registered_commands} == set(re.findall(r"netlift consent [a-z-]+", page))
    given = tomllib.loads(page.split("```toml\n")[1].split("```")[0])["rules"]
    assert set(given) == set(RulesSettings.model_fields)
    assert {rule.id for rule in own_rules(RulesSettings.model_validate(given))} == {
        "CONSENT",
        "DOI",
        "CONSENT_AGE",
        "CONTACT_CAP",
        "QUIET_HOURS",
    }


def test_the_page_about_e_mail_names_every_command_and_key() -> None:
    """Commands around a message with their options, and a mail channel's keys about messages, here or on the page of what comes back."""
    page = (ROOT / "docs" / "email.md").read_text(encoding="utf-8")
    of: dict[str, Callable[..., Any]] = {"preview": letters.preview, "test-send": letters.send_test, "dkim-key": letters.dkim_key}
    assert set(re.findall(r"netlift (preview|test-send|dkim-key)", page)) == set(of)
    options = {"--" + name.replace("_", "-") for act in of.values() for name in inspect.signature(act).parameters}
    used = set(re.findall(r"--[a-z][a-z0-9-]*", page))
    assert used - {"--dry-run"} <= options
    assert {"--customer", "--out", "--to", "--domain", "--ed25519"} <= used
    general = {"kind", "host", "port", "user", "password_env", "password_file", "tls", *Pace.model_fields}
    keys = {*ChannelSettings.model_fields, *DkimSettings.model_fields} - general - {"dkim"}
    both = page + (ROOT / "docs" / "feedback.md").read_text(encoding="utf-8")
    assert [key for key in sorted(keys) if f"`{key}`" not in both and f"{key} = " not in both] == []
    for block in BLOCKS:
        assert f"`<{block}" in page or f"of `<{block}>`" in page
    example = tomllib.loads(page.split("```toml\n")[1].split("```")[0])["offers"][0]
    assert document(example["html"], utm={}).problems == ()


BLOCKS = ("heading", "text", "button", "image", "columns", "column", "divider", "footer")
