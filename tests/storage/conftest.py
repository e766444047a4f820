"""A published repository, and clones of it: the test study, versioned as a maintainer would do it."""

import shutil
from pathlib import Path

import pytest
from checkouts import Checkout
from copies import copy_repository


@pytest.fixture(scope="session")
def finished(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A repository under version control in which the test study has been run, not yet published."""
    folder = copy_repository(tmp_path_factory.mktemp("finished") / "repository")
    for part in ("results/test", "data"):
        shutil.copytree(repository / part, folder / part)
    checkout = Checkout(folder)
    checkout.git("init", "--quiet", "--initial-branch=main")
    checkout.commit("code")
    return checkout


@pytest.fixture(scope="session")
def published(finished: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A repository whose store holds the test study."""
    checkout = finished.copy(tmp_path_factory.mktemp("published") / "repository")
    checkout.dvc("add", "--quiet", "data")
    checkout.dvc("push", "--quiet", "data.dvc")
    checkout.publish()
    checkout.commit("published")
    return checkout


@pytest.fixture
def clone(published: Checkout, tmp_path: Path) -> Checkout:
    """A fresh clone: nothing pulled."""
    return published.clone(tmp_path / "clone")


@pytest.fixture(scope="session")
def untouched(published: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A clone with everything pulled, which tests leave as they found it."""
    checkout = published.clone(tmp_path_factory.mktemp("pulled") / "clone")
    checkout.dvc("pull", "--quiet")
    return checkout


@pytest.fixture
def pulled(untouched: Checkout, tmp_path: Path) -> Checkout:
    """A clone with everything pulled, to do with as one likes."""
    return untouched.copy(tmp_path / "pulled")
