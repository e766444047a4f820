# Adversarial Squares: drawn, not read, so each has a rule of its own instead of `measure`.


rule squares:
    output:
        table="results/{study}/measurements/nakkiran/squares/seed{seed}.csv",
    log:
        "results/{study}/logs/measure/nakkiran/squares/seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/measure/nakkiran/squares/seed{seed}.tsv"
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
        settings=mathematics_of("nakkiran/squares"),
        uses=uses_of("squares.py", used_by_mathematics("nakkiran/squares")),
        code=code_of("squares.py", used_by_mathematics("nakkiran/squares")),
    message:
        "fit Adversarial Squares, seed {wildcards.seed} of {wildcards.study}"
    script:
        "../scripts/squares.py"


rule squares_2d:
    output:
        table="results/{study}/measurements/nakkiran/squares_2d/seed{seed}.csv",
    log:
        "results/{study}/logs/measure/nakkiran/squares_2d/seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/measure/nakkiran/squares_2d/seed{seed}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        study="{study}",
        seed="{seed}",
        settings=mathematics_of("nakkiran/squares_2d"),
        uses=uses_of("squares_2d.py", used_by_mathematics("nakkiran/squares_2d")),
        code=code_of("squares_2d.py", used_by_mathematics("nakkiran/squares_2d")),
    message:
        "fit Adversarial Squares of two pixels, seed {wildcards.seed} of {wildcards.study}"
    script:
        "../scripts/squares_2d.py"
