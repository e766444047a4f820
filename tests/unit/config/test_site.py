"""What a cluster wants named: from a file, from SLURM's own variables, or nothing."""

from pathlib import Path

import pytest

from advex.common.errors import UserError
from advex.config.site import Site, load_site

ROOT = Path(__file__).parents[3]


def test_no_file_means_the_clusters_defaults(tmp_path: Path) -> None:
    site = load_site(tmp_path / "site.yaml", {})
    assert site == Site()
    assert (site.partition_for(0), site.partition_for(1), site.gres(1), site.minutes(3000)) == (
        None, None, None, 3000,
    )  # fmt: skip


def test_the_example_is_a_valid_file_with_every_key() -> None:
    site = load_site(ROOT / "config/site.example.yaml", {})
    assert site.model_fields_set == set(Site.model_fields)
    assert (site.partition_for(0), site.partition_for(1)) == ("normal", "gpu")
    assert (site.gres(2), site.gres(0)) == ("gpu:a100:2", None)
    assert (site.minutes(30), site.minutes(2880)) == (30, 1440)


def test_what_is_exported_for_sbatch_wins(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text("partition: normal\ngpu_partition: gpu\naccount: physics\n")
    site = load_site(file, {"SBATCH_PARTITION": "mine", "SBATCH_ACCOUNT": "maths", "SBATCH_QOS": ""})
    assert (site.partition_for(0), site.partition_for(1), site.account, site.qos) == (
        "mine", "mine", "maths", None,
    )  # fmt: skip


def test_another_file_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "group.yaml").write_text("account: physics\n")
    assert load_site(tmp_path / "no", {"ADVEX_SITE": str(tmp_path / "group.yaml")}).account == "physics"
    with pytest.raises(UserError, match=r"missing\.yaml: no such file"):
        load_site(tmp_path / "no", {"ADVEX_SITE": str(tmp_path / "missing.yaml")})


def test_mistakes_are_named(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("partion: normal\ngpu_request: gpu\n")
    with pytest.raises(UserError, match=r"(?s)gpu_request: found 'gpu'.*partion: unknown key"):
        load_site(tmp_path / "site.yaml", {})
