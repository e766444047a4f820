rule train:
    input:
        unpack(from_plan(PLAN.training_inputs, "{model}", "{seed}")),
    output:
        model="results/{study}/models/{model}/seed{seed}.safetensors",
        history="results/{study}/models/{model}/seed{seed}.csv",
    log:
        "results/{study}/logs/train/{model}/seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/train/{model}/seed{seed}.tsv"
    wildcard_constraints:
        study=studies_that_train(),
    conda:
        "../envs/torch.yaml"
    threads: from_plan(PLAN.resource, "train", "threads")
    resources:
        gpu=from_plan(PLAN.resource, "train", "gpu"),
        mem_mb=from_plan(PLAN.resource, "train", "mem_mb"),
        runtime=from_plan(PLAN.resource, "train", "runtime_minutes"),
    params:
        study="{study}",
        model="{model}",
        seed="{seed}",
        precision=from_plan(PLAN.precision),
        stored_as=from_plan(PLAN.stored_as),
        run=from_plan(PLAN.training, "{model}", "{seed}"),
        # Not an output: outputs are deleted before a job starts again, and this is what it resumes from.
        checkpoint="results/{study}/models/{model}/seed{seed}.checkpoint",
        uses=uses_of("train.py", from_plan(USES.train, "{model}")),
        code=code_of("train.py", from_plan(USES.train, "{model}")),
    message:
        "train {wildcards.model}, seed {wildcards.seed} of {wildcards.study}"
    script:
        "../scripts/train.py"
