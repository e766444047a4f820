"""`snakemake --profile slurm` through a real SLURM on this machine, with what clusters do to jobs."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from cluster_copies import QUICKLY, Copy, Run, private_slurm
from private_slurm import NODE, PrivateSlurm, answers, tool, wait_until

GPU_RULES = {"train", "construct", "measure"}
OWN_RULE = "ilyas_robust_and_accurate"
CPU_SCRIPTS = {"experiment"}
LOCAL_RULES = {"prepare", "collect", "draw"}
MODEL = "results/{study}/models/standard/seed0.safetensors"


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateSlurm]:
    yield from private_slurm(tmp_path_factory.mktemp("slurm"), accounting=False)


@pytest.fixture(scope="module")
def limited(
    slurm: PrivateSlurm, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Copy, dict[str, Run]]]:
    """Trainings with too little memory, with too little time, and with a mistake: mostly they wait."""
    copy = Copy(tmp_path_factory.mktemp("limited") / "copy")
    copy.add_study("hungry", epochs=21, mem_mb=600)  # 17 s asleep: memory is looked at every 2 s
    copy.add_study("slow", epochs=130, runtime_minutes=1)  # 104 s asleep: limits are looked at every 30 s
    copy.add_study("broken", epochs=3, learning_rate=1e30)
    runs = {
        study: copy.start(
            "--profile", "slurm", MODEL.format(study=study), "--retries", retries, *QUICKLY, **environment
        )
        for study, retries, environment in (
            ("hungry", "3", {"ADVEX_BALLAST_MB": "500"}),
            ("slow", "3", {}),
            ("broken", "1", {}),
        )
    }
    yield copy, runs
    for run in runs.values():
        run.stop()


def rule_of(job: dict[str, str]) -> str:
    match = re.match(r"rule_(.+?)_wildcards_", job["Comment"])
    assert match
    return match.group(1)


def study_of(job: dict[str, str]) -> str:
    return job["Comment"].split("_wildcards_")[1].split("_")[0]


def new_jobs(slurm: PrivateSlurm, before: set[str]) -> list[dict[str, str]]:
    return [job for job in slurm.jobs() if job["JobId"] not in before]


def numbers(slurm: PrivateSlurm) -> set[str]:
    return {job["JobId"] for job in slurm.jobs()}


@pytest.mark.usefixtures("limited")  # to save time: they wait while these run
def test_figures_are_made_with_one_gpu_for_each_job_that_needs_one(
    slurm: PrivateSlurm, tmp_path: Path
) -> None:
    copy = Copy(tmp_path / "copy")
    before = numbers(slurm)
    figures = [f"results/test/figures/ilyas/{name}.svg" for name in ("relabelled", "robust_and_accurate")]
    run = copy.start("--profile", "slurm", *figures, *QUICKLY)
    assert run.wait(600) == 0, run.text[-5000:]
    assert all((copy.folder / figure).exists() for figure in figures)

    # SLURM's records: one GPU or none, and equal jobs in arrays.
    jobs = [job for job in new_jobs(slurm, before) if study_of(job) == "test"]
    counted = Counter(rule_of(job) for job in jobs)
    assert counted == {"train": 10, "construct": 2, "measure": 1, OWN_RULE: 2}
    for job in jobs:
        assert job["JobState"] == "COMPLETED"
        assert job.get("TresPerJob") == ("gres:gpu:1" if rule_of(job) in GPU_RULES else None), job
        assert job["NumCPUs"] == "1"
        assert job["TimeLimit"] == ("00:10:00" if rule_of(job) in GPU_RULES else "00:30:00")
    # Jobs that became ready together are tasks of one array.
    arrays = Counter((rule_of(job), job["ArrayJobId"]) for job in jobs if "ArrayTaskId" in job)
    sizes = {(rule, count) for (rule, _), count in arrays.items()}
    assert {(OWN_RULE, 2), ("train", 2)} <= sizes

    # What the scripts themselves saw.
    seen = copy.trace()
    assert {row["rule"] for row in seen} == GPU_RULES | CPU_SCRIPTS | LOCAL_RULES
    for row in seen:
        if row["rule"] in GPU_RULES:
            assert row["CUDA_VISIBLE_DEVICES"] in ("0", "1"), row
        else:
            assert row["CUDA_VISIBLE_DEVICES"] in (None, "", "NoDevFiles"), row
        assert (row["SLURM_JOB_ID"] is None) == (row["rule"] in LOCAL_RULES), row

    # A log for each job, where docs/slurm.md says.
    logs = [
        path.relative_to(copy.folder / "logs/slurm").parts[0]
        for path in copy.folder.glob("logs/slurm/**/*.log")
    ]
    assert Counter(logs) == {f"rule_{rule}": count for rule, count in counted.items()}

    again = copy.start("--profile", "slurm", "-n", *figures)
    assert again.wait(60) == 0
    assert "Nothing to be done" in again.text


def test_limits_grow_with_the_attempt_and_mistakes_are_not_repeated(
    slurm: PrivateSlurm, limited: tuple[Copy, dict[str, Run]]
) -> None:
    copy, runs = limited
    ends = {study: run.wait(720) for study, run in runs.items()}
    jobs: dict[str, list[dict[str, str]]] = {study: [] for study in runs}
    for job in slurm.jobs():
        if "_wildcards_" in job.get("Comment", "") and study_of(job) in jobs:
            jobs[study_of(job)].append(job)

    assert ends["hungry"] == 0, runs["hungry"].text[-5000:]
    memory = [int(job["MinMemoryNode"].removesuffix("M")) for job in jobs["hungry"]]
    assert len(memory) > 1
    assert memory == [600 * attempt for attempt in range(1, len(memory) + 1)]

    assert ends["slow"] == 0, runs["slow"].text[-5000:]
    assert [job["JobState"] for job in jobs["slow"]][:1] == ["TIMEOUT"]
    assert [job["TimeLimit"] for job in jobs["slow"]][:2] == ["00:01:00", "00:02:00"]
    assert "after epoch" in (copy.folder / "results/slow/logs/train/standard/seed0.log").read_text()

    # The mistake's own words are shown; later attempts end before they reach the script.
    assert ends["broken"] != 0
    assert "train: stopped: train standard, seed 0: the loss became" in runs["broken"].text
    assert len(jobs["broken"]) == 2
    done = Counter(row["SLURM_JOB_ID"] for row in copy.trace() if row["rule"] == "train")
    assert [job["JobId"] in done for job in jobs["broken"]] == [True, False]


def test_two_studies_at_once_survive_a_drained_node_and_a_lost_controller(
    slurm: PrivateSlurm, tmp_path: Path
) -> None:
    copy = Copy(tmp_path / "copy")
    for study in ("one", "other"):  # long enough to be running still when the controller is lost
        copy.add_study(study, epochs=21)
    targets = [f"results/{study}/datasets/det/seed0.safetensors" for study in ("one", "other")]
    resume = ("scontrol", "update", f"NodeName={NODE}", "State=resume")
    runs = [copy.start("--profile", "slurm", target, *QUICKLY) for target in targets]
    try:
        wait_until(lambda: any(row["rule"] == "train" for row in copy.trace()), 180, "first training")
        # A controller that is killed before it has written down its state forgets what it has started.
        slurm.wait_for_saved_state()
        slurm.kill_controller()
        slurm.start_controller()
        tool("scontrol", "update", f"NodeName={NODE}", "State=drain", "Reason=test")
        wait_until(lambda: slurm.node_state() == "drained", 180, "running jobs finished on the drained node")
        wait_until(
            lambda: "PENDING" in tool("squeue", "--noheader", "--format=%T"), 120, "jobs wait for a node"
        )
        # Refused until the node has answered the new controller.
        wait_until(lambda: answers(*resume), 120, "the node resumes")
        for run in runs:
            assert run.wait(480) == 0, run.text[-5000:]
    finally:
        for run in runs:
            run.stop()
        answers(*resume)  # for the tests after this one, if it failed; refused where the node is up
    assert all((copy.folder / target).exists() for target in targets)
    # Nothing was lost, and nothing was done twice.
    assert Counter(row["rule"] for row in copy.trace()) == {"prepare": 2, "train": 2, "construct": 2}


def test_an_interrupted_and_preempted_training_ends_in_the_same_bits(
    slurm: PrivateSlurm, tmp_path: Path
) -> None:
    undisturbed, copy = Copy(tmp_path / "undisturbed"), Copy(tmp_path / "copy")
    model = MODEL.format(study="long")
    checkpoint = (copy.folder / model).with_suffix(".checkpoint")
    for one in (undisturbed, copy):
        one.add_study("long", epochs=30)

    run = copy.start("--profile", "slurm", model, *QUICKLY)
    wait_until(checkpoint.exists, 180, "first checkpoint")
    run.interrupt()
    assert run.wait(60) != 0
    wait_until(lambda: not tool("squeue", "--noheader").strip(), 60, "Ctrl-C cancels what was submitted")
    assert checkpoint.exists()

    alone = undisturbed.start("--cores", "1", model)
    again = copy.start("--profile", "slurm", model, *QUICKLY)
    log = copy.folder / "results/long/logs/train/standard/seed0.log"
    wait_until(lambda: "after epoch" in (log.read_text() if log.exists() else ""), 180, "training resumed")
    age = checkpoint.stat().st_mtime
    wait_until(lambda: checkpoint.stat().st_mtime > age, 120, "another checkpoint")
    (job,) = [job for job in slurm.jobs() if job["JobState"] == "RUNNING"]
    tool("sbatch", "--partition=urgent", "--gpus=2", "--output=/dev/null", "--wrap=sleep 2")
    wait_until(lambda: f"{job['JobId']} PENDING 1" in _restarts(slurm), 120, "preempted and requeued")
    # SLURM waits two minutes before it starts a requeued job; tests need not.
    tool("scontrol", "update", f"JobId={job['JobId']}", "StartTime=now")
    assert again.wait(480) == 0, again.text[-5000:]
    assert alone.wait(480) == 0, alone.text[-5000:]

    # Once before Ctrl-C, and twice as the job that was preempted.
    trained = [row["SLURM_JOB_ID"] for row in copy.trace() if row["rule"] == "train"]
    assert trained[-3:-2] != trained[-2:-1] == trained[-1:] == [job["JobId"]]
    for suffix in (".safetensors", ".csv"):
        ours, theirs = ((one.folder / model).with_suffix(suffix).read_bytes() for one in (copy, undisturbed))
        assert ours == theirs, suffix
    assert not checkpoint.exists()


def _restarts(slurm: PrivateSlurm) -> list[str]:
    return [f"{job['JobId']} {job['JobState']} {job['Restarts']}" for job in slurm.jobs()]


@pytest.mark.parametrize(
    "arguments", [["--jobs", "3"], ["--resources", "gpu=1"], [MODEL.format(study="digits")]]
)
def test_what_would_make_arrays_hang_is_refused(
    slurm: PrivateSlurm, tmp_path: Path, arguments: list[str]
) -> None:
    copy = Copy(tmp_path / "copy")
    before = numbers(slurm)
    run = copy.start("--profile", "slurm", MODEL.format(study="test"), *arguments)
    assert run.wait(90) != 0
    assert "--slurm-array-jobs none" in run.text
    assert numbers(slurm) == before


def test_a_site_file_and_one_job_at_a_time(slurm: PrivateSlurm, tmp_path: Path) -> None:
    copy = Copy(tmp_path / "copy")
    before = numbers(slurm)
    (copy.folder / "config/site.yaml").write_text(
        f"gpu_request: gres\npartition: urgent\ngpu_partition: ordinary\nlongest_job_minutes: 20\n"
        f"scratch: {tmp_path}/scratch\n"
    )
    targets = [MODEL.format(study="test"), "results/test/measurements/ilyas/robust_and_accurate.csv"]
    singly = ("--config", "study=test", "--jobs", "1", "--slurm-array-jobs", "none")
    said = ("--set-resources", "train:runtime=7", "train:cpus_per_task=2")
    run = copy.start("--profile", "slurm", *targets, *singly, *said, *QUICKLY)
    assert run.wait(360) == 0, run.text[-5000:]
    jobs = new_jobs(slurm, before)
    # Older clusters want --gres where newer ones take --gpus.
    columns = ("TresPerNode", "Partition", "TimeLimit", "NumCPUs")
    asked = {(rule_of(job), *(job.get(column) for column in columns)) for job in jobs}
    assert asked == {
        ("train", "gres:gpu:1", "ordinary", "00:07:00", "2"),
        (OWN_RULE, None, "urgent", "00:20:00", "1"),
    }
    assert not any("ArrayTaskId" in job for job in jobs)
    spans = sorted((job["StartTime"], job["EndTime"]) for job in jobs)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    assert all((tmp_path / "scratch" / target).exists() for target in targets)
