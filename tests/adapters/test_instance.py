from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from timebank.adapters.instance import InstanceError
from timebank.adapters.instance import held
from timebank.adapters.instance import made_up_settings
from timebank.adapters.instance import noted
from timebank.adapters.instance import refuse_taken_port
from timebank.adapters.instance import with_note
from timebank.core.errors import SettingsError
from timebank.core.phones import is_private_key
from timebank.core.phones import new_private_key
from timebank.core.settings import Settings

SERVERS = {"DATABASE_URL": "postgresql://db.example/bank", "REDIS_URL": "redis://queue.example"}


def test_a_folder_is_held_by_one_at_a_time(tmp_path: Path):
    with held(tmp_path), pytest.raises(InstanceError, match="Another Good Turn runs from"):
        held(tmp_path).__enter__()
    with held(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path):
    (tmp_path / "file").touch()

    with pytest.raises(InstanceError, match=r"^The folder .+ cannot be used: [^\n]+\.$"):
        held(tmp_path / "file" / "instance").__enter__()


def test_a_taken_port_is_one_sentence():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(InstanceError, match=rf"^Port {port} is taken: [^\n]+\.$"):
            refuse_taken_port(port)
    refuse_taken_port(port)


def test_what_nobody_gave_is_made_up_and_enough_to_run(tmp_path: Path):
    environ = SERVERS | {"INSTANCE": str(tmp_path), "PORT": "8123"}
    settings = Settings.from_environment(environ | made_up_settings(environ))

    assert settings.public_url == "http://localhost:8123"
    assert settings.smtp_url == f"maildir://{tmp_path}/mail"
    assert settings.demo


def test_what_is_given_is_left_alone(tmp_path: Path):
    environ = {
        "INSTANCE": str(tmp_path),
        "PUBLIC_URL": "https://bexley.example",
        "SMTP_URL": "smtp://mail.example",
        "SECRET_KEY": "k" * 32,
        "PUSH_KEY": new_private_key(),
    }

    assert set(made_up_settings(environ)) == {"INSTANCE", "PORT"}


def test_a_public_address_needs_a_real_mail_server(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"^SMTP_URL is not set"):
        made_up_settings({"INSTANCE": str(tmp_path), "PUBLIC_URL": "https://bexley.example"})


def test_the_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path):
    environ = {"INSTANCE": str(tmp_path)}
    first, second = made_up_settings(environ), made_up_settings(environ)

    assert first["SECRET_KEY"] == second["SECRET_KEY"]
    assert len(first["SECRET_KEY"]) >= 32
    assert first["PUSH_KEY"] == second["PUSH_KEY"]
    assert is_private_key(first["PUSH_KEY"])
    for name in ("secret_key", "push_key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_a_command_in_another_terminal_finds_the_running_servers(tmp_path: Path):
    environ = {"INSTANCE": str(tmp_path), "PORT": "8123"}
    with noted(environ, SERVERS):
        assert with_note(environ) == environ | SERVERS
        assert with_note(environ | {"REDIS_URL": "redis://mine"})["REDIS_URL"] == "redis://mine"
        assert stat.S_IMODE((tmp_path / "environment").stat().st_mode) == 0o600

    assert with_note(environ) == environ
