localrules:  # they may download
    prepare,
    prepare_other,


rule prepare:
    output:
        train="results/{study}/datasets/natural/train.safetensors",
        test="results/{study}/datasets/natural/test.safetensors",
        origin="results/{study}/datasets/natural/origin.csv",
    log:
        "results/{study}/logs/prepare/natural.log",
    benchmark:
        "results/{study}/benchmarks/prepare/natural.tsv"
    wildcard_constraints:
        study=studies_from_a_source(),
    conda:
        "../envs/torch.yaml"
    threads: from_plan(PLAN.resource, "prepare", "threads")
    resources:
        mem_mb=from_plan(PLAN.resource, "prepare", "mem_mb"),
        runtime=from_plan(PLAN.resource, "prepare", "runtime_minutes"),
        mirror=mirror_of,
    params:
        study="{study}",
        data=from_plan(PLAN.data),
        downloads="data",
        uses=uses_of("prepare.py", from_plan(USES.prepare)),
        code=code_of("prepare.py", from_plan(USES.prepare)),
    message:
        "prepare the images of {wildcards.study}"
    script:
        "../scripts/prepare.py"


# All images of the source, for measurements that need no network and so can afford them.
use rule prepare as prepare_whole with:
    output:
        train="results/{study}/datasets/whole/train.safetensors",
        test="results/{study}/datasets/whole/test.safetensors",
        origin="results/{study}/datasets/whole/origin.csv",
    log:
        "results/{study}/logs/prepare/whole.log",
    benchmark:
        "results/{study}/benchmarks/prepare/whole.tsv"
    params:
        study="{study}",
        data=from_plan(PLAN.whole_data),
        downloads="data",
        uses=uses_of("prepare.py", from_plan(USES.prepare)),
        code=code_of("prepare.py", from_plan(USES.prepare)),
    message:
        "prepare all images of the source of {wildcards.study}"


# Images beside the study's own, where an experiment asks for some.
use rule prepare as prepare_other with:
    output:
        train="results/{study}/datasets/other_{other}/train.safetensors",
        test="results/{study}/datasets/other_{other}/test.safetensors",
        origin="results/{study}/datasets/other_{other}/origin.csv",
    log:
        "results/{study}/logs/prepare/other_{other}.log",
    benchmark:
        "results/{study}/benchmarks/prepare/other_{other}.tsv"
    resources:
        mem_mb=from_plan(PLAN.resource, "prepare", "mem_mb"),
        runtime=from_plan(PLAN.resource, "prepare", "runtime_minutes"),
        mirror=mirror_of_others,
    params:
        study="{study}",
        other="{other}",
        data=from_plan(PLAN.prepared_other_data, "{other}"),
        downloads="data",
        uses=uses_of("prepare.py", from_plan(USES.prepare_other, "{other}")),
        code=code_of("prepare.py", from_plan(USES.prepare_other, "{other}")),
    message:
        "prepare {wildcards.other}, other images of {wildcards.study}"
