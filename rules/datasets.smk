rule construct:
    input:
        unpack(from_plan(PLAN.construction_inputs, "{dataset}", "{seed}")),
    output:
        dataset="results/{study}/datasets/{dataset}/seed{seed}.safetensors",
        measured="results/{study}/datasets/{dataset}/seed{seed}.csv",
    log:
        "results/{study}/logs/construct/{dataset}/seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/construct/{dataset}/seed{seed}.tsv"
    wildcard_constraints:
        study=studies_that_construct(),
    conda:
        "../envs/torch.yaml"
    threads: from_plan(PLAN.resource, "construct", "threads")
    resources:
        gpu=from_plan(PLAN.resource, "construct", "gpu"),
        mem_mb=from_plan(PLAN.resource, "construct", "mem_mb"),
        runtime=from_plan(PLAN.resource, "construct", "runtime_minutes"),
    params:
        study="{study}",
        dataset="{dataset}",
        seed="{seed}",
        precision=from_plan(PLAN.precision),
        stored_as=from_plan(PLAN.stored_as),
        construction=from_plan(PLAN.construction, "{dataset}", "{seed}"),
        # As with training: no output, since outputs are deleted before a job starts again.
        checkpoint="results/{study}/datasets/{dataset}/seed{seed}.checkpoint",
        uses=uses_of("construct.py", from_plan(USES.construct, "{dataset}")),
        code=code_of("construct.py", from_plan(USES.construct, "{dataset}")),
    message:
        "construct {wildcards.dataset}, seed {wildcards.seed} of {wildcards.study}"
    script:
        "../scripts/construct.py"
