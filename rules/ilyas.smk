# A second test set needs no model and no seed, so it has a rule of its own beside `prepare`.


localrules:  # it may download
    second_test,


rule second_test:
    output:
        dataset="results/{study}/datasets/second/test.safetensors",
    log:
        "results/{study}/logs/second_test/test.log",
    benchmark:
        "results/{study}/benchmarks/second_test/test.tsv"
    conda:
        "../envs/torch.yaml"
    threads: from_plan(PLAN.resource, "prepare", "threads")
    resources:
        mem_mb=from_plan(PLAN.resource, "prepare", "mem_mb"),
        runtime=from_plan(PLAN.resource, "prepare", "runtime_minutes"),
        mirror=mirror_of_others,
    params:
        study="{study}",
        second_test=from_plan(PLAN.second_test),
        downloads="data",
        code=code_of("second_test.py"),
    message:
        "prepare the second test set of {wildcards.study}"
    script:
        "../scripts/second_test.py"
