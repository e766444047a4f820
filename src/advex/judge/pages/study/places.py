"""Where files of the repository are, as a page leads to them."""

from typing import Any

from advex.common.plain_yaml import parse_yaml

BESIDE = "../.."
"""The repository, as the page of a study sees it from its place, ``results/<study>/index.html``."""


def repository(citation: str) -> str:
    """Return what the paths of files in the repository follow: its address at a commit, if these are known.

    Args:
        citation: the text of ``CITATION.cff``, whose ``repository-code`` is the address; ``commit``, or else
            ``version`` as a tag, says at which state.
    """
    known: dict[str, Any] = parse_yaml(citation)
    address = known.get("repository-code")
    state = known.get("commit") or (f"v{known['version']}" if "version" in known else "HEAD")
    return f"{str(address).rstrip('/')}/blob/{state}" if address else BESIDE
