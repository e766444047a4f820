# Linear features need no training by gradient: the whole of a classifier is one system of equations.


rule robust_linear_features:
    input:
        unpack(own_inputs_of("goh_leakage/robust_linear_features")),
    output:
        table="results/{study}/measurements/goh_leakage/robust_linear_features/seed{seed}.csv",
        weights="results/{study}/measurements/goh_leakage/weights/seed{seed}.safetensors",
    log:
        "results/{study}/logs/measure/goh_leakage/robust_linear_features/seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/measure/goh_leakage/robust_linear_features/seed{seed}.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        study="{study}",
        seed="{seed}",
        settings=own_settings_of("goh_leakage/robust_linear_features"),
        code=code_of("robust_linear_features.py"),
    message:
        "fit robust linear classifiers, repetition {wildcards.seed} of {wildcards.study}"
    script:
        "../scripts/robust_linear_features.py"


rule leakage:
    input:
        unpack(own_inputs_of("goh_leakage/leakage")),
    output:
        table="results/{study}/measurements/goh_leakage/leakage/seed{seed}.csv",
    log:
        "results/{study}/logs/measure/goh_leakage/leakage/seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/measure/goh_leakage/leakage/seed{seed}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: asked_for("measure", "threads")
    resources:
        gpu=asked_for("measure", "gpu"),
        mem_mb=asked_for("measure", "mem_mb"),
        runtime=asked_for("measure", "runtime_minutes"),
    params:
        study="{study}",
        seed="{seed}",
        precision=of_plan(PLAN.precision),
        settings=own_settings_of("goh_leakage/leakage"),
        uses=uses_of("leakage.py", used_by_own("goh_leakage/leakage")),
        code=code_of("leakage.py", used_by_own("goh_leakage/leakage")),
    message:
        "measure what leaks through robust features, seed {wildcards.seed} of {wildcards.study}"
    script:
        "../scripts/leakage.py"
