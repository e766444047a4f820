# Each experiment is a chain of short trainings, so a seed's whole chain is one job instead of many.


localrules:  # it may download
    prepare_other,


# Images beside the study's own: tasks and images of the experiment with another data set.
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
        mem_mb=asked_for("prepare", "mem_mb"),
        runtime=asked_for("prepare", "runtime_minutes"),
        mirror=lambda wildcards: os.environ.get("ADVEX_MIRROR", ""),
    params:
        study="{study}",
        other="{other}",
        data=of_plan(PLAN.other_data, "other"),
        downloads="data",
        uses=uses_of("prepare.py", of_plan(USES.prepare_other, "other")),
        code=code_of("prepare.py", of_plan(USES.prepare_other, "other")),
    message:
        "prepare {wildcards.other}, other images of {wildcards.study}"


rule own_mistakes:
    input:
        unpack(own_inputs_of("wallace/own_mistakes")),
    output:
        table="results/{study}/measurements/wallace/own_mistakes/seed{seed}.csv",
        mistakes="results/{study}/measurements/wallace/mistakes/seed{seed}.safetensors",
    log:
        "results/{study}/logs/measure/wallace/own_mistakes/seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/measure/wallace/own_mistakes/seed{seed}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: asked_for("train", "threads")
    resources:
        gpu=asked_for("train", "gpu"),
        mem_mb=asked_for("train", "mem_mb"),
        runtime=asked_for("train", "runtime_minutes"),
    params:
        study="{study}",
        seed="{seed}",
        precision=of_plan(PLAN.precision),
        settings=own_settings_of("wallace/own_mistakes"),
        uses=uses_of("own_mistakes.py", used_by_own("wallace/own_mistakes")),
        code=code_of("own_mistakes.py", used_by_own("wallace/own_mistakes")),
    message:
        "learn from a model's own mistakes, seed {wildcards.seed} of {wildcards.study}"
    script:
        "../scripts/own_mistakes.py"


rule other_dataset:
    input:
        unpack(own_inputs_of("wallace/other_dataset")),
    output:
        table="results/{study}/measurements/wallace/other_dataset/seed{seed}.csv",
        other_images="results/{study}/measurements/wallace/other_images/seed{seed}.safetensors",
    log:
        "results/{study}/logs/measure/wallace/other_dataset/seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/measure/wallace/other_dataset/seed{seed}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: asked_for("train", "threads")
    resources:
        gpu=asked_for("train", "gpu"),
        mem_mb=asked_for("train", "mem_mb"),
        runtime=asked_for("train", "runtime_minutes"),
    params:
        study="{study}",
        seed="{seed}",
        precision=of_plan(PLAN.precision),
        settings=own_settings_of("wallace/other_dataset"),
        uses=uses_of("other_dataset.py", used_by_own("wallace/other_dataset")),
        code=code_of("other_dataset.py", used_by_own("wallace/other_dataset")),
    message:
        "learn a task from another data set's images, seed {wildcards.seed} of {wildcards.study}"
    script:
        "../scripts/other_dataset.py"


rule two_dimensional:
    input:
        published="published/wallace.csv",
    output:
        table="results/{study}/measurements/wallace/two_dimensional/seed{seed}.csv",
        regions="results/{study}/measurements/wallace/regions/seed{seed}.safetensors",
    log:
        "results/{study}/logs/measure/wallace/two_dimensional/seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/measure/wallace/two_dimensional/seed{seed}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        study="{study}",
        seed="{seed}",
        settings=mathematics_of("wallace/two_dimensional"),
        uses=uses_of(
            "two_dimensional.py", used_by_mathematics("wallace/two_dimensional")
        ),
        code=code_of(
            "two_dimensional.py", used_by_mathematics("wallace/two_dimensional")
        ),
    message:
        "learn from adversarial examples in the plane, seed {wildcards.seed} of {wildcards.study}"
    script:
        "../scripts/two_dimensional.py"


rule worlds:
    output:
        table="results/{study}/measurements/wallace/worlds/seed{seed}.csv",
    log:
        "results/{study}/logs/measure/wallace/worlds/seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/measure/wallace/worlds/seed{seed}.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        study="{study}",
        seed="{seed}",
        settings=mathematics_of("wallace/worlds"),
        code=code_of("worlds.py"),
    message:
        "simulate the two worlds of the response, seed {wildcards.seed} of {wildcards.study}"
    script:
        "../scripts/worlds.py"
