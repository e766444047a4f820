rule construct:
    input:
        unpack(of_plan(PLAN.construction_inputs, "dataset", "seed")),
    output:
        dataset="results/{study}/datasets/{dataset}/seed{seed}.safetensors",
        measured="results/{study}/datasets/{dataset}/seed{seed}.csv",
    log:
        "results/{study}/logs/construct/{dataset}/seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/construct/{dataset}/seed{seed}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: asked_for("construct", "threads")
    resources:
        gpu=asked_for("construct", "gpu"),
        mem_mb=asked_for("construct", "mem_mb"),
        runtime=asked_for("construct", "runtime_minutes"),
    params:
        study="{study}",
        dataset="{dataset}",
        seed="{seed}",
        precision=of_plan(PLAN.precision),
        stored_as=of_plan(PLAN.stored_as),
        construction=of_plan(PLAN.construction, "dataset", "seed"),
        # As with training: no output, since outputs are deleted before a job starts again.
        checkpoint="results/{study}/datasets/{dataset}/seed{seed}.checkpoint",
        uses=uses_of("construct.py", of_plan(USES.construct, "dataset")),
        code=code_of("construct.py", of_plan(USES.construct, "dataset")),
    message:
        "construct {wildcards.dataset}, seed {wildcards.seed} of {wildcards.study}"
    script:
        "../scripts/construct.py"
