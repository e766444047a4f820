# One eigendecomposition for each pair of classes gives all three figures, so one job makes their tables.


rule goh_features:
    input:
        unpack(own_inputs_of("goh_features/singular_vectors")),
    output:
        singular_vectors="results/{study}/measurements/goh_features/singular_vectors/seed{seed}.csv",
        ensembles="results/{study}/measurements/goh_features/ensembles/seed{seed}.csv",
        containments="results/{study}/measurements/goh_features/containments/seed{seed}.csv",
        thumbnails="results/{study}/measurements/goh_features/thumbnails/seed{seed}.safetensors",
    log:
        "results/{study}/logs/measure/goh_features/features/seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/measure/goh_features/features/seed{seed}.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        study="{study}",
        seed="{seed}",
        settings=own_settings_of("goh_features/singular_vectors"),
        code=code_of("goh_features.py"),
    message:
        "measure linear features of two classes, repetition {wildcards.seed} of {wildcards.study}"
    script:
        "../scripts/goh_features.py"


rule explorer:
    input:
        singular_vectors="results/{study}/measurements/goh_features/singular_vectors.csv",
        ensembles="results/{study}/measurements/goh_features/ensembles.csv",
        containments="results/{study}/measurements/goh_features/containments.csv",
        thumbnails="results/{study}/measurements/goh_features/thumbnails/seed0.safetensors",
        template="report/explorer.html.j2",
    output:
        page="results/{study}/figures/goh_features/explorer.html",
    log:
        "results/{study}/logs/draw/goh_features/explorer.log",
    benchmark:
        "results/{study}/benchmarks/draw/goh_features/explorer.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        study="{study}",
        code=code_of("explorer.py"),
    message:
        "write the interactive page of linear features of {wildcards.study}"
    script:
        "../scripts/explorer.py"
