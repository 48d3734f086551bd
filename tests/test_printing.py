"""What stands in files and names cannot steer the terminal."""

from __future__ import annotations

import pytest

from netlift.cli import main
from netlift.cli.printing import print_table, say


def test_control_characters_are_spelt_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences of 7 and 8 bits, carriage returns and bells; line ends and tabs stay."""
    say("a\x1b[31mb\rc\x07d\x9be\tf\ng")
    assert capsys.readouterr().out == "a\\x1b[31mb\\x0dc\\x07d\\x9be\tf\ng\n"


def test_cells_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    """A category named like rich's markup is shown as it is named."""
    print_table("t", ["category"], [["[bold]x[/bold] \x1b[2J"]])
    assert "[bold]x[/bold] \\x1b[2J" in capsys.readouterr().out


def test_errors_too(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of a file that is not there."""
    monkeypatch.setattr("sys.argv", ["netlift", "check", "\x1b[2Jx.toml"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "\\x1b[2Jx.toml" in (said := capsys.readouterr().err)
    assert "\x1b" not in said
