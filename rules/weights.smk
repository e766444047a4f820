# Where a study names published weights, models are imported instead of trained.
localrules:  # it may download
    import_weights,


rule import_weights:
    input:
        from_plan(PLAN.weights_file, "{model}"),
    output:
        model="results/{study}/models/{model}/seed{seed}.safetensors",
    log:
        "results/{study}/logs/import_weights/{model}/seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/import_weights/{model}/seed{seed}.tsv"
    wildcard_constraints:
        study=studies_with_weights(),
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=6000,
        runtime=60,
    params:
        study="{study}",
        model="{model}",
        seed="{seed}",
        weights=from_plan(PLAN.weights, "{model}"),
        uses=uses_of("import_weights.py", from_plan(USES.weights, "{model}")),
        code=code_of("import_weights.py", from_plan(USES.weights, "{model}")),
    message:
        "import the weights of {wildcards.model} of {wildcards.study}"
    script:
        "../scripts/import_weights.py"
