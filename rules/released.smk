# Where a study names released sets, they are read instead of constructed.
rule import_set:
    input:
        from_plan(PLAN.released_set_file, "{dataset}"),
    output:
        dataset="results/{study}/datasets/{dataset}/seed{seed}.safetensors",
    log:
        "results/{study}/logs/import_set/{dataset}/seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/import_set/{dataset}/seed{seed}.tsv"
    wildcard_constraints:
        study=studies_with_sets(),
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        study="{study}",
        dataset="{dataset}",
        seed="{seed}",
        released=from_plan(PLAN.released_set, "{dataset}"),
        stored_as=from_plan(PLAN.stored_as),
        code=code_of("import_set.py"),
    message:
        "import {wildcards.dataset} of {wildcards.study}, as it was released"
    script:
        "../scripts/import_set.py"
