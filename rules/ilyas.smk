# Mathematics: no data and no models, so each has a rule of its own instead of `measure`.


rule gaussian:
    output:
        table="results/{study}/measurements/ilyas/gaussian/seed{seed}.csv",
    log:
        "results/{study}/logs/measure/ilyas/gaussian/seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/measure/ilyas/gaussian/seed{seed}.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        study="{study}",
        seed="{seed}",
        settings=mathematics_of("ilyas/gaussian"),
        code=code_of("gaussian.py"),
    message:
        "fit the Gaussian model of Fig. 4, seed {wildcards.seed} of {wildcards.study}"
    script:
        "../scripts/gaussian.py"


rule gaussian_theory:
    output:
        table="results/{study}/measurements/ilyas/gaussian_theory/seed{seed}.csv",
    log:
        "results/{study}/logs/measure/ilyas/gaussian_theory/seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/measure/ilyas/gaussian_theory/seed{seed}.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        study="{study}",
        seed="{seed}",
        settings=mathematics_of("ilyas/gaussian_theory"),
        code=code_of("gaussian_theory.py"),
    message:
        "check Theorems 1 to 3, seed {wildcards.seed} of {wildcards.study}"
    script:
        "../scripts/gaussian_theory.py"


rule robust_and_accurate:
    output:
        table="results/{study}/measurements/ilyas/robust_and_accurate/seed{seed}.csv",
    log:
        "results/{study}/logs/measure/ilyas/robust_and_accurate/seed{seed}.log",
    benchmark:
        "results/{study}/benchmarks/measure/ilyas/robust_and_accurate/seed{seed}.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        study="{study}",
        seed="{seed}",
        settings=mathematics_of("ilyas/robust_and_accurate"),
        code=code_of("robust_and_accurate.py"),
    message:
        "fit the two ellipses of Fig. 14, seed {wildcards.seed} of {wildcards.study}"
    script:
        "../scripts/robust_and_accurate.py"
