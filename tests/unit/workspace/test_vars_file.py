"""`.env.ENV` as the script's generate step writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.workspace.conftest import PRODUCTION, SECRETS, Room
from veza_tui.model.errors import ConfigError
from veza_tui.workspace.varsfile import write_vars

GUIDE = "name=production\ntype=prod\ndomain=veza.com\n"


def written(room: Room, name: str = "production") -> bytes:
    path = write_vars(room.workspace, name)
    assert path == room.root / f".env.{name}"
    assert path.stat().st_mode & 0o777 == 0o600
    return path.read_bytes()


def test_the_guides_lines_then_the_secrets_bytes(room: Room) -> None:
    assert written(room).decode() == GUIDE + SECRETS
    assert written(room, "development").decode() == "name=development\ntype=dev\ndomain=dev.veza.com\n"


@pytest.mark.parametrize("secrets", [b"A=1", b"", b"A=1\r\nB=2\r\n", b"\xff\xfe not text \x00", b"\n\n# c\nA='x\ny'\n"])
def test_secrets_are_appended_as_cat_does(secrets: bytes, room: Room) -> None:
    room.write("secrets/production.env", secrets)
    assert written(room) == GUIDE.encode() + secrets


def test_scalars_are_printed_as_yq_prints_them(room: Room) -> None:
    extra = """\
    count: 3
    hex: 0x1F
    float: 1.50
    yes_: on
    flag: True
    nothing:
    tilde: ~
    quoted: "with \\"quotes\\" \\u00e9"
    single: 'it''s'
    date: 2024-01-01
    folded: >-
      one
      two
    literal: |
      first
      second
    5: number key
    url: "a=b"
"""
    room.edit(PRODUCTION, '    domain: "veza.com"\n', '    domain: "veza.com"\n' + extra)
    (room.root / "secrets/production.env").unlink()
    # yq v4's source: operator_add.go appends rhs.Value as written, null nothing; encoder_yaml.go adds a newline.
    assert written(room).decode() == GUIDE + (
        'count=3\nhex=0x1F\nfloat=1.50\nyes_=on\nflag=True\nnothing=\ntilde=\nquoted=with "quotes" é\nsingle=it\'s\n'
        "date=2024-01-01\nfolded=one two\nliteral=first\nsecond\n\n5=number key\nurl=a=b\n"
    )


def test_the_order_is_the_files(room: Room) -> None:
    room.edit(PRODUCTION, '    name: "production"\n    type: "prod"\n', '    type: "prod"\n    name: "production"\n')
    assert written(room).startswith(b"type=prod\nname=production\n")


@pytest.mark.parametrize("value", ["{a: 1}", "[1, 2]", "\n      a: 1"])
def test_what_yq_refuses_is_refused_and_nothing_is_written(value: str, room: Room) -> None:
    room.edit(PRODUCTION, 'domain: "veza.com"', f"domain: {value}")
    with pytest.raises(ConfigError, match=r"production\.yaml:13"):
        write_vars(room.workspace, "production")
    assert not (room.root / ".env.production").exists()


def test_a_symlink_in_the_way_is_replaced_not_followed(room: Room, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("kept")
    (room.root / ".env.production").symlink_to(victim)
    written(room)
    assert victim.read_text() == "kept"
    assert not (room.root / ".env.production").is_symlink()


def test_an_old_open_file_becomes_private(room: Room) -> None:
    room.write(".env.production", "old").chmod(0o666)
    written(room)


def test_a_directory_in_the_way_is_one_line(room: Room) -> None:
    (room.root / ".env.production").mkdir()
    with pytest.raises(ConfigError, match="is a directory"):
        write_vars(room.workspace, "production")


def test_secrets_that_lead_out_are_not_copied(room: Room) -> None:
    (room.root / "secrets/production.env").unlink()
    (room.root / "secrets/production.env").symlink_to("/etc/passwd")
    with pytest.raises(ConfigError, match="leaves the workspace"):
        write_vars(room.workspace, "production")
    assert not (room.root / ".env.production").exists()
