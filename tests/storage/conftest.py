"""A published repository, and clones of it: the test study, versioned as a maintainer would do it."""

import shutil
from pathlib import Path

import pytest
from checkouts import Checkout
from copies import Once, copy_repository


@pytest.fixture(scope="session")
def finished(built: Path, once: Once) -> Checkout:
    """A repository under version control in which the test study has been run, not yet published.

    Tests change nothing in it, as in the next two.
    """

    def make(folder: Path) -> None:
        copy_repository(folder)
        for part in ("results/test", "data"):
            shutil.copytree(built / part, folder / part)
        checkout = Checkout(folder)
        checkout.git("init", "--quiet", "--initial-branch=main")
        checkout.commit("code")

    return Checkout(once("finished", make))


@pytest.fixture(scope="session")
def published(finished: Checkout, once: Once) -> Checkout:
    """A repository whose store holds the test study."""

    def make(folder: Path) -> None:
        checkout = finished.copy(folder)
        checkout.dvc("add", "--quiet", "data")
        checkout.dvc("push", "--quiet", "data.dvc")
        checkout.publish()
        checkout.commit("published")

    return Checkout(once("published", make))


@pytest.fixture(scope="session")
def brought(published: Checkout, once: Once) -> Checkout:
    """A clone with everything pulled."""
    return Checkout(once("brought", lambda folder: published.clone(folder).dvc("pull", "--quiet")))


@pytest.fixture
def clone(published: Checkout, tmp_path: Path) -> Checkout:
    """A fresh clone: nothing pulled."""
    return published.clone(tmp_path / "clone")


@pytest.fixture(scope="session")
def untouched(brought: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A clone with everything pulled, which tests leave as they found it."""
    return brought.copy(tmp_path_factory.mktemp("untouched") / "clone")


@pytest.fixture
def pulled(brought: Checkout, tmp_path: Path) -> Checkout:
    """A clone with everything pulled, to do with as one likes."""
    return brought.copy(tmp_path / "pulled")
