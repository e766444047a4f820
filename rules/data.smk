localrules:
    prepare,


rule prepare:
    output:
        train="results/{study}/datasets/natural/train.safetensors",
        test="results/{study}/datasets/natural/test.safetensors",
        origin="results/{study}/datasets/natural/origin.csv",
    log:
        "results/{study}/logs/prepare/natural.log",
    benchmark:
        "results/{study}/benchmarks/prepare/natural.tsv"
    conda:
        "../envs/torch.yaml"
    threads: asked_for("prepare", "threads")
    resources:
        mem_mb=asked_for("prepare", "mem_mb"),
        runtime=asked_for("prepare", "runtime_minutes"),
        mirror=mirror_of,
    params:
        study="{study}",
        data=data_of,
        downloads="data",
        uses=uses_of("prepare.py", of_plan(USES.prepare)),
        code=code_of("prepare.py", of_plan(USES.prepare)),
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
        data=whole_data_of,
        downloads="data",
        uses=uses_of("prepare.py", of_plan(USES.prepare)),
        code=code_of("prepare.py", of_plan(USES.prepare)),
    message:
        "prepare all images of the source of {wildcards.study}"
