from snakemake.utils import min_version

min_version("9.27")


configfile: "config/config.yaml"


wildcard_constraints:
    study="[a-z][a-z0-9-]*",
    source="[a-z][a-z0-9_]*",
    name="[a-z][a-z0-9_]*",
    measurement="[a-z][a-z0-9_]*",
    model="[a-z][a-z0-9_]*",
    dataset="[a-z][a-z0-9_]*",
    seed=r"\d+",
    other="[a-z][a-z0-9_]*",


include: "rules/isolation.smk"
include: "rules/common.smk"


refuse_unknown_settings()


include: "rules/machine.smk"
include: "rules/site.smk"
include: "rules/records.smk"
include: "rules/data.smk"
include: "rules/training.smk"
include: "rules/weights.smk"
include: "rules/released.smk"
include: "rules/datasets.smk"
include: "rules/evaluation.smk"
include: "rules/experiments.smk"
include: "rules/gilmer_hendrycks.smk"
include: "rules/ilyas.smk"
include: "rules/report.smk"


onstart:
    refuse_what_arrays_cannot()
    start_jobs_at_any_rate()
    spare_what_stays_the_same()
    start_clock()
    announce_jobs()


onsuccess:
    forget_what_was_edited()
    tell_what_was_spared()
    tell_what_came_out_otherwise()
    print_summary()


onerror:
    forget_what_was_edited()
    print(watching.closing())


rule all:
    default_target: True
    input:
        study_targets(config["study"], config.get("source", "")),


include: "rules/resources.smk"
