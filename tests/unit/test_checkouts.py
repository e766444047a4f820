"""Tests make commits and checkouts of their own, whatever git's settings of the person who runs them."""

from pathlib import Path

import pytest
from checkouts import Checkout


def test_commits_of_tests_know_no_settings_of_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / "hooks").mkdir(parents=True)
    (home / "hooks/pre-commit").write_text("#!/bin/sh\nexit 1\n")
    (home / "hooks/pre-commit").chmod(0o755)
    (home / ".gitconfig").write_text(
        "[commit]\n\tgpgsign = true\n[gpg]\n\tprogram = false\n[core]\n\tautocrlf = true\n"
        f"\thooksPath = {home}/hooks\n[user]\n\tuseConfigOnly = true\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    checkout = Checkout(tmp_path / "checkout")
    checkout.folder.mkdir()
    (checkout.folder / "file").write_bytes(b"one\ntwo\n")
    checkout.git("init", "--quiet", "--initial-branch=main")
    checkout.commit("first")
    assert (checkout.clone(tmp_path / "clone").folder / "file").read_bytes() == b"one\ntwo\n"
