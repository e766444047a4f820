# Corrupted test images need no model and no seed, so they have a rule of their own beside `prepare`.


localrules:  # it may download
    corrupt,


rule corrupt:
    input:
        images=from_plan(PLAN.natural_test),
    output:
        dataset="results/{study}/datasets/corrupted/test.safetensors",
    log:
        "results/{study}/logs/corrupt/test.log",
    benchmark:
        "results/{study}/benchmarks/corrupt/test.tsv"
    conda:
        "../envs/torch.yaml"
    threads: from_plan(PLAN.resource, "corrupt", "threads")
    resources:
        mem_mb=from_plan(PLAN.resource, "corrupt", "mem_mb"),
        runtime=from_plan(PLAN.resource, "corrupt", "runtime_minutes"),
        mirror=mirror_of,
    params:
        study="{study}",
        corruptions=from_plan(PLAN.corruptions),
        downloads="data",
        uses=uses_of("corrupt.py", from_plan(USES.corrupt)),
        code=code_of("corrupt.py", from_plan(USES.corrupt)),
    message:
        "corrupt the test images of {wildcards.study}"
    script:
        "../scripts/corrupt.py"
